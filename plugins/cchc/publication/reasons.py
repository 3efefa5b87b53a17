"""What people write into the ledger: one line, which names nobody."""

from cchc.errors import CchcError
from cchc.figures.notes import note_fault


def checked(reason: str | None) -> str | None:
    """The reason without blanks around it; None for none. Raises CchcError for what may not stand there."""
    said = (reason or "").strip() or None
    if said and (fault := note_fault(said)):
        raise CchcError(f"The reason is not taken, and stands nowhere: {fault}")
    return said

"""What can go wrong, by what should happen next: retry, correct the file, or correct the data."""

from typing import ClassVar

from cchc.shown import on_terminal


class CchcError(Exception):
    """Base of every error this package raises on purpose.

    `page`: the section of docs/runbook.md that says what to do.
    """

    page: ClassVar[str] = "an-error-that-no-page-names"

    def __str__(self) -> str:
        # Names of files, sheets and columns are in it, and it is printed and logged.
        return on_terminal(super().__str__())


class SourceUnavailable(CchcError):
    """The source system did not answer in time, or answered 429 or 5xx: worth another try."""

    page = "the-source-is-away"


class SourceRefused(CchcError):
    """The source system refused the credentials or the request: a person must act."""

    page = "the-source-refuses"


class LandingUnavailable(CchcError):
    """The landing area was full or away: worth another try when there is room."""

    page = "the-landing-area-is-full"


class SourceDiffers(CchcError):
    """The source states other totals than the warehouse holds: a person must find out which things differ."""

    page = "the-source-and-the-warehouse-differ"


class BadFile(CchcError):
    """A file does not keep its contract: nothing of it was loaded, a corrected file is needed."""

    page = "a-file-was-refused"


class BrokenExport(BadFile):
    """The file is an export of its dataset, but a broken one: columns are missing, twice, or cut off."""


class NotTaken(BadFile):
    """What somebody put into a folder is no file that may be opened: it is needed as a file of its own."""

    page = "a-file-cannot-be-taken"


class DamagedFile(BadFile):
    """A landed file is gone or is not what was landed: the same bytes are needed once more."""

    page = "a-landed-file-is-damaged"


class DeletedFile(DamagedFile):
    """A landed file was deleted on purpose when its time was over: its batch cannot be judged again."""

    page = "a-landed-file-was-deleted"


class BatchStopped(CchcError):
    """A batch broke a batch rule or its reject threshold: nothing of it was loaded now."""

    page = "a-batch-is-stopped"


class JudgeUnavailable(CchcError):
    """The process that judges was ended from outside, or had no room: worth another try."""

    page = "a-task-was-tried-again-and-failed"


class WarehouseUnavailable(CchcError):
    """The warehouse was away, busy or out of room in the middle of a step: worth another try."""

    page = "a-task-was-tried-again-and-failed"


class WarehouseRefused(CchcError):
    """The warehouse refused a step's statement: what was let through does not fit, a person must act."""

    page = "the-warehouse-refused-a-statement"


class LinesRejected(CchcError):
    """Some lines of a form were not loaded, the others were: its unit has to correct them."""

    page = "declarations-of-units"


class MessageNotSent(CchcError):
    """A message was not taken by the mail server or the chat tool: worth another try."""

    page = "a-message-was-not-sent"


class MessageRefused(CchcError):
    """The mail server or the chat tool said no, to the message or to some recipients: another try is in vain.

    What some got already, another try would send them again.
    """

    page = "a-message-was-not-sent"


class BadDefinition(CchcError):
    """A contract, suite or indicator file of the project itself is wrong."""

    page = "a-file-of-the-project-is-wrong"

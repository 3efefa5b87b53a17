"""Seals: a code over some values that only who holds the warehouse's key can make (HMAC-SHA256).

A unit sees the code of its own form, and can neither change what it covers nor make one for another unit.
"""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from cchc.errors import CchcError
from cchc.spelling import fold

SHORTEST_KEY = 16
# 160 bits, as 32 letters and digits.
SEAL_BYTES = 20


@dataclass(frozen=True)
class Keys:
    """The key that seals are made with, and the one before it, by which they are still known."""

    current: str = field(repr=False)
    before: str | None = field(default=None, repr=False)

    @classmethod
    def of_environment(cls) -> "Keys":
        """CCHC_FORM_KEY and CCHC_FORM_KEY_OLD; raises CchcError for one that is missing or too short."""
        current, before = os.environ.get("CCHC_FORM_KEY"), os.environ.get("CCHC_FORM_KEY_OLD") or None
        if not current:
            raise CchcError(
                "CCHC_FORM_KEY is not set. Expected the secret by which declaration forms are known, the "
                "same wherever forms are made and read: openssl rand -hex 32."
            )
        for name, key in (("CCHC_FORM_KEY", current), ("CCHC_FORM_KEY_OLD", before)):
            if key is not None and len(key) < SHORTEST_KEY:
                raise CchcError(
                    f"{name} has {len(key)} characters: whoever has a form could find it by trying. Expected "
                    f"at least {SHORTEST_KEY}: openssl rand -hex 32."
                )
        return cls(current, before)

    def seal(self, label: str, values: Iterable[str | None]) -> str:
        """The seal over values of one thing, however they are spelled (cchc.spelling.fold).

        `label` says of what: no seal of one kind is one of another.
        """
        return _seal(self.current, label, values)

    def is_seal(self, text: str | None, label: str, values: Iterable[str | None]) -> bool:
        """Whether the text is the seal over these values, by one of the keys."""
        values, found = tuple(values), (text or "").strip().upper().encode()
        keys = (self.current, self.before) if self.before else (self.current,)
        return any(hmac.compare_digest(_seal(key, label, values).encode(), found) for key in keys)


def _seal(key: str, label: str, values: Iterable[str | None]) -> str:
    covered = json.dumps([label, *(fold(value or "") for value in values)]).encode()
    digest = hmac.digest(key.encode(), covered, hashlib.sha256)
    return base64.b32encode(digest[:SEAL_BYTES]).decode()

"""The secret and the token of a pull: found in what a source answers, and kept out of what is told of it."""

import base64
import html
import json
import re
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from cchc.field_words import MOST_DIGITS, described, made_of_field_words

LONGEST_SAID = 100
# Shorter ones stand in messages, and those below the second length in records, by chance.
SHORTEST_SECRET, SECRET_LENGTH = 4, 12
# A letter of ASCII as JSON may write it.
ESCAPED = re.compile(r"\\u00([2-7][0-9a-fA-F])")
ANY_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Secrets:
    """`values`: the secret, and the token where there is one."""

    values: tuple[str, ...]

    def shown(self, value: object) -> str:
        """What the source said, as messages show it: only words of the field, short numbers and moments.

        Of all else the kind and length: it may hold the secret, in whatever form, or what a person is called.
        """
        if value is None or isinstance(value, bool):
            return "not there" if value is None else str(value).lower()
        if isinstance(value, list | dict):
            return "a list" if isinstance(value, list) else "an object"
        if not isinstance(value, str):
            number = abs(value) if isinstance(value, int | float) else 0
            return str(value) if number < 10**MOST_DIGITS else "a number that is too large"
        text = " ".join(value.split())
        if not text:
            return "empty"
        plain = text.isascii() and text.removeprefix("-").isdecimal() and len(text) <= MOST_DIGITS
        known = plain or (len(text) <= LONGEST_SAID and made_of_field_words(text))
        hides = any(secret.casefold() in text.casefold() for secret in self.written())
        told = known and text.isprintable() and not hides
        return text if told else f"({described(value)})"

    def stand_in(self, text: str) -> bool:
        """Whether JSON holds the secret or the token, also where it writes letters as escapes."""
        secrets = [secret for secret in self.written() if len(secret) >= SECRET_LENGTH]
        if any(secret in text for secret in secrets):
            return True
        if "\\u" not in text and "\\/" not in text:
            return False
        # Letters of Vietnamese are often escaped, those of a secret hardly ever.
        escaped = ESCAPED if all(map(str.isascii, secrets)) else ANY_ESCAPED
        plain = escaped.sub(lambda found: chr(int(found[1], 16)), text).replace("\\/", "/")
        return any(secret in plain for secret in secrets)

    def written(self) -> list[str]:
        """The secret and the token as a source may write them, the longest first."""
        found = set()
        for secret in self.values:
            if len(secret) < SHORTEST_SECRET:
                continue
            found |= {secret, quote(secret, safe=""), quote_plus(secret), html.escape(secret)}
            found |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
            found.add(base64.b64encode(secret.encode()).decode().rstrip("="))
        return sorted(found, key=len, reverse=True)

"""Says how a heading that was found differs from one that was wanted, when the two are nearly the same."""

import difflib
import re
import unicodedata

from cchc.field_words import described, made_of_field_words
from cchc.reading.damage import damage_of, undamaged
from cchc.spelling import bare, fold

# Shorter words are alike by chance.
LEAST_LETTERS = 4
MOST_LETTERS_OFF = 2
_ADDITION = re.compile(r"\s*[(\[][^)\]]*[)\]]\s*")
# With so many digits it may be of a person: a number of telephone or identity.
MOST_DIGITS = 5


def difference(found: str, wanted: str) -> str | None:
    """In what `found` differs from `wanted`, "" when in nothing that counts; None when it is another word."""
    key, wanted_key = fold(found), fold(wanted)
    if key == wanted_key:
        return ""
    if "@" in found or sum(map(str.isdigit, found)) > MOST_DIGITS or len(found) > 2 * len(wanted) + 40:
        return None
    return _damaged(found, wanted_key) or _added(key, wanted_key) or _misspelt(key, wanted_key)


def _damaged(found: str, wanted_key: str) -> str | None:
    lost = re.sub(r"\\\?|\ufffd", ".", re.escape(found))
    if fold(undamaged(found)) == wanted_key or (
        "." in lost and re.fullmatch(lost, wanted_key, re.IGNORECASE)
    ):
        return f"wrongly decoded: {damage_of(found)}"
    return None


def _added(key: str, wanted_key: str) -> str | None:
    if fold(_ADDITION.sub(" ", key)) != fold(_ADDITION.sub(" ", wanted_key)):
        return None
    found = "".join(_ADDITION.findall(key)).strip()
    shown = repr(found or "nothing") if made_of_field_words(found) else f"({described(found)})"
    return f"differs in what stands in brackets: {shown}"


def _misspelt(key: str, wanted_key: str) -> str | None:
    letters, wanted_letters = bare(key), bare(wanted_key)
    if letters == wanted_letters and letters:
        return f"differs in {' and '.join(_kinds_of_difference(key, wanted_key))}"
    if len(wanted_letters) < LEAST_LETTERS or _letters_off(letters, wanted_letters) > min(
        MOST_LETTERS_OFF, len(wanted_letters) // LEAST_LETTERS
    ):
        return None
    return ", ".join(_letters_that_differ(key, wanted_key))


def shown(text: str) -> str:
    """A heading that is nearly one that is wanted, as messages show it: in one line, what is not printed by
    its number; what stands in brackets only where it is words of the field."""
    told = _ADDITION.sub(lambda found: found[0] if made_of_field_words(found[0]) else "(…)", text)
    return repr(unicodedata.normalize("NFC", told).strip()[:60])


def _kinds_of_difference(key: str, wanted_key: str) -> list[str]:
    joined, wanted_joined = (re.sub(r"[\W_]+", "", text) for text in (key, wanted_key))
    kinds = ["diacritics"] if joined != wanted_joined else []
    gaps = [re.findall(r"[\W_]+", text) for text in (key, wanted_key)]
    return kinds + (["spaces or punctuation"] if gaps[0] != gaps[1] or not kinds else [])


def _letters_off(letters: str, wanted: str) -> int:
    steps = difflib.SequenceMatcher(None, letters, wanted, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for step, i1, i2, j1, j2 in steps if step != "equal")


def _letters_that_differ(key: str, wanted: str) -> list[str]:
    steps = difflib.SequenceMatcher(None, key, wanted, autojunk=False).get_opcodes()
    words = []
    for step, i1, i2, j1, j2 in steps:
        if step == "replace":
            words.append(f"has {_named(key[i1:i2])} where {_named(wanted[j1:j2])} is expected")
        elif step == "delete":
            words.append(f"has {_named(key[i1:i2])} too many")
        elif step == "insert":
            words.append(f"lacks {_named(wanted[j1:j2])}")
    return words


def _named(letters: str) -> str:
    """Letters in quotes; with their numbers where print does not tell them from those of Vietnamese."""
    plain = unicodedata.normalize("NFD", letters).replace("đ", "d")
    strange = any(not (c.isascii() and c.isprintable()) and not unicodedata.combining(c) for c in plain)
    numbers = f" ({' '.join(f'U+{ord(c):04X}' for c in letters)})" if strange else ""
    return f"{letters!r}{numbers}"

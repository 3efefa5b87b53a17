"""Says of a text from a file whether it is made of words of the field: only such text may be shown.

A heading, a key, the name of a sheet or file may be anything, also somebody's name or number. What is known
beforehand can be shown: what the contracts and `field_words.txt` say, piece by piece. Of all else only the
kind and the length are told, and where it stands: the landed file has the rest.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

from cchc.contracts import Contract, contracts
from cchc.spelling import fold

LONGEST = 100
# A telephone number has seven without its area code, an identity number nine.
MOST_DIGITS = 8
SUFFIXES = frozenset(
    {".csv", ".txt", ".tsv", ".json", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".xls", ".xml", ".html", ".htm"}
    | {".zip", ".ods", ".xlsb", ".pdf", ".doc", ".docx", ".mht"}
)
SHA_SHOWN = 8
# A text is a code that may be shown where it has nothing of these: other letters and signs, figures that may
# be a telephone or identity number, capitals and small letters that may be a name. The expressions are of
# Python and of PostgreSQL, which is asked of each faulty line of millions.
NO_CODE = r"[^-A-Za-zĐđÐ0-9._/:+]|[0-9]{9}|[A-ZĐÐ]{6}|[a-zđ]{2}"
LETTER, FIGURE, SIGNS = r"[A-Za-zĐđÐ]", r"[0-9]", "-._/:+"
# Our own key of a unit: 84.so-noi-vu.
UNIT_KEY = r"^[0-9]{2}[.][a-z][a-z0-9]{0,6}(-[a-z][a-z0-9]{0,6})*$"
_WITHOUT_SIGNS = str.maketrans("", "", SIGNS)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+|[\s_]+|[-–.,:;/\\()\[\]%*+&|'\"?!=#→]|.", re.DOTALL)
_SIGN = re.compile(r"[\s_]+|[-–.,:;/\\()\[\]%*+&|'\"?!=#→]")
_DAY = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d[-._/]?(?:0[1-9]|1[0-2])(?:[-._/]?(?:0[1-9]|[12]\d|3[01]))?"
    r"(?:[T _-]?[0-2]\d[0-5]\d(?:[0-5]\d)?)?|\d{1,2}[-._/]\d{1,2}[-._/](?:19|20)\d\d|"
    r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(?!\d)"
)
# Digits that may be a telephone or identity number, however they are set apart.
_LONG_NUMBER = re.compile(r"\d(?:[ \u00a0.()-]{0,2}\d){8,}", re.ASCII)


@dataclass(frozen=True)
class _Vocabulary:
    """Words that may stand alone, and pairs of words that may stand beside each other."""

    alone: frozenset[str]
    pairs: frozenset[tuple[str, str]]

    def covers(self, words: list[str]) -> bool:
        """Whether each word may stand alone or belongs to its neighbour."""
        beside = [pair in self.pairs for pair in itertools.pairwise(words)]
        return all(
            word in self.alone or (at > 0 and beside[at - 1]) or (at < len(beside) and beside[at])
            for at, word in enumerate(words)
        )


def made_of_field_words(text: str) -> bool:
    """Whether a text says nothing but words of the field, days and short numbers."""
    if len(text) > LONGEST:
        return False
    split = fold(_CAMEL.sub(" ", unicodedata.normalize("NFC", text)))
    rest = _DAY.sub(" ", split)
    if sum(map(str.isdigit, rest)) > MOST_DIGITS:
        return False
    known = _bare_vocabulary() if split.isascii() else _vocabulary()
    stretch: list[str] = []
    for piece in _WORD.findall(rest):
        if piece.isalpha():
            stretch.append(piece)
        elif piece.isdecimal():
            if not known.covers(stretch):
                return False
            stretch = []
        elif not _SIGN.fullmatch(piece):
            return False
    return known.covers(stretch)


def is_code(text: str) -> bool:
    """Whether a text is a code that may be shown."""
    if re.search(UNIT_KEY, text):
        return True
    figures = len(text.translate(_WITHOUT_SIGNS))
    return (
        len(text) <= LONGEST
        and not re.search(NO_CODE, text)
        and re.search(FIGURE, text) is not None
        and (re.search(LETTER, text) is not None or figures <= MOST_DIGITS)
    )


def described(text: str) -> str:
    """What is told of a text that is not shown: its kind and length."""
    kind, unit = ("số", "chữ số") if text.isdecimal() else ("chữ", "ký tự")
    return f"{kind}, {len(text)} {unit}"


def shown(text: str, instead: str | None = None) -> str:
    """A text in one line, if it is made of words of the field; else `instead`, or its kind and length."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    if made_of_field_words(plain) and plain.isprintable():
        return plain
    return f"({described(plain)})" if instead is None else instead


def quoted(text: str) -> str:
    """A text in quotes, if it is made of words of the field; else its kind and length in brackets."""
    words = shown(text, "")
    return repr(words) if words or not text.strip() else f"({described(text)})"


def kept_suffix(name: str) -> str:
    """The suffix of a file's name, in lower case, if it is one of a kind of file."""
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix in SUFFIXES else ""


def kept_name(name: str, sha256: str | None = None) -> str:
    """The name under which a file is spoken of: its own where that is made of words of the field.

    Else it is named by the first letters of its SHA-256, where that is known.
    """
    suffix = kept_suffix(name)
    stem = name[: len(name) - len(suffix)] if suffix else name
    if stem.strip() and made_of_field_words(stem) and name.isprintable():
        return name
    return f"tệp{f' {sha256[:SHA_SHOWN]}' if sha256 else ''}{suffix and ' '}{suffix}"


def long_number(text: str) -> bool:
    """Whether a text has digits in a row, blanks and points aside, that are no day and may be of a person."""
    return _LONG_NUMBER.search(_DAY.sub("", text)) is not None


@cache
def _vocabulary() -> _Vocabulary:
    listed, alone = _listed()
    pairs: set[tuple[str, str]] = set()
    for phrase in (*listed, *(text for contract in contracts().values() for text in _texts(contract))):
        words = _words(phrase)
        pairs.update(itertools.pairwise(words))
    return _Vocabulary(frozenset(word for text in alone for word in _words(text)), frozenset(pairs))


@cache
def _bare_vocabulary() -> _Vocabulary:
    """The same words without diacritics, as keys and names of files are written."""
    known = _vocabulary()
    return _Vocabulary(
        frozenset(map(_without_marks, known.alone)),
        frozenset((_without_marks(one), _without_marks(other)) for one, other in known.pairs),
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", fold(_CAMEL.sub(" ", text)))


def _without_marks(word: str) -> str:
    apart = unicodedata.normalize("NFD", word.replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _texts(contract: Contract) -> Iterator[str]:
    """All that a contract says of headings, titles and words of its sources."""
    yield from (contract.dataset, contract.title)
    for column in contract.columns:
        yield from (column.name, *column.headers)
    for layout in contract.layouts:
        yield from (*layout.signature, *layout.subheadings, *layout.exported_at, *layout.ignored_headers)
        yield from (layout.name, layout.total_label or "")
        for codes in layout.codes.values():
            for code, words in codes.items():
                yield from (code, *words)


def _listed() -> tuple[Iterable[str], Iterable[str]]:
    text = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    at = lines.index("----")
    return lines[:at], lines[at + 1 :]

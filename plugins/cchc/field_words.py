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
from cchc.personal_names import families, may_be_name
from cchc.personal_numbers import DAY, digits_of, personal_number
from cchc.spelling import bare_of, fold

LONGEST = 100
# A telephone number has seven without its area code, an identity number nine.
MOST_DIGITS = 8
SUFFIXES = frozenset(
    {".csv", ".txt", ".tsv", ".json", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".xls", ".xml", ".html", ".htm"}
    | {".zip", ".ods", ".xlsb", ".pdf", ".doc", ".docx", ".mht"}
)
SHA_SHOWN = 8
# Phrases that without diacritics are what people are called, too: trưởng phòng, Trương Phong.
NAMES_AS_WELL = frozenset({("truong", "phong"), ("tong", "cong"), ("to", "trinh"), ("le", "phi")})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+|[\s_]+|[-–.,:;/\\()\[\]%*+&|'\"?!=#→]|.", re.DOTALL)
_SIGN = re.compile(r"[\s_]+|[-–.,:;/\\()\[\]%*+&|'\"?!=#→]")


@dataclass(frozen=True)
class _Vocabulary:
    """Phrases, words that may stand alone, and pairs of words that may stand beside each other.

    `families`: words that begin names. Names may be chained of pairs of other phrases as well (Vu Tai of
    `nghĩa vụ tài chính`), so what begins with one of these is none but a phrase as a whole.
    """

    phrases: frozenset[tuple[str, ...]]
    alone: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    families: frozenset[str]

    def covers(self, words: list[str]) -> bool:
        """Whether the words follow each other as phrases, words that may stand alone, and chains of pairs."""
        covered = [True] + [False] * len(words)
        for at in range(len(words)):
            if covered[at]:
                for end in self._ends(words, at):
                    covered[end] = True
        return covered[-1]

    def _ends(self, words: list[str], at: int) -> Iterator[int]:
        """Where what begins at a word may end."""
        begins_name = words[at] in self.families
        if words[at] in self.alone and not (begins_name and may_be_name(words[at : at + 2])):
            yield at + 1
        chained = not begins_name
        for end in range(at + 2, len(words) + 1):
            chained = chained and (words[end - 2], words[end - 1]) in self.pairs
            if chained or tuple(words[at:end]) in self.phrases:
                yield end


def made_of_field_words(text: str) -> bool:
    """Whether a text says nothing but words of the field, days and short numbers."""
    if len(text) > LONGEST:
        return False
    split = fold(_CAMEL.sub(" ", unicodedata.normalize("NFC", text)))
    if len(digits_of(split)) > MOST_DIGITS or personal_number(split):
        return False
    rest = DAY.sub(" ", split)
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


@cache
def _vocabulary() -> _Vocabulary:
    listed, alone = _listed()
    texts = (*listed, *(text for contract in contracts().values() for text in _texts(contract)))
    phrases = frozenset(tuple(_words(text)) for text in texts)
    pairs = frozenset(pair for phrase in phrases for pair in itertools.pairwise(phrase))
    return _Vocabulary(
        frozenset(phrase for phrase in phrases if len(phrase) > 1),
        frozenset(word for text in alone for word in _words(text)),
        pairs,
        families(),
    )


@cache
def _bare_vocabulary() -> _Vocabulary:
    """The same words without diacritics, as keys and names of files are written."""
    known = _vocabulary()
    return _Vocabulary(
        frozenset(tuple(map(bare_of, phrase)) for phrase in known.phrases) - NAMES_AS_WELL,
        frozenset(map(bare_of, known.alone)),
        frozenset((bare_of(one), bare_of(other)) for one, other in known.pairs),
        families(bare=True),
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", fold(_CAMEL.sub(" ", text)))


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

"""Cuts a JSON file into its records before they are parsed: what is too large or deep ends here."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from cchc.errors import BadFile

BLOCK_BYTES = 1 << 20
# What no export comes near; beyond it parsers take minutes, gigabytes, or the process with them.
RECORD_BYTES = 8 << 20
DEPTH = 32
_TEXT = rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+'
_SPACE = rb"[ \t\r\n]*+"


def _nested(levels: int) -> bytes:
    return _TEXT + (rb"(?:[\[{]" + _nested(levels - 1) + rb"[\]}]" + _TEXT + rb")*+" if levels else b"")


BRACKET = re.compile(_TEXT + rb"([{}\[\]])", re.DOTALL)
SPACE = re.compile(_SPACE)
# Nearly every record is a whole one of few levels: one match finds it.
_RECORD = rb"(\{" + _nested(3) + rb"\})"
AFTER_COMMA = re.compile(_SPACE + b"," + _SPACE + _RECORD, re.DOTALL)
AFTER_BREAK = re.compile(rb"[ \t\r]*+\n" + _SPACE + _RECORD, re.DOTALL)
DATA = re.compile(rb'[{,]\s*"data"\s*:\s*$')
BEFORE_DATA = 64
BOM = b"\xef\xbb\xbf"
CUT_OFF = "The file may be cut off, or a quote is missing: export it again."
SHAPES = (
    'Expected records {…} in a list […], in a list "data" of one object, or one a line (JSON Lines), '
    "in UTF-8."
)


class Records:
    """The records of a file, each as (number, bytes): of a document its place in the list, of JSON Lines
    the line in which it begins.

    `envelope`: the object around the list `data`, without its records, complete when all were read.
    `lines`: whether the file is JSON Lines. `count`, `bytes`: of the records so far.
    """

    def __init__(self, file: BinaryIO, where: str) -> None:
        self._file, self._where = file, where
        self._buffer = b""
        self._at = 0  # what is next, in the buffer
        self._begins = 0  # the record that was given last
        self._ended = False
        # A place in the buffer, not after what is next, with its line and its column in characters.
        self._known, self._line, self._column = 0, 1, 1
        self.envelope = b""
        self.lines = False
        self.count = self.bytes = 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        while len(self._buffer) < 4 and self._more():
            pass
        if self._buffer.startswith(BOM):
            self._at = self._known = len(BOM)
        if b"\0" in self._buffer[:4]:
            raise self.wrong(f"NUL bytes stand here, as in UTF-16. {SHAPES} Save it as UTF-8.")
        opening = self._peek()
        if opening == b"[":
            self._at += 1
            yield from self._list()
        elif opening == b"{":
            end = self._whole(find_data=True)
            if self._buffer[end - 1 : end] == b"[":
                yield from self._envelope(end)
            else:
                self.lines = True
                yield from self._lines(end)
        else:
            raise self.wrong(f"no JSON stands here. {SHAPES}")
        if self._peek():
            raise self.wrong(f"something follows the end of the document. {SHAPES}")

    def place(self, text: str = "") -> str:
        """Where the record given last begins, or what follows this `text`, with which it begins."""
        self._note(self._begins)
        if breaks := text.count("\n"):
            return f"line {self._line + breaks}, column {len(text) - text.rindex(chr(10))}"
        return f"line {self._line}, column {self._column + len(text)}"

    def wrong(self, words: str) -> BadFile:
        """Says what is wrong with what is next, and where that stands."""
        self._note(self._at)
        after = "" if self.lines else f", after record {self.count}"
        return BadFile(f"{self._where}: line {self._line}, column {self._column}{after}: {words}")

    def _note(self, at: int) -> None:
        passed = self._buffer[self._known : at]
        if breaks := passed.count(b"\n"):
            self._line += breaks
            self._column = 1
            passed = passed[passed.rindex(b"\n") + 1 :]
        self._column += len(passed.decode(errors="ignore"))
        self._known = at

    def _more(self) -> bool:
        """Reads a block and forgets what precedes `_at`; False at the end of the file."""
        block = b"" if self._ended else self._file.read(BLOCK_BYTES)
        if not block:
            self._ended = True
            return False
        self._note(self._at)
        self._buffer = self._buffer[self._at :] + block
        self._at = self._known = 0
        return True

    def _peek(self) -> bytes:
        """The next byte that is no space; none at the end of the file."""
        while True:
            space = SPACE.match(self._buffer, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            if not self._more():
                return b""

    def _list(self) -> Iterator[tuple[int, bytes]]:
        """The records from behind `[`, and the `]`."""
        byte = self._peek()
        while byte != b"]" or self.count:
            if byte != b"{":
                raise self._no_record(byte, "an object {…}")
            yield self._next(self._whole())
            while found := AFTER_COMMA.match(self._buffer, self._at):
                self._at = found.start(1)
                yield self._next(found.end())
            byte = self._peek()
            if byte == b"]":
                break
            if byte != b",":
                raise self._no_record(byte, "a comma, or ] after the last record")
            self._at += 1
            byte = self._peek()
        self._at += 1

    def _next(self, end: int) -> tuple[int, bytes]:
        self._begins, self._at = self._at, end
        self.count += 1
        self.bytes += end - self._begins
        if self.lines:
            self._note(self._begins)
        return self._line if self.lines else self.count, self._buffer[self._begins : end]

    def _envelope(self, end: int) -> Iterator[tuple[int, bytes]]:
        """The records of the list `data` that begins before `end`."""
        head = self._buffer[self._at : end]
        self.envelope = head + b"]}"
        self._at = end
        yield from self._list()
        end = self._whole(depth=1)
        self.envelope = head + b"]" + self._buffer[self._at : end]
        self._at = end

    def _lines(self, end: int) -> Iterator[tuple[int, bytes]]:
        while True:
            yield self._next(end)
            while found := AFTER_BREAK.match(self._buffer, self._at):
                self._at = found.start(1)
                yield self._next(found.end())
            self._note(self._at)
            line = self._line
            byte = self._peek()
            if not byte:
                return
            if byte != b"{":
                raise self._no_record(byte, "one object {…} a line and nothing between them")
            self._note(self._at)
            if self._line == line:
                raise self.wrong("a second object begins in this line. Expected one object a line.")
            end = self._whole()

    def _whole(self, depth: int = 0, *, find_data: bool = False) -> int:
        """Where the object ends that is next, or whose rest is at this depth; or where its list `data` has
        begun."""
        at = self._at
        while True:
            found = BRACKET.match(self._buffer, at)
            if (len(self._buffer) if found is None else found.end()) - self._at > RECORD_BYTES:
                raise self.wrong(
                    f"what begins here has more than {RECORD_BYTES >> 20} MiB. {SHAPES} {CUT_OFF}"
                )
            if found is None:
                at -= self._at
                if not self._more():
                    raise self.wrong(f"what begins here does not end. {CUT_OFF}")
                continue
            at = found.end()
            if found[1] in b"]}":
                depth -= 1
                if depth <= 0:
                    return at
                continue
            preceding = self._buffer[max(self._at, at - BEFORE_DATA) : at - 1]
            if find_data and depth == 1 and found[1] == b"[" and DATA.search(preceding):
                return at
            depth += 1
            if depth > DEPTH:
                raise self.wrong(f"more than {DEPTH} lists and objects are nested here. {SHAPES}")

    def _no_record(self, byte: bytes, expected: str) -> BadFile:
        if not byte:
            return self.wrong(f"the file ends here. Expected {expected}. {CUT_OFF}")
        found = {
            b"/": "a comment",
            b"#": "a comment",
            b",": "a comma",
            b"]": "the end of a list",
            b"}": "the end of an object",
            b"{": "a record",
            b"'": "a single quote",
            b"\0": "a NUL byte",
        }.get(byte, "a value" if byte in b'"[-0123456789tfnNI' else "no JSON")
        return self.wrong(f"here stands {found}. Expected {expected}. {CUT_OFF}")

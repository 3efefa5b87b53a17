"""The streams of a compound file (MS-CFB), in which .xls workbooks and encrypted ones are kept."""

import struct
from dataclasses import dataclass
from pathlib import Path

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
END_OF_CHAIN = 0xFFFFFFFE
# The root's stream holds all streams that are shorter than the cutoff.
ROOT, STREAM = 5, 2


@dataclass
class _Entry:
    kind: int
    start: int
    size: int


class CompoundFile:
    """Reads streams by name; raises ValueError when the file is damaged or cut off."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        try:
            self._open()
        except (struct.error, IndexError):
            raise ValueError("damaged compound file") from None

    def _open(self) -> None:
        data = self.data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise ValueError("sector size")
        self.sector, self.mini_sector = 1 << shift, 1 << mini_shift
        directory, self.cutoff, mini_fat, _, more, _ = struct.unpack_from("<I4xIIIII", data, 48)
        tables = [one for one in struct.unpack_from("<109I", data, 76) if one < END_OF_CHAIN - 1]
        seen = set()
        while more < END_OF_CHAIN - 1 and more not in seen:
            seen.add(more)
            *some, more = struct.unpack(f"<{self.sector // 4}I", self._sector(more))
            tables += [one for one in some if one < END_OF_CHAIN - 1]
        self.fat = self._numbers(b"".join(map(self._sector, tables)))
        self.mini_fat = self._numbers(self._chain(mini_fat))
        self.entries: dict[str, _Entry] = {}
        listed = self._chain(directory)
        for at in range(0, len(listed) - 127, 128):
            length, kind = struct.unpack_from("<HB", listed, at + 64)
            start, size = struct.unpack_from("<II", listed, at + 116)
            name = listed[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
            if kind in (ROOT, STREAM):
                self.entries["" if kind == ROOT else name] = _Entry(kind, start, size)

    @staticmethod
    def _numbers(data: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])

    def _sector(self, number: int) -> bytes:
        piece = self.data[(number + 1) * self.sector : (number + 2) * self.sector]
        if not piece:
            raise ValueError("cut off")
        return piece.ljust(self.sector, b"\0")

    def _chain(self, number: int) -> bytes:
        pieces: list[bytes] = []
        while number < END_OF_CHAIN - 1:
            pieces.append(self._sector(number))
            if len(pieces) > len(self.fat):
                raise ValueError("a chain without end")
            number = self.fat[number]
        return b"".join(pieces)

    def stream(self, name: str) -> bytes:
        """The content of a stream; KeyError when there is none of that name."""
        try:
            return self._stream(self.entries[name])
        except (struct.error, IndexError):
            raise ValueError("damaged compound file") from None

    def _stream(self, entry: _Entry) -> bytes:
        if entry.size >= self.cutoff or entry.kind == ROOT:
            content = self._chain(entry.start)
        else:
            small = self._stream(self.entries[""])
            pieces, number = [], entry.start
            while number < END_OF_CHAIN - 1:
                pieces.append(small[number * self.mini_sector : (number + 1) * self.mini_sector])
                if len(pieces) > len(self.mini_fat):
                    raise ValueError("a chain without end")
                number = self.mini_fat[number]
            content = b"".join(pieces)
        if len(content) < entry.size:
            raise ValueError("cut off")
        return content[: entry.size]

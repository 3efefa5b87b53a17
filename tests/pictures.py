"""What a PNG shows, decoded by the rules of the format and no library of pictures."""

import struct
import zlib
from collections import Counter


def colours(png: bytes) -> Counter[str]:
    """How many points have which colour, as #rrggbb; for 8 bits a channel, which is what charts have."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed, size = 8, b"", None
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        content = png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + content) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
        if kind == b"IHDR":
            width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", content)
            assert (bits, interlaced) == (8, 0)
            size = (width, height, {2: 3, 6: 4}[colour])
        packed += content if kind == b"IDAT" else b""
        at += 12 + length
    assert size is not None
    width, height, step = size
    raw, row = zlib.decompress(packed), width * step
    assert len(raw) == height * (row + 1)
    found: Counter[str] = Counter()
    above = bytearray(row)
    for line in range(height):
        start = line * (row + 1)
        above = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + row]), above, step)
        found.update(bytes(above[place : place + 3]) for place in range(0, row, step))
    return Counter({f"#{colour.hex()}": number for colour, number in found.items()})


def _unfiltered(kind: int, line: bytearray, above: bytearray, step: int) -> bytearray:
    for place, value in enumerate(line):
        left = line[place - step] if place >= step else 0
        corner = above[place - step] if place >= step else 0
        up = above[place]
        nearest = min((left, up, corner), key=lambda of: abs(left + up - corner - of))
        line[place] = (value + (0, left, up, (left + up) // 2, nearest)[kind]) % 256
    return line

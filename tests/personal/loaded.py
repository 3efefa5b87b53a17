"""What a column of a dataset loads of texts: as it is staged, through the reader's own way."""

import json
from types import SimpleNamespace

import pyarrow as pa

from cchc.contracts import contract_of
from cchc.reading.canonical import MOJIBAKE, UNREADABLE, canonical

# One column of each kind, by what its contract says of it.
KINDS = {
    "code": ("ho_so", "ma_ho_so"),
    "notation": ("van_ban", "ky_hieu"),
    "published": ("tthc", "ten_tthc"),
    "shown unit": ("ho_so", "don_vi_tiep_nhan"),
    "plain": ("khai_bao", "chuc_danh"),
}


def loaded(dataset: str, column: str, texts: list[str]) -> list[str | None]:
    """Each text as the column stages it in a batch of all of them; None where its line is refused."""
    contract = contract_of(dataset)
    batch = pa.record_batch({"line_no": pa.array(range(len(texts)), pa.int64()), column: texts})
    export = SimpleNamespace(header=SimpleNamespace(layout=contract.layouts[0]), readers={})
    staged = canonical(contract, export, batch, None, [column, UNREADABLE, MOJIBAKE])  # type: ignore[arg-type]
    values, unreadable, damaged = (staged.column(n).to_pylist() for n in range(3))
    refused = [column in json.loads(cells or "{}") for cells in unreadable]
    return [None if no or bad else value for value, no, bad in zip(values, refused, damaged, strict=True)]


def shown(dataset: str, column: str, texts: list[str]) -> list[str]:
    """The texts that a column stages as themselves: neither refused nor told by kind and length."""
    staged = loaded(dataset, column, texts)
    told = ("(chữ, ", "(số, ")
    return [text for text, value in zip(texts, staged, strict=True) if value and not value.startswith(told)]


def refused(dataset: str, column: str, texts: list[str]) -> list[str]:
    """The texts whose line a column refuses."""
    return [text for text, value in zip(texts, loaded(dataset, column, texts), strict=True) if value is None]

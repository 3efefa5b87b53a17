"""A contract that is wrong is refused in one line: file, field, what is wrong, what is expected."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc import contracts as module
from cchc.contracts import contracts
from cchc.errors import BadDefinition

SIGNATURE = "    signature:"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the contracts that the test may change; the package reads it instead."""
    copy = tmp_path / "contracts"
    shutil.copytree(module.CONTRACTS, copy)
    monkeypatch.setattr(module, "CONTRACTS", copy)
    contracts.cache_clear()
    yield copy
    contracts.cache_clear()


def refusal(file: Path | None = None, old: str = "", new: str = "") -> str:
    """What is said against a contract with `old` replaced by `new`: one line, without addresses."""
    if file:
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
    contracts.cache_clear()
    with pytest.raises(BadDefinition) as told:
        contracts()
    said = str(told.value)
    assert "\n" not in said and "http" not in said
    return said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: fact", "kind: thing", ", field kind: Input should be 'dimension' or 'fact' (found 'thing')."),
        ("title: Đánh", "titel: Đánh", ", field title: Field required. And 1 more."),
        ("kind: fact", "kind: [fact", ", line "),
        ("kind: fact", "kind: fact\n\tx: 1", ", line "),
        ("key: [ma_ho_so,", "key: [ma_la,", ": key or changed_at names an unknown column: ma_la."),
        ("type: text, required", "type: txt, required", ", field columns.0.type: Input should be 'text', "),
        ("dataset: danh_gia", "dataset: khac", ", field dataset: 'khac', expected the file's name."),
        ("place: 4", "place: 3", ", field place: 3 is the place of"),
        ("place: 4", "place: bốn", ", field place: Input should be a valid integer"),
        ("unit: don_vi_giai_quyet", "unit: don_vi_la", ", field unit: sql/look_up/danh_gia.sql has no"),
        (
            "type: text, required",
            "type: text, range: [0, 1], required",
            ", field columns.0: range is not for a column of type text.",
        ),
        (
            "type: text, required",
            "type: int, range: [a, 1], required",
            ", field columns.0: range of a int is like [0, 32767].",
        ),
        (
            "range: [2000-01-01, +50y]",
            "range: [2000-01-01, +50m]",
            ", field columns.1: range of a timestamp is like [2000-01-01, +10y].",
        ),
        (
            "range: [2000-01-01, +50y]",
            "range: [2000-01-01, 1999-01-01]",
            ", field columns.1: the range ends before it begins.",
        ),
        (
            "range: [2000-01-01, +50y]",
            "pattern: x",
            ", field columns.1: pattern is not for a column of type timestamp.",
        ),
        (
            "type: text, required",
            "type: text, pattern: '(a', required",
            ", field columns.0: '(a' is no regular expression",
        ),
        (
            SIGNATURE,
            "    numbers: {decimal: '.', thousands: '.'}\n" + SIGNATURE,
            ", field layouts.0.numbers: '.' cannot begin a fraction and group thousands.",
        ),
        (
            SIGNATURE,
            "    titles: {danh_gia: '(\\d'}\n" + SIGNATURE,
            ", field layouts.0.titles: '(\\\\d' is no regular",
        ),
        (
            SIGNATURE,
            "    titles: {danh_gia: '\\d'}\n" + SIGNATURE,
            ", field layouts.0.titles: '\\\\d' has no group",
        ),
        (
            SIGNATURE,
            "    titles: {danh_gia: '[a'}\n" + SIGNATURE,
            ", field layouts.0.titles: '[a' is no regular",
        ),
    ],
)
def test_wrong_contract_is_told_in_one_line(folder: Path, old: str, new: str, said: str):
    told = refusal(folder / "danh_gia.yaml", old, new)
    file = "ho_so.yaml" if "is the place of" in said else "danh_gia.yaml"
    assert told.startswith(f"plugins/cchc/contracts/{file}{said}"), told


def test_empty_contract_is_named(folder: Path):
    (folder / "tthc.yaml").write_text("# nothing\n", encoding="utf-8")
    assert refusal().startswith("plugins/cchc/contracts/tthc.yaml: Input should be")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_contract_that_is_not_utf_8_is_named(folder: Path, encoding: str):
    text = "title: Xã\n" if encoding == "latin-1" else (folder / "tthc.yaml").read_text("utf-8")
    (folder / "tthc.yaml").write_bytes(text.encode(encoding))
    told = refusal()
    assert told.startswith("plugins/cchc/contracts/tthc.yaml: byte ")
    assert "Expected a UTF-8 file" in told


@pytest.mark.parametrize("suffix", [".yml", ".YAML", ".Yml"])
def test_contract_with_another_suffix_is_not_overlooked(folder: Path, suffix: str):
    shutil.copy(folder / "tthc.yaml", folder / f"moi{suffix}")
    assert refusal().startswith(f"plugins/cchc/contracts/moi{suffix}: a contract is named <dataset>.yaml")


def test_contract_without_look_up_is_told_what_to_write(folder: Path):
    text = (folder / "tthc.yaml").read_text(encoding="utf-8")
    text = text.replace("dataset: tthc", "dataset: moi").replace("place: 2", "place: 99")
    (folder / "moi.yaml").write_text(text, encoding="utf-8")
    assert refusal().startswith("sql/look_up/moi.sql is missing. Write it: one SELECT over batch_rows")

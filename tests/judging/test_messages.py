"""What a batch says of cells that are not of their column's type: column, value, line, what was expected."""

from datetime import datetime

import pyarrow as pa
import pytest

from cchc.contracts import contract_of, contracts
from cchc.errors import BadFile, BatchStopped
from cchc.judging.faulty_cells import EXPECTED
from cchc.judging.suites import rules_of
from cchc.judging.validation import validate
from cchc.reading.canonical import parse_times
from cchc.reading.refused_cells import kept
from tests.world import World

GOOD = [{}] * 40
DATE = "cần ngày: dd/mm/yyyy [hh:mm[:ss]], yyyy-mm-dd [hh:mm:ss], yyyymmdd[hhmmss]"
REASON = "Có ô không đọc được: mã, ngày hoặc số không đúng dạng hoặc ngoài khoảng cho phép"


def reasons_of(world: World, *changes: dict) -> list[str]:
    """The reasons for which the lines after forty good ones are rejected."""
    batch = world.add(*GOOD, *changes)
    rows = world.rows("SELECT reasons FROM ops.reject WHERE batch_id = :b ORDER BY line_no", b=batch.batch_id)
    return [reason for (reasons,) in rows for reason in reasons if reason.startswith("Có ô")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ngay_hen_tra": "31/02/2025"}, f"cột ngay_hen_tra có '31/02/2025' ({DATE})"),
        (
            {"so_lan_bo_sung": "1,5"},
            "cột so_lan_bo_sung có '1,5' (cột số nguyên, có phần lẻ; cần số nguyên có tối đa 8 "
            "chữ số, không có dấu phân cách nghìn)",
        ),
        (
            {"ngay_hen_tra": "31/02/2025", "ngay_tra": "#REF!"},
            f"cột ngay_hen_tra có '31/02/2025' ({DATE}); cột ngay_tra có '#REF!' ({DATE})",
        ),
        ({"ngay_hen_tra": "chưa có"}, f"cột ngay_hen_tra có '(chữ, 7 ký tự)' ({DATE})"),
    ],
)
def test_a_reject_names_column_value_and_what_was_expected(province: World, change: dict, says: str):
    assert reasons_of(province, change) == [f"{REASON}: {says}"]


@pytest.mark.parametrize(
    "text",
    [
        "0912345678", "0912 345 678", "0912.34.5678", "09.12.34.56.78", "+84 912 345 678", "(0294) 3855 123",
        "084199912345", "012-345-678", "Nguyễn Văn Thử", "Thử 1985", "thu.nghiem@example.vn",
        "31/02/2025 Nguyễn Văn Thử", "31/02/2025 0912345678", "31-02-2025 12 345 6789",
    ],
)  # fmt: skip
def test_what_may_be_of_a_person_is_not_shown(province: World, text: str):
    batch = province.add(*GOOD, {"ngay_hen_tra": text})
    [(told,)] = province.rows(
        "SELECT concat_ws(' ', reasons::text, masked_row ->> 'ngay_hen_tra') FROM ops.reject "
        "WHERE batch_id = :b",
        b=batch.batch_id,
    )
    assert "cột ngay_hen_tra có" in told
    for part in text.split():
        assert len(part) < 3 or part not in told


@pytest.mark.parametrize(
    "text",
    ["31/02/2025", "31/02/2025 25:61", "2025-02-31T09:00:00", "20250231090000", "32.13.25", "#N/A", "5"],
)
def test_what_is_no_persons_is_shown(text: str):
    contract = contract_of("ho_so")
    [column] = [column for column in contract.columns if column.name == "ngay_hen_tra"]
    assert kept(contract, column, text, "") == text


def test_a_stopped_batch_names_the_cells_how_many_and_the_first_line(province: World):
    path = province.dossiers(
        {}, *[{"ngay_hen_tra": "31/02/2025"}] * 3, {"ngay_tiep_nhan": "0912345678"}, {"ngay_tra": "hôm qua"}
    )
    batch_id = province.land("ho_so", path, at="2025-05-10")
    with pytest.raises(BatchStopped) as stopped:
        validate(province.engine, batch_id)
    message = str(stopped.value)
    assert f"cột ngay_hen_tra có '31/02/2025' ({DATE}) × 3, first in line 3" in message
    assert f"cột ngay_tiep_nhan có '(số, 10 chữ số)' ({DATE}) × 1, first in line 6" in message
    assert "cột ngay_tra có '(chữ, 7 ký tự)'" in message and "0912345678" not in message
    assert province.rows("SELECT stop_reason FROM ops.batch WHERE batch_id = :b", b=batch_id) == [(message,)]


def test_a_stopped_batch_names_the_columns_and_kinds_of_damage(province: World):
    path = province.dossiers({}, *[{"ten_tthc": "CÊp giÊy phÐp"}] * 2)
    with pytest.raises(BatchStopped, match=r"cột ten_tthc: TCVN3 \(ABC\) × 2, first in line 3"):
        validate(province.engine, province.land("ho_so", path, at="2025-05-10"))


def test_of_a_secret_document_nothing_is_named(province: World):
    path = province.documents({}, {"do_mat": "2", "han_xu_ly": "31/02/2025"})
    with pytest.raises(BatchStopped) as stopped:
        validate(province.engine, province.land("van_ban", path, at="2025-05-10"))
    kept = province.rows("SELECT reasons::text, masked_row::text FROM ops.reject")
    assert "31/02/2025" not in str(stopped.value) + str(kept)


@pytest.mark.parametrize("dataset", contracts())
def test_every_dataset_has_the_rule_that_names_its_cells(dataset: str):
    conditions = {rule.condition for rule in rules_of(dataset).values()}
    assert "unreadable_cells IS NULL" in conditions
    assert {column.type for column in contracts()[dataset].columns} <= set(EXPECTED)


@pytest.mark.parametrize(
    "text",
    ["05/03/2025", "05/03/2025 09:30", "05/03/2025 09:30:00", "2025-03-05", "2025-03-05 09:30:00", "20250305",
     "20250305093000"],
)  # fmt: skip
def test_the_forms_that_messages_name_are_read(text: str):
    [moment] = parse_times(pa.array([text])).to_pylist()
    assert moment.date() == datetime(2025, 3, 5).date()


def test_a_reader_that_fails_is_recorded_on_the_batch_in_words_of_ours(province: World, monkeypatch):
    def fails(*_: object) -> None:
        raise ValueError("could not convert '0912345678'")

    monkeypatch.setattr("cchc.reading.child.open_export", fails)
    batch_id = province.land("ho_so", province.dossiers({}), at="2025-05-10")
    with pytest.raises(BadFile, match="fault of the reader") as refused:
        validate(province.engine, batch_id)
    assert "0912345678" not in str(refused.value)
    assert province.rows("SELECT status, stop_reason FROM ops.batch WHERE batch_id = :b", b=batch_id) == [
        ("stopped", str(refused.value))
    ]

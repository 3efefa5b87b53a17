"""The plan of deadlines: its file, the day of each by the working calendar, what is refused."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from cchc.contracts import contracts
from cchc.errors import BadDefinition
from cchc.figures.syncing import sync_definitions
from cchc.registers import deadlines as register
from cchc.registers.deadlines import days_of, deadlines
from cchc.registers.working_calendar import sync_calendar

HEAD = (
    "ma_han,loai,ten,chu_ky,che_do,cap,noi_nhan,so_ngay,loai_ngay,hieu_luc_tu,hieu_luc_den,trang_thai,nguon\n"
)
FORM = "khai,khai_bao,Phiếu,thang,lich,xa,,3,lam_viec,2025-01-01,,chua_xac_nhan,Thử\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ky_han.csv"
    monkeypatch.setattr(register, "FILE", path)
    return path


def test_what_is_not_known_is_said_to_be_unknown():
    rows = deadlines()
    assert {row.loai for row in rows} == {"du_lieu", "doi_chieu", "khai_bao", "xac_nhan", "chot", "bao_cao"}
    # No text that was read names a day for reports to Sở Nội vụ.
    assert {row.so_ngay for row in rows if row.loai == "bao_cao"} == {None}
    assert {row.trang_thai for row in rows if row.so_ngay is None} == {"chua_xac_nhan"}
    assert [row.so_ngay for row in rows if row.loai == "du_lieu"] == [1]


# Days off in 2025: 1 January, Tết from 27 to 31 January, 7, 30 April, 1, 2 May; in 2026: 1, 2 January.
BY_HAND = {
    # Of December 2024 nothing is due: the plan begins in 2025. February 2025: 3, 4, 5 March.
    ("khai_bao_thang", "2025-02"): date(2025, 3, 5),
    ("chot_thang", "2025-02"): date(2025, 3, 7),
    # 1 April is a Tuesday, the 7th a day off: 1, 2, 3, 4, 8.
    ("khai_bao_thang", "2025-03"): date(2025, 4, 3),
    ("xac_nhan_thang", "2025-03"): date(2025, 4, 4),
    ("chot_thang", "2025-03"): date(2025, 4, 8),
    # 1 and 2 May are days off, 3 and 4 a weekend: 5, 6, 7, 8, 9 May.
    ("khai_bao_thang", "2025-04"): date(2025, 5, 7),
    ("chot_thang", "2025-04"): date(2025, 5, 9),
    # Of December 2025: 1 and 2 January 2026 are days off, 5, 6, 7 January.
    ("khai_bao_thang", "2025-12"): date(2026, 1, 7),
    # By days of the calendar: on the 2nd, weekend or not.
    ("doi_chieu_nguon", "2025-07"): date(2025, 8, 2),
    ("du_lieu_nguon", "2025-03"): date(2025, 4, 1),
    # The year 2027 is not declared.
    ("khai_bao_thang", "2026-12"): None,
    # Nobody has said when.
    ("bao_cao_quy", "2025-Q1"): None,
}


@pytest.fixture
def days(engine) -> dict[tuple[str, str], tuple]:
    sync_calendar(engine)
    sync_definitions(engine)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM core.han_nop").all()
    return {(row.ma_han, row.ky): row for row in rows}


def test_the_days_by_hand(days):
    assert {key: days[key].han for key in BY_HAND} == BY_HAND


def test_periods_are_those_of_the_regime(days):
    # The report regime counts from the 15th to the 14th.
    quarter, half, year = (
        days[key]
        for key in (("bao_cao_quy", "2025-Q1"), ("bao_cao_6_thang", "2025-H1"), ("bao_cao_nam", "2025"))
    )
    assert (quarter.ky_loai, quarter.tu_ngay, quarter.den_ngay) == (
        "ky_bao_cao", date(2024, 12, 15), date(2025, 3, 14),
    )  # fmt: skip
    assert (half.tu_ngay, half.den_ngay) == (date(2024, 12, 15), date(2025, 6, 14))
    assert (year.tu_ngay, year.den_ngay) == (date(2024, 12, 15), date(2025, 12, 14))
    # The plan is of 2025: four quarters, two halves (the regime has the first six months only), one year.
    assert sorted(ky for ma_han, ky in days if ma_han == "bao_cao_quy") == [
        f"2025-Q{n}" for n in (1, 2, 3, 4)
    ]
    assert sorted(ky for ma_han, ky in days if ma_han == "bao_cao_6_thang") == ["2025-H1"]
    assert sorted(ky for ma_han, ky in days if ma_han == "bao_cao_nam") == ["2025"]
    # Of every month from January 2025 to the end of the calendar.
    assert len([ky for ma_han, ky in days if ma_han == "khai_bao_thang"]) == 24


def test_pulled_datasets_are_those_of_the_contracts(engine, days):
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT dataset, he_thong, doi_chieu FROM core.bo_du_lieu_keo"
        ).all()
    assert {tuple(row) for row in rows} == {
        (c.dataset, c.api.system, c.api.received is not None) for c in contracts().values() if c.api
    }
    assert ("tthc", "tthc", False) in {tuple(row) for row in rows}


def test_a_deadline_that_changed_holds_for_its_own_months(file):
    old = FORM.replace("2025-01-01,,", "2025-01-01,2025-06-30,")
    file.write_text(HEAD + old + FORM.replace(",3,lam_viec,2025-01-01", ",5,lich,2025-07-01"), "utf-8")
    every_day = [(date(2025, 1, 1) + timedelta(days=n), True) for n in range(365)]
    found = {row["ky"]: row["han"] for row in days_of(deadlines(), every_day)}
    assert (found["2025-06"], found["2025-07"]) == (date(2025, 7, 3), date(2025, 8, 5))
    assert len(found) == 12


WRONG = {
    "two deadlines for one level": FORM + FORM.replace("khai,", "khai_khac,"),
    "the same name twice": FORM + FORM.replace(",xa,", ",huyen,"),
    "days without their kind": FORM.replace(",3,lam_viec", ",3,"),
    "not known, and yet of a text": FORM.replace(",3,lam_viec", ",,").replace("chua_xac_nhan", "van_ban"),
    "no working day": FORM.replace(",3,", ",0,"),
    "a declaration each quarter": FORM.replace("thang,lich", "quy,lich"),
    "an export each month": FORM.replace("khai_bao,Phiếu", "du_lieu,Xuất"),
    "unknown level": FORM.replace(",xa,", ",thon,"),
    "unknown kind": FORM.replace("khai_bao,", "khai_bo,"),
    "ends before it begins": FORM.replace("2025-01-01,,", "2025-01-01,2024-12-31,"),
    "no source": FORM.replace("chua_xac_nhan,Thử", "chua_xac_nhan,"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))
def test_a_wrong_row_is_refused_with_its_line(file, wrong):
    file.write_text(HEAD + FORM, "utf-8")
    assert len(deadlines()) == 1
    file.write_text(HEAD + wrong, "utf-8")
    with pytest.raises(BadDefinition, match=r"ky_han\.csv, lines? [23]"):
        deadlines()

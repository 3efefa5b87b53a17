"""Indicators are files: a new one, a wrong one, targets, and what is shown of them."""

import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from cchc.errors import BadDefinition
from cchc.figures.definitions import indicators
from cchc.figures.measurable import require_measurable
from cchc.figures.refresh import refresh
from cchc.loading.load import load
from cchc.periods import Month, periods_of
from cchc.publication.closing import close
from tests.figures.by_hand import PROVINCE, counted, on, row
from tests.world import SO, XA

pytestmark = pytest.mark.long

TARGET = {"cap": ["toan_tinh"], "gia_tri": 60, "tu": "2025-01-01", "den": "2025-12-31", "nguon": "Thử"}


NEW_INDICATOR = {
    "ma": "buu_chinh",
    "phien_ban": 1,
    "thu_tu": 900,
    "ten": "Tỷ lệ hồ sơ bưu chính",
    "loai": "ty_le",
    "chieu": "giam",
    "can_cu": "Thử",
    "nguon": ["Thử"],
    "cach_tinh": "Thử",
    "luu_y": "Thử",
    "tu_so": [{"su_kien": "tiep_nhan", "dieu_kien": "kenh_thuc_hien = 3"}],
    "mau_so": [{"su_kien": "tiep_nhan"}],
    "ly_do_na": "Không có",
    "muc_tieu": [TARGET | {"gia_tri": 25}],
}


def test_new_indicator_is_one_new_file(province, definitions):
    definitions.add(**NEW_INDICATOR)
    # Post 1 of 4: 25 is met exactly, as low is good here; in February 1 of 1.
    counted(
        province,
        *(on("0305", kenh_thuc_hien=channel) for channel in ("3", "2", "1", "1")),
        on("0205", kenh_thuc_hien="3"),
    )
    assert province.figure("buu_chinh", SO, "2025-03") == (1, 4)
    assert row(province, "buu_chinh", PROVINCE, "2025-03") == (25, None, 25, True)
    assert row(province, "buu_chinh", PROVINCE, "2025-02") == (100, None, 25, False)
    assert row(province, "buu_chinh", SO, "2025-03") == (25, None, None, None)
    assert province.rows("SELECT ten, chieu FROM mart.dinh_nghia WHERE ma_chi_so = 'buu_chinh'") == [
        ("Tỷ lệ hồ sơ bưu chính", "giam")
    ]
    # And it goes with its file: its figures are taken back and that is on record.
    (definitions.folder / "buu_chinh.yaml").unlink()
    definitions.read_again()
    # Seven rows (three units, three levels, the province) in each of the periods that hold a part of March.
    assert refresh(province.engine, "2025-03").removed == 7 * len(periods_of(Month(2025, 3)))
    assert province.rows(
        "SELECT count(*) FROM mart.chi_so WHERE ma_chi_so = 'buu_chinh' AND ky = '2025-03'"
    ) == [(0,)]


def test_targets_have_a_level_and_a_time(province, definitions):
    definitions.change(
        "T9",
        muc_tieu=[
            TARGET | {"gia_tri": 50, "den": "2025-02-28"},
            TARGET | {"gia_tri": 66.67, "tu": "2025-03-01", "cap": ["toan_tinh", "xa"]},
        ],
    )
    both = [on(day, don_vi_xu_ly=XA, kenh_thuc_hien=c) for day in ("0205", "0305") for c in ("2", "2", "1")]
    counted(province, *both, on("0205", don_vi_xu_ly=XA, kenh_thuc_hien="1"))
    # February: 2 of 4 = 50.00, the province's target 50 is just met, communes have none.
    assert row(province, "T9", PROVINCE, "2025-02") == (50, None, 50, True)
    assert row(province, "T9", XA, "2025-02") == (50, None, None, None)
    # March: 2 of 3 = 66.67; the target in force on the last day of the period.
    target = Decimal("66.67")
    assert row(province, "T9", XA, "2025-03") == (target, None, target, True)
    assert row(province, "T9", "TONG:xa", "2025-03") == (target, None, target, True)
    # To date 4 of 7 = 57.14.
    assert row(province, "T9", PROVINCE, "2025-03", "luy_ke") == (Decimal("57.14"), None, target, False)
    assert row(province, "T9", SO, "2025-03")[2:] == (None, None)


def test_definitions_without_any_target_work(province, definitions):
    for ma, indicator in indicators().items():
        if indicator.cong_bo:
            definitions.change(ma, muc_tieu=[])
    counted(province, on("0305"))
    assert row(province, "T9", SO, "2025-03") == (100, None, None, None)


WRONG = {
    "unknown event": {"tu_so": [{"su_kien": "tiep_nan"}]},
    "unknown fact": {"tu_so": [{"fact": "van_ban", "su_kien": "tiep_nhan"}]},
    "ratio without denominator": {"mau_so": []},
    "ratio without reason": {"ly_do_na": None},
    "count with denominator": {"loai": "dem"},
    "field that does not exist": {"muc_tiu": []},
    "name of another file": {"ma": "khac"},
    "version 0": {"phien_ban": 0},
    "unknown level": {"muc_tieu": [TARGET | {"cap": ["tinh"]}]},
    "target that ends before it begins": {"muc_tieu": [TARGET | {"den": "2024-12-31"}]},
    "units counted by procedures": {"mau_so": [], "don_vi_it_nhat": 1, "khoa": "ma_tthc"},
    "count of units": {"loai": "dem", "mau_so": [], "don_vi_it_nhat": 1},
    "procedures less procedures": {
        "khoa": "ma_tthc",
        "tu_so": [{"su_kien": "tiep_nhan"}, {"su_kien": "ky_truoc", "tru": True}],
    },
    "less than nothing": {"tu_so": [{"su_kien": "tiep_nhan", "tru": True}]},
    "a term twice": {"mau_so": [{"su_kien": "tiep_nhan"}, {"su_kien": "tiep_nhan"}]},
    "count without a reason for what it lacks": {
        **{"loai": "dem", "mau_so": [], "ly_do_na": None},
        "can_co": [{"fact": "van_ban", "su_kien": "den"}],
    },
    "score without a reason for what it lacks": {
        **{"loai": "diem", "tu_so": [], "mau_so": [], "ly_do_na": None},
    },
    "version beyond numbers": {"phien_ban": 3_000_000_000},
    "two targets for one day": {"muc_tieu": [TARGET, TARGET | {"tu": "2025-06-01", "gia_tri": 70}]},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))
def test_wrong_definition_is_refused_with_the_name_of_its_file(definitions, wrong):
    definitions.add(**NEW_INDICATOR)
    assert "buu_chinh" in indicators()
    definitions.add(**NEW_INDICATOR | wrong | {"ma": "buu_chinh"})
    if wrong.get("ma"):
        text = (definitions.folder / "buu_chinh.yaml").read_text().replace("ma: buu_chinh", "ma: khac")
        (definitions.folder / "buu_chinh.yaml").write_text(text)
        definitions.read_again()
    with pytest.raises(BadDefinition, match=r"buu_chinh\.yaml"):
        indicators()


def test_file_that_is_no_yaml_is_refused_with_its_name(definitions):
    (definitions.folder / "buu_chinh.yaml").write_text("ma: [", encoding="utf-8")
    with pytest.raises(BadDefinition, match=r"sql/indicators/buu_chinh\.yaml"):
        indicators()


def test_condition_with_a_percent_sign_or_a_cast_is_sql_like_any_other(province, definitions):
    term = {"su_kien": "tiep_nhan", "dieu_kien": "ma_tthc LIKE '1.0%' AND tiep_nhan::text < '2026'"}
    definitions.add(**NEW_INDICATOR | {"tu_so": [term]})
    counted(province, on("0305"))
    assert province.figure("buu_chinh", SO, "2025-03") == (1, 1)


# Post is counted in no whole that counts online only: 1 of 0 at the sở and above it.
NO_PART = {"mau_so": [{"su_kien": "tiep_nhan", "dieu_kien": "kenh_thuc_hien = 2"}]}
WRITTEN = ("mart.chi_so", "mart.con_so_cho", "mart.diem_766", "core.tong_hop", "ops.period")
SAID = (
    r"sql/indicators/buu_chinh\.yaml: buu_chinh version 1 counts 1 in its numerator \(tu_so\) and 0 in its "
    r"denominator \(mau_so\) for "
)


def test_numerator_of_what_the_denominator_does_not_count_is_refused_with_its_file(province, definitions):
    counted(province, on("0105", kenh_thuc_hien="3"))
    before = province.content(*WRITTEN)
    definitions.add(**NEW_INDICATOR | NO_PART)
    with pytest.raises(BadDefinition, match=SAID):
        refresh(province.engine, "2025-01")
    assert province.content(*WRITTEN) == before


def test_numerator_of_what_the_denominator_does_not_count_is_refused_for_a_closed_month_too(
    province, definitions
):
    definitions.add(**NEW_INDICATOR)
    counted(province, on("0105", kenh_thuc_hien="3"))
    close(province.engine, "2025-01", by="chi_cuc", approved_by="giam_doc", reason="Dữ liệu thử")
    before = province.content(*WRITTEN)
    definitions.add(**NEW_INDICATOR | NO_PART | {"phien_ban": 2})
    with pytest.raises(BadDefinition, match=SAID.replace("version 1", "version 2")):
        refresh(province.engine, "2025-01")
    assert province.content(*WRITTEN) == before


WRONG_SQL = {
    "unknown column": ({"dieu_kien": "kenh = 3"}, 'column "kenh" does not exist'),
    "half a condition": ({"dieu_kien": "kenh_thuc_hien ="}, "syntax error"),
    "comment": ({"dieu_kien": "kenh_thuc_hien = 3 -- bưu chính"}, "syntax error"),
    "bind": ({"dieu_kien": "kenh_thuc_hien = :kenh"}, "bind parameter 'kenh'"),
    "number for a truth": ({"dieu_kien": "kenh_thuc_hien"}, "must be type boolean"),
    "sum of texts": ({"tong": "ma_tthc"}, r"sum\(text\) does not exist"),
}


@pytest.mark.parametrize("name", WRONG_SQL)
def test_condition_that_is_no_sql_is_refused_with_its_file_and_term(province, definitions, name):
    counted(province, on("0105", kenh_thuc_hien="3"))
    before = province.content(*WRITTEN)
    wrong, said = WRONG_SQL[name]
    definitions.add(**NEW_INDICATOR | {"tu_so": [{"su_kien": "tiep_nhan"} | wrong]})
    term = "su_kien: tiep_nhan, " + ", ".join(f"{key}: {value}" for key, value in wrong.items())
    refused = (
        rf"sql/indicators/buu_chinh\.yaml: .*{re.escape(term)} \(.*{said}.*sql/indicators/facts/ho_so\.sql"
    )
    with pytest.raises(BadDefinition, match=refused):
        refresh(province.engine, "2025-01")
    assert province.content(*WRITTEN) == before


def test_sum_below_zero_is_refused_with_its_file(province, definitions):
    counted(province, on("0105"))
    before = province.content(*WRITTEN)
    definitions.add(**NEW_INDICATOR | {"tu_so": [{"su_kien": "tiep_nhan", "tong": "-1"}]})
    with pytest.raises(BadDefinition, match=r"buu_chinh\.yaml: buu_chinh version 1 counts -1 .*\(tong\)"):
        refresh(province.engine, "2025-01")
    assert province.content(*WRITTEN) == before


def test_score_with_a_target_says_whether_it_is_met(province, definitions):
    targets = [TARGET | {"cap": ["so_nganh"], "gia_tri": 8}, TARGET | {"gia_tri": "8.01"}]
    definitions.change("T16", muc_tieu=targets)
    counted(province, on("0305"), on("0306"))
    points = row(province, "T16", SO, "2025-03")[0]
    assert row(province, "T16", SO, "2025-03") == (points, None, 8, points >= 8)
    assert row(province, "T16", PROVINCE, "2025-03")[2:] == (Decimal("8.01"), points >= Decimal("8.01"))
    # Points are given for months only.
    assert row(province, "T16", SO, "2025-Q1", "quy")[::3] == (None, None)


def test_shown_columns_agree_with_the_definition(several_months):
    kinds = {ma: indicator.loai for ma, indicator in indicators().items()}
    for ma, kind in kinds.items():
        values = several_months.rows(
            "SELECT count(mau_so), count(*) FILTER (WHERE gia_tri = tu_so), count(tu_so) FROM mart.chi_so "
            "WHERE ma_chi_so = :ma",
            ma=ma,
        )[0]
        if kind == "diem":
            assert (values[0], values[2]) == (0, 0), ma
        elif not indicators()[ma].cong_bo:
            assert values == (0, 0, 0), ma
        elif kind == "dem":
            assert (values[0], values[1]) == (0, values[2]), ma
        else:
            counted = several_months.rows(
                "SELECT count(*) FROM mart.chi_so INNER JOIN mart.ky USING (ky_loai, ky) "
                "WHERE ma_chi_so = :ma AND mart.ky.ly_do_na IS NULL",
                ma=ma,
            )
            assert counted == [(values[0],)], ma


def test_loading_again_gives_the_same_figures(several_months):
    before = several_months.content("mart.chi_so")
    batch_id = several_months.rows("SELECT max(batch_id) FROM ops.batch")[0][0]
    load(several_months.engine, batch_id)
    with several_months.engine.begin() as connection:
        connection.execute(sa.text("UPDATE ops.period SET changed = nextval('ops.period_change')"))
    several_months.refresh_all()
    assert several_months.content("mart.chi_so") == before


def test_a_server_that_breaks_off_is_not_taken_for_a_wrong_definition(province):
    with province.engine.connect() as connection:
        # No measure is known, so that all are read.
        connection.exec_driver_sql("ALTER TABLE core.phep_do RENAME TO phep_do_kia")
        connection.exec_driver_sql("CREATE VIEW core.phep_do AS SELECT * FROM core.phep_do_kia WHERE FALSE")
        require_measurable(connection)
        connection.exec_driver_sql("SET LOCAL statement_timeout = 1")
        with pytest.raises(sa.exc.OperationalError, match="statement timeout"):
            require_measurable(connection)

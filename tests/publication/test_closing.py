"""A month is closed: what was published stays, what differs waits with its causes, and is restated."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.figures import refresh as refresh_module
from cchc.figures.definitions import fingerprint
from cchc.figures.refresh import pending_periods, refresh
from cchc.publication.closing import close, publish_provisionally, restate
from cchc.publication.ledger import entries, faults
from cchc.warehouse import engine_of, run_sql_file
from tests.figures.test_refresh import BASE, CHANGED_BY_LATE, LATE, figures, make_pending, on
from tests.registers.organisations import called, organise, unit, write
from tests.registers.organisations import on as received
from tests.world import PROCEDURES, SO, UNITS, XA, World, code

PROVINCE = "TONG:toan_tinh"
BY = {"by": "chi_cuc", "approved_by": "giam_doc"}
# The small province is never complete: nothing was pulled, compared or confirmed.
CLOSE = BY | {"reason": "Dữ liệu thử"}
PARTS = (
    "SELECT ma_don_vi, nguyen_nhan, tu_so, mau_so, so_dong FROM mart.phan_thay_doi WHERE ky_loai = 'thang' "
    "AND ky = :ky AND ma_chi_so = :ma AND den_revision IS NULL ORDER BY 1, 2"
)


@pytest.fixture
def counted(province: World) -> World:
    """Three months with five dossiers, refreshed."""
    province.add(*BASE)
    province.refresh_all()
    return province


def sound(world: World) -> list[str]:
    with world.engine.connect() as connection:
        return faults(connection)


def waiting_parts(world: World) -> list[tuple]:
    """The causes of what waits for the commune's figure of January, each with its size."""
    rows = world.rows(PARTS, ky="2025-01", ma="tiep_nhan")
    return [(row[1], row[2]) for row in rows if row[0] == XA]


def test_open_figures_are_counted_before_what_differs_from_closed_ones(counted, monkeypatch):
    """Whoever waits for figures of an open month waits for no closed one; what is left is found later."""
    close(counted.engine, "2025-01", **CLOSE)
    counted.add(LATE)

    def fails(*_: object) -> None:
        raise RuntimeError("đứt")

    monkeypatch.setattr(refresh_module, "find_pending_figures", fails)
    with pytest.raises(RuntimeError):
        refresh(counted.engine, *pending_periods(counted.engine))
    monkeypatch.undo()
    assert counted.figure("tiep_nhan", XA, "2025-02", "luy_ke") == (2, None)
    assert counted.figure("tiep_nhan", XA, "2025-01") == (0, None)
    # February and March are done; January is what is left, with nothing of it half found.
    assert pending_periods(counted.engine) == ["2025-01"]
    assert waiting_parts(counted) == []
    assert refresh(counted.engine, "2025-01").counted == []
    assert waiting_parts(counted) == [("den_muon", 1)]
    assert pending_periods(counted.engine) == []


def test_what_is_loaded_while_closed_months_are_explained_is_counted_later(counted, monkeypatch):
    """The parts of a difference are those of the rows that it was counted from, also in between."""
    close(counted.engine, "2025-01", **CLOSE)
    counted.add(LATE)
    explain = refresh_module._explain_closed

    def later(connection: sa.Connection, months: dict) -> list[str]:
        # Before its snapshot: the turn alone takes none.
        if not added:
            added.append(counted.add(on("0113", 7, don_vi_xu_ly=XA, ngay_cap_nhat="20250331000000")))
        return explain(connection, months)

    added: list[int] = []
    monkeypatch.setattr(refresh_module, "_explain_closed", later)
    done = refresh(counted.engine, *pending_periods(counted.engine))
    monkeypatch.undo()
    assert done.counted == ["2025-01", "2025-02", "2025-03", "2025-01"]
    assert waiting_parts(counted) == [("den_muon", 2)]
    # Its other periods do not follow yet, so that nobody takes the month for done.
    assert pending_periods(counted.engine) == ["2025-01", "2025-02", "2025-03"]
    counted.refresh_all()
    assert counted.figure("tiep_nhan", XA, "2025-02", "luy_ke") == (3, None)
    assert waiting_parts(counted) == [("den_muon", 2)]


def rows_behind(
    world: World, ma: str, unit: str, revision: int | None = None, part: str = "tu_so"
) -> list[str]:
    return [
        row[0]
        for row in world.rows(
            "SELECT dong FROM mart.ho_so_cua_chi_so(:ma, 'thang', '2025-01', :u, :r, :p)",
            ma=ma, u=unit, r=revision, p=part,
        )
    ]  # fmt: skip


def test_a_month_is_closed_with_the_periods_of_which_it_is_the_last(counted):
    first, second, third = (close(counted.engine, f"2025-0{n}", **CLOSE) for n in (1, 2, 3))
    names = [[f"{p.ky_loai} {p.ky}" for p in each.periods] for each in (first, second, third)]
    assert names[0] == ["ky_bao_cao 2025-01", "luy_ke 2025-01", "thang 2025-01"]
    assert names[1] == ["ky_bao_cao 2025-02", "luy_ke 2025-02", "thang 2025-02"]
    assert names[2] == [
        *("ky_bao_cao 2025-03", "ky_bao_cao 2025-Q1", "luy_ke 2025-03", "quy 2025-Q1", "thang 2025-03")
    ]
    shut = counted.rows("SELECT DISTINCT ky_loai || ' ' || ky FROM mart.chi_so WHERE trang_thai = 'da_chot'")
    assert {row[0] for row in shut} == {name for each in names for name in each}
    copied = (
        "ky_loai, ky, ma_chi_so, phien_ban, ma_don_vi, ten_don_vi, cap, tu_so, mau_so, gia_tri, muc_tieu, dat"
    )
    assert counted.rows(f"SELECT {copied} FROM mart.con_so_cong_bo ORDER BY 1, 2, 3, 5") == counted.rows(
        f"SELECT {copied} FROM mart.chi_so WHERE trang_thai = 'da_chot' ORDER BY 1, 2, 3, 5"
    )
    assert rows_behind(counted, "tiep_nhan", SO) == [code(1)]
    assert sound(counted) == []


@pytest.mark.parametrize(
    ("ky", "by", "says"),
    [
        ("2025-02", BY, "Month 2025-01 is open: months are closed in order. Close it first."),
        ("2025-01", {"by": "a", "approved_by": "a"}, "Nobody approves what they asked for: 'a' asked"),
        ("2025-01", {"by": "a", "approved_by": "A "}, "Nobody approves what they asked for: 'a' asked"),
        ("2025-01", {"by": " ", "approved_by": "a"}, "Nobody approves what they asked for: 'nobody' asked"),
        ("2024-12", BY, "Month 2024-12 has no data"),
        ("2025-13", BY, "Period '2025-13' is no month"),
    ],
)
def test_what_cannot_be_closed_is_not(counted, ky, by, says):
    with pytest.raises(CchcError, match=says.replace("'", ".")):
        close(counted.engine, ky, **by)
    assert counted.rows("SELECT count(*) FROM ops.so_cai") == [(0,)]


def test_a_closed_month_is_not_closed_again_nor_restated_for_nothing(counted):
    close(counted.engine, "2025-01", **CLOSE)
    with pytest.raises(CchcError, match="Month 2025-01 is closed already"):
        close(counted.engine, "2025-01", **CLOSE)
    with pytest.raises(CchcError, match="Nothing waits for 2025-01"):
        restate(counted.engine, "2025-01", reason="Thử", **BY)
    with pytest.raises(CchcError, match="Month 2025-02 is open"):
        restate(counted.engine, "2025-02", reason="Thử", **BY)
    with pytest.raises(CchcError, match="needs a reason"):
        restate(counted.engine, "2025-01", reason=" ", **BY)


def test_what_comes_late_changes_no_published_figure_and_waits_with_its_size(counted):
    close(counted.engine, "2025-01", **CLOSE)
    before = figures(counted)
    counted.add(LATE)
    done = refresh(counted.engine, "2025-01")
    assert done.closed == ["ky_bao_cao 2025-01", "luy_ke 2025-01", "thang 2025-01"]
    counted.refresh_all()
    assert pending_periods(counted.engine) == []
    after = figures(counted)
    assert {key[:2] for key in after if after[key] != before[key]} == {
        # Open, so they follow the data: a dossier of 12 January that ended on the 19th.
        *(("quy", "2025-Q1"), ("nua_nam", "2025-H1"), ("nam", "2025")),
        *(("luy_ke", "2025-02"), ("luy_ke", "2025-03")),
        # The report regime's longer ones begin in December, of which nothing is known.
        ("ky_bao_cao", "2025-02"),
    }
    waits = counted.rows(
        "SELECT DISTINCT ma_chi_so FROM mart.con_so_cho WHERE ky_loai = 'thang' AND ma_don_vi = :u", u=XA
    )
    assert {row[0] for row in waits} == CHANGED_BY_LATE
    assert counted.rows(PARTS, ky="2025-01", ma="T9") == [
        (XA, "den_muon", 0, 1, 1), (PROVINCE, "den_muon", 0, 1, 1), ("TONG:xa", "den_muon", 0, 1, 1),
    ]  # fmt: skip
    assert sound(counted) == []


def test_only_periods_that_may_differ_are_counted_beside_what_was_published(counted):
    close(counted.engine, "2025-01", **CLOSE)
    shut = {"kinds": ["thang", "luy_ke", "ky_bao_cao"], "names": ["2025-01"] * 3}

    def may_differ() -> list[str]:
        with counted.engine.connect() as connection:
            found = run_sql_file(connection, "publication/may_differ.sql", **shut, van_tay=fingerprint())
            return [row.ky_loai for row in found]

    assert may_differ() == []
    counted.add(BASE[-1] | {"ngay_cap_nhat": "20250402000000"}, at="2025-04-03")  # of March
    counted.refresh_all()
    assert may_differ() == []
    counted.add(LATE)
    counted.refresh_all()
    assert may_differ() == ["ky_bao_cao", "luy_ke", "thang"]
    restate(counted.engine, "2025-01", reason="Hồ sơ nộp muộn", **BY)
    assert may_differ() == []


def test_a_closed_month_that_is_counted_for_a_later_one_waits_as_well(counted):
    close(counted.engine, "2025-01", **CLOSE)
    counted.add(LATE)
    # The year to date that ends in March holds January, which is counted for it and is not March.
    assert refresh(counted.engine, "2025-03").counted == ["2025-01", "2025-02", "2025-03"]
    assert refresh(counted.engine, "2025-01").counted == []
    assert counted.rows(PARTS, ky="2025-01", ma="T9") == [
        (XA, "den_muon", 0, 1, 1), (PROVINCE, "den_muon", 0, 1, 1), ("TONG:xa", "den_muon", 0, 1, 1),
    ]  # fmt: skip


def test_a_restated_month_has_both_revisions_to_read(counted):
    close(counted.engine, "2025-01", **CLOSE)
    counted.add(LATE)
    done = restate(counted.engine, "2025-01", reason="Hồ sơ nộp muộn", **BY)
    assert [f"{p.ky_loai} {p.ky}" for p in done.periods] == [
        *("ky_bao_cao 2025-01", "luy_ke 2025-01", "thang 2025-01")
    ]
    assert counted.figure("tiep_nhan", XA, "2025-01") == (1, None)
    assert (rows_behind(counted, "tiep_nhan", XA, 0), rows_behind(counted, "tiep_nhan", XA, 1)) == (
        [], [code(6)],
    )  # fmt: skip
    assert rows_behind(counted, "tiep_nhan", PROVINCE) == [code(1), code(6)]
    # T9 is the share that is submitted online: the late one was not.
    assert rows_behind(counted, "T9", PROVINCE, 1, "con_lai") == [code(6)]
    assert counted.rows("SELECT count(*) FROM mart.con_so_cho") == [(0,)]
    history = counted.rows(
        "SELECT revision, tu_so, valid_to = 'infinity' FROM mart.chi_so_lich_su WHERE ma_chi_so = 'tiep_nhan'"
        " AND ky_loai = 'thang' AND ma_don_vi = :u ORDER BY 1",
        u=XA,
    )
    assert history == [(0, 0, False), (1, 1, True)]
    with counted.engine.connect() as connection:
        first, second = entries(connection)
    for moment, revision in ((first.at, 0), (second.at - timedelta(milliseconds=1), 0), (second.at, 1)):
        assert counted.rows(
            "SELECT revision FROM mart.chi_so_cong_bo(:at) WHERE ma_chi_so = 'tiep_nhan' AND ma_don_vi = :u "
            "AND ky_loai = 'thang'",
            at=moment, u=XA,
        ) == [(revision,)]  # fmt: skip
    assert counted.rows(
        "SELECT revision, gia_tri_dau, gia_tri, sua_doi FROM mart.tam_giac_sua_doi "
        "WHERE ma_chi_so = 'tiep_nhan' AND ky_loai = 'thang' AND ma_don_vi = :u ORDER BY 1",
        u=XA,
    ) == [(0, 0, 0, 0), (1, 0, 1, 1)]
    assert counted.rows(
        "SELECT so_ky, so_ky_sua, lech_trung_binh FROM mart.do_tin_cay_ban_dau "
        "WHERE ma_chi_so = 'tiep_nhan' AND ky_loai = 'thang' AND ma_don_vi = :u",
        u=XA,
    ) == [(1, 1, 1)]
    # A rate of nothing is no rate of 0: there is no first figure to be trusted.
    assert counted.rows(
        "SELECT revision, gia_tri_dau, gia_tri, sua_doi FROM mart.tam_giac_sua_doi "
        "WHERE ma_chi_so = 'T9' AND ky_loai = 'thang' AND ma_don_vi = :u ORDER BY 1",
        u=XA,
    ) == [(0, None, None, None), (1, None, 0, None)]
    assert counted.rows(
        "SELECT so_ky FROM mart.do_tin_cay_ban_dau "
        "WHERE ma_chi_so = 'T9' AND ky_loai = 'thang' AND ma_don_vi = :u", u=XA,
    ) == []  # fmt: skip
    changes = counted.rows(
        "SELECT tu_revision, den_revision, tu_so_truoc, tu_so_sau, nguyen_nhan, tu_so "
        "FROM mart.chi_so_thay_doi WHERE ma_chi_so = 'tiep_nhan' AND ky_loai = 'thang' AND ma_don_vi = :u",
        u=XA,
    )
    assert changes == [(0, 1, 0, 1, "den_muon", 1)]
    assert sound(counted) == []


@pytest.mark.parametrize("provisional", [False, True])
def test_a_longer_period_waits_for_the_last_of_its_months(counted, provisional: bool):
    for ky in ("2025-01", "2025-02"):
        close(counted.engine, ky, **CLOSE)
    if provisional:
        # What was published so is no revision of what is closed later.
        publish_provisionally(counted.engine, "2025-03", "he_thong", "Hết hạn")
    counted.add(LATE)
    third = close(counted.engine, "2025-03", **CLOSE)
    assert [f"{p.ky_loai} {p.ky}" for p in third.periods] == ["ky_bao_cao 2025-03", "thang 2025-03"]
    done = restate(counted.engine, "2025-01", reason="Hồ sơ nộp muộn", **BY)
    state = dict(
        counted.rows(
            "SELECT ky_loai || ' ' || ky, trang_thai || max(revision) FROM mart.chi_so "
            "WHERE ky_loai IN ('quy', 'luy_ke') GROUP BY ky_loai, ky, trang_thai"
        )
    )
    assert state == {
        **{"quy 2025-Q1": "da_chot0", "luy_ke 2025-01": "da_chot1", "luy_ke 2025-02": "da_chot1"},
        "luy_ke 2025-03": "da_chot0",
    }
    assert {f"{p.ky_loai} {p.ky}" for p in done.periods} >= {"quy 2025-Q1", "luy_ke 2025-03"}
    assert counted.figure("tiep_nhan", PROVINCE, "2025-Q1", "quy") == (6, None)
    assert sound(counted) == []


# Why a figure differs: what comes after January was closed with dossiers 1 to 30, by hand which cause it is.
CHANGED = {
    "sua_o_nguon": {"kenh_thuc_hien": "1"},
    "rut_xoa": {"da_xoa": "1"},
}


@pytest.mark.parametrize("cause", CHANGED)
def test_a_dossier_that_the_source_changes(counted, cause):
    close(counted.engine, "2025-01", **CLOSE)
    counted.add(BASE[0] | CHANGED[cause] | {"ngay_cap_nhat": "20250402000000"}, at="2025-04-03")
    counted.refresh_all()
    change = (-1, -1) if cause == "rut_xoa" else (-1, 0)
    assert counted.rows(PARTS, ky="2025-01", ma="T9") == [
        (where, cause, *change, 1) for where in sorted((SO, PROVINCE, "TONG:so_nganh"))
    ]


def test_a_dossier_whose_month_of_receipt_the_source_corrects_leaves_one_month_for_the_other(counted):
    close(counted.engine, "2025-01", **CLOSE)
    close(counted.engine, "2025-02", **CLOSE)
    moved = on("0212", 1) | {"ma_ho_so": code(1), "ngay_cap_nhat": "20250402000000"}
    counted.add(moved, at="2025-04-03")
    counted.refresh_all()
    for ky, change in (("2025-01", -1), ("2025-02", 1)):
        assert (PROVINCE, "sua_o_nguon", change, 0, 1) in counted.rows(PARTS, ky=ky, ma="tiep_nhan")


def test_what_came_late_is_late_also_when_it_is_published_in_another_month_and_counted_again(counted):
    close(counted.engine, "2025-01", **CLOSE)
    counted.add(LATE | {"ngay_ket_thuc_xu_ly": "", "trang_thai_ho_so": "4"})
    counted.refresh_all()
    late = (PROVINCE, "den_muon", 1, 0, 1)
    assert late in counted.rows(PARTS, ky="2025-01", ma="tiep_nhan")
    # It is still open in February, which is published with it.
    close(counted.engine, "2025-02", **CLOSE)
    make_pending(counted)
    counted.refresh_all()
    assert late in counted.rows(PARTS, ky="2025-01", ma="tiep_nhan")


@pytest.mark.long
def test_a_line_that_is_released_from_rejects(world: World):
    province = world.dimensions()
    unknown = on("0111", 40, don_vi_xu_ly="000.00.88.H59")
    export = province.dossiers(*(on("0110", n) for n in range(1, 31)), unknown)
    province.ingest("ho_so", export, "2025-04-01")
    province.refresh_all()
    close(province.engine, "2025-01", **CLOSE)
    more = {"ma_don_vi": "000.00.88.H59", "ten_don_vi": "Sở Mới Lập", "cap": "so_nganh"}
    province.ingest("don_vi", province.csv([*UNITS, more], list(UNITS[0])), at="2025-04-02")
    assert province.ingest("ho_so", export, "2025-04-01")[0].lines_rejected == 0
    province.refresh_all()
    assert (PROVINCE, "tha_khoi_loai", 1, 0, 1) in province.rows(PARTS, ky="2025-01", ma="tiep_nhan")


@pytest.mark.long
def test_a_flag_of_the_catalogue(world: World):
    counted = world.dimensions()
    counted.add(*BASE)
    counted.refresh_all()
    close(counted.engine, "2025-01", **CLOSE)
    changed = [
        each | {"ThuTucKhongCoKetQua": "1", "NgayCapNhat": "20240601000000"} for each in PROCEDURES[:1]
    ]
    counted.ingest("tthc", counted.json(changed))
    counted.refresh_all()
    # T11 counts dossiers of procedures that yield a result: dossier 1 no longer is one.
    assert (PROVINCE, "danh_muc_lich", -1, -1, 1) in counted.rows(PARTS, ky="2025-01", ma="T11")


@pytest.mark.long
def test_a_definition_that_changes(counted, definitions):
    close(counted.engine, "2025-01", **CLOSE)
    definitions.change("khong_co_han", phien_ban=2, tu_so=[{"su_kien": "ket_thuc"}])
    counted.refresh_all()
    assert counted.figure("khong_co_han", PROVINCE, "2025-01") == (0, None)
    assert counted.rows(PARTS, ky="2025-01", ma="khong_co_han") == [
        (where, "dinh_nghia", 1, 0, 1) for where in sorted((SO, PROVINCE, "TONG:so_nganh"))
    ]


@pytest.mark.long
def test_a_procedure_that_only_the_denominator_counts_by_a_new_definition(counted, definitions):
    close(counted.engine, "2025-01", **CLOSE)
    definitions.change(
        "T8",
        phien_ban=2,
        mau_so=[{"fact": "tthc_don_vi", "su_kien": "cung_cap", "dieu_kien": "muc_do IN (3, 4)"}],
    )
    counted.refresh_all()
    # The sở provides 1.000003 not toàn trình, which counts now; nobody submitted it. The commune had it.
    assert counted.rows(PARTS, ky="2025-01", ma="T8") == [
        (where, "dinh_nghia", 0, 1, 0) for where in sorted((SO, "TONG:so_nganh"))
    ]


@pytest.mark.long
def test_a_unit_that_is_mapped_otherwise(world: World, tmp_path):
    first, then = (
        write(tmp_path / ma, [unit("84.a"), unit("84.b")], [], [called("X", ma)]) for ma in ("84.a", "84.b")
    )
    world.dimensions()
    organise(world, first)
    world.ingest("ho_so", world.dossiers(received("2025-01-20", "X", 1)), "2025-03-31")
    world.refresh_all()
    close(world.engine, "2025-01", **CLOSE)
    organise(world, then)
    world.refresh_all()
    assert world.rows(PARTS, ky="2025-01", ma="tiep_nhan") == [
        ("84.a", "doi_don_vi", -1, 0, 1),
        ("84.b", "doi_don_vi", 1, 0, 1),
    ]


# The ledger ------------------------------------------------------------------------------------


PUBLISHED = [
    *("ops.so_cai", "core.phep_do", "core.dong_cong_bo", "core.dem_cong_bo", "core.don_vi_cong_bo"),
    *("ops.dinh_nghia_cong_bo", "ops.lo_cong_bo", "mart.con_so_cong_bo", "mart.bieu_06a_cong_bo"),
    *("ops.tep_cong_bo", "ops.noi_dung_tep", "ops.lan_nap"),
]

KEYS = {
    **{"ops.so_cai": "so", "core.phep_do": "dieu_kien", "ops.noi_dung_tep": "noi_dung"},
    "ops.lan_nap": "loai",
}


@pytest.mark.parametrize("login", ["cchc_etl", "cchc_owner"])
@pytest.mark.parametrize("table", PUBLISHED)
def test_nobody_changes_what_is_published(counted, postgres, table, login):
    close(counted.engine, "2025-01", **CLOSE)
    engine = engine_of(postgres.dsn(counted.engine.url.database, login, driver="psycopg2"))
    column = KEYS.get(table, "so_cai")
    for statement in (
        f"DELETE FROM {table}",
        f"UPDATE {table} SET {column} = {column}",
        f"TRUNCATE {table} CASCADE",
    ):
        with (
            engine.connect() as connection,
            pytest.raises(sa.exc.DBAPIError, match=r"permission denied|append-only"),
        ):
            connection.exec_driver_sql(statement)


OF_A_MONTH = "ky_loai = 'thang' AND ky = '2025-01'"
TAMPERED = {
    f"UPDATE mart.con_so_cong_bo SET tu_so = tu_so + 1 WHERE ma_chi_so = 'tiep_nhan' AND {OF_A_MONTH}": (
        r"entry 1 \(chot 2025-01\): mart.con_so_cong_bo has"
    ),
    "DELETE FROM core.dong_cong_bo WHERE ky = '2025-01' AND fact = 'ho_so'": "entry 1 .*dong_cong_bo has",
    "UPDATE ops.so_cai SET nguoi = 'ai_khac' WHERE so = 1": r"entry 1 \(chot 2025-01\) is not what its hash",
    "UPDATE ops.so_cai SET ma_bam = repeat('a', 64) WHERE so = 1": "entry 2 does not follow the one before",
    "DELETE FROM ops.so_cai WHERE so = 1": "entry 1 is missing: 2 follows 0",
    f"UPDATE mart.chi_so SET gia_tri = 99 WHERE ma_chi_so = 'T9' AND {OF_A_MONTH} AND gia_tri IS NOT NULL": (
        "mart.chi_so thang 2025-01 T9 .* is not what was published last"
    ),
    "DELETE FROM ops.dinh_nghia_cong_bo WHERE so_cai = 2 AND ma_chi_so = 'T9'": "entry 2 .*dinh_nghia",
    "UPDATE ops.noi_dung_tep SET noi_dung = noi_dung || ' '": "file .* of entry 1 is not what its hash says",
    "UPDATE core.dem_cong_bo SET so = so + 1": "2025-01: half . of .*: its rows give",
    "UPDATE core.phep_do SET dieu_kien = 'TRUE' WHERE phep_do = 1": "entry 1 .*its measures are others",
}


@pytest.mark.parametrize("change", TAMPERED)
def test_what_is_changed_by_force_is_found(counted, change):
    close(counted.engine, "2025-01", **CLOSE)
    close(counted.engine, "2025-02", **CLOSE)
    # Taken back: files and loads are those of tests that come after.
    with counted.engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        assert connection.exec_driver_sql(change).rowcount
        found = faults(connection)
    assert [each for each in found if re.match(TAMPERED[change], each)], found

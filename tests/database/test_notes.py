"""Comments and follow-up marks: who may write which, what may stand in them, and that they stay."""

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from cchc.database_roles import PAGES
from cchc.errors import CchcError
from cchc.figures.notes import Figure, add_note, note_fault
from cchc.pages.viewer import reading_as
from cchc.personal_numbers import IN_CODE
from tests.conftest import engine_for_tests
from tests.figures.by_hand import done, on
from tests.migrating import ROOT
from tests.world import SO, XA, World

KY = ("thang", "2025-03")
OF_SO, OF_XA = (Figure(*KY, "tiep_nhan", unit) for unit in (SO, XA))
OF_PROVINCE = Figure(*KY, "tiep_nhan", "TONG:toan_tinh")
# The logins of this file → their groups.
LOGINS = {"ghi_can_bo": "cchc_steward", "ghi_so": "cchc_don_vi", "ghi_bi": "cchc_bi"}
As = Callable[[str], sa.Connection]


@pytest.fixture(scope="module")
def warehouse(make_world) -> Iterator[World]:
    """Some dossiers of a sở and a commune in March; a steward, a login of the sở, a BI tool."""
    world = make_world().dimensions()
    world.add(on("0305", **done("0310")), on("0305", don_vi_xu_ly=XA))
    world.refresh_all()
    with world.engine.begin() as connection:
        for name, group in LOGINS.items():
            connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN IN ROLE {group}")
        connection.execute(sa.text("SELECT ops.gan_don_vi('ghi_so', :unit)"), {"unit": SO})
        for name, unit in (("can_bo", None), ("cua_so", SO)):
            connection.execute(sa.text("SELECT ops.gan_nguoi_xem(:n, :u)"), {"n": name, "u": unit})
    yield world
    with world.engine.begin() as connection:
        for name in LOGINS:
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")


@pytest.fixture
def as_login(warehouse) -> Iterator[As]:
    """One session that becomes whoever is named; what a test wrote is taken out again."""
    with warehouse.engine.connect() as connection:

        def become(login: str) -> sa.Connection:
            connection.exec_driver_sql("RESET SESSION AUTHORIZATION")
            connection.exec_driver_sql(f"SET LOCAL SESSION AUTHORIZATION {login}")
            return connection

        yield become


def told(connection: sa.Connection) -> list[tuple]:
    """Unit, kind, text, who, and whether the figure is followed up: what the asker sees, in order."""
    query = "SELECT ma_don_vi, loai, noi_dung, nguoi, dang_theo_doi FROM mart.ghi_chu ORDER BY lan"
    return [tuple(row) for row in connection.execute(sa.text(query))]


# Who ------------------------------------------------------------------------------------------


def test_a_steward_writes_about_any_figure(as_login):
    connection = as_login("ghi_can_bo")
    for figure in (OF_SO, OF_XA, OF_PROVINCE):
        add_note(connection, figure, "ghi_chu", "Đã hỏi lại đơn vị.")
    assert told(connection) == [
        (figure.ma_don_vi, "ghi_chu", "Đã hỏi lại đơn vị.", "ghi_can_bo", False)
        for figure in (OF_SO, OF_XA, OF_PROVINCE)
    ]


def test_a_unit_writes_about_its_own_figures_and_sees_what_others_wrote_there(as_login):
    connection = as_login("ghi_can_bo")
    add_note(connection, OF_SO, "theo_doi")
    add_note(connection, OF_XA, "theo_doi")
    connection = as_login("ghi_so")
    add_note(connection, OF_SO, "ghi_chu", "Thiếu tệp ngày 31, sẽ nhập bù.")
    assert told(connection) == [
        (SO, "theo_doi", None, "ghi_can_bo", True),
        (SO, "ghi_chu", "Thiếu tệp ngày 31, sẽ nhập bù.", "ghi_so", True),
    ]


@pytest.mark.parametrize("figure", [OF_XA, OF_PROVINCE], ids=["another", "province"])
def test_a_unit_does_not_write_about_other_figures(as_login, figure):
    with pytest.raises(CchcError, match="đơn vị chỉ ghi chú được con số của mình"):
        add_note(as_login("ghi_so"), figure, "theo_doi")


def test_a_login_of_a_unit_that_is_tied_to_none_writes_nothing(as_login):
    connection = as_login("ghi_can_bo")
    connection.exec_driver_sql("SELECT ops.bo_don_vi('ghi_so')")
    with pytest.raises(CchcError, match="đơn vị chỉ ghi chú được con số của mình"):
        add_note(as_login("ghi_so"), OF_SO, "theo_doi")


@pytest.mark.parametrize("login", ["ghi_bi", "cchc_etl"])
def test_others_write_nothing(as_login, login):
    with pytest.raises(CchcError, match="permission denied for"):
        add_note(as_login(login), OF_SO, "theo_doi")


@pytest.mark.parametrize("login", ["ghi_can_bo", "ghi_so", "cchc_etl"])
def test_nobody_writes_the_table(as_login, login):
    columns = "ky_loai, ky, ma_chi_so, ma_don_vi, loai, nguoi, tai_khoan"
    row = (
        f"INSERT INTO ops.ghi_chu ({columns}) VALUES ('thang', '2025-03', 'T9', '{SO}', 'theo_doi', 'a', 'b')"
    )
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        as_login(login).exec_driver_sql(row)


@pytest.mark.parametrize(
    "verb", ["UPDATE ops.ghi_chu SET noi_dung = 'x'", "DELETE FROM ops.ghi_chu", "TRUNCATE ops.ghi_chu"]
)
def test_the_owner_changes_no_comment_either(as_login, verb):
    add_note(as_login("ghi_can_bo"), OF_SO, "theo_doi")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        as_login("cchc_owner").exec_driver_sql(verb)


@pytest.mark.parametrize(("name", "seen"), [("can_bo", [SO, XA]), ("cua_so", [SO])])
def test_on_the_pages_whoever_looks_is_who_writes(warehouse, postgres, name, seen):
    engine = engine_for_tests(postgres.dsn(warehouse.engine.url.database, PAGES, driver="psycopg2"))
    with engine.connect() as connection:
        vai = connection.execute(sa.text("SELECT vai FROM ops.nguoi_xem_la(:n)"), {"n": name}).scalar_one()
        connection.exec_driver_sql(f"SET LOCAL ROLE {vai}")
        for unit in seen:
            add_note(connection, Figure(*KY, "tiep_nhan", unit), "ghi_chu", "Đã hỏi.")
        assert [(row[0], row[3]) for row in told(connection)] == [(unit, name) for unit in seen]
        if name == "cua_so":
            with pytest.raises(CchcError, match="đơn vị chỉ ghi chú được con số của mình"):
                add_note(connection, OF_XA, "theo_doi")
    with reading_as(engine, "ai_do") as reading, pytest.raises(CchcError, match="permission denied"):
        add_note(reading.connection, OF_SO, "theo_doi")
    engine.dispose()


def test_no_login_but_that_of_the_pages_says_for_whom_it_writes(as_login):
    connection = as_login("ghi_so")
    connection.exec_driver_sql("SET LOCAL cchc.nguoi_xem = 'can_bo'")
    add_note(connection, OF_SO, "theo_doi")
    assert [row[3] for row in told(connection)] == ["ghi_so"]
    with pytest.raises(CchcError, match="đơn vị chỉ ghi chú được con số của mình"):
        add_note(connection, OF_XA, "theo_doi")


# What -----------------------------------------------------------------------------------------


def test_the_last_mark_counts_for_each_figure_by_itself(as_login):
    connection = as_login("ghi_can_bo")
    for figure, kind in [(OF_SO, "theo_doi"), (OF_XA, "theo_doi"), (OF_SO, "thoi_theo_doi")]:
        add_note(connection, figure, kind)
    add_note(connection, OF_XA, "ghi_chu", "Chờ trả lời.")
    assert {(row[0], row[4]) for row in told(connection)} == {(SO, False), (XA, True)}
    add_note(connection, OF_SO, "theo_doi", "Lại khác thường.")
    assert {(row[0], row[4]) for row in told(connection)} == {(SO, True), (XA, True)}


@pytest.mark.long
def test_it_stays_when_the_figure_is_counted_again_and_when_it_goes(world):
    world.dimensions().add(on("0305"))
    world.refresh_all()
    figures = "SELECT tu_so FROM mart.chi_so WHERE (ky_loai, ky, ma_chi_so, ma_don_vi) = "
    figures += f"('thang', '2025-03', 'tiep_nhan', '{SO}')"
    with world.engine.begin() as connection:
        add_note(connection, OF_SO, "theo_doi", "Chỉ có một hồ sơ.")
    world.add(on("0305"), on("0306"))
    world.refresh_all()
    assert world.rows(figures) == [(2,)]
    with world.engine.begin() as connection:
        assert told(connection) == [(SO, "theo_doi", "Chỉ có một hồ sơ.", "postgres", True)]
        connection.exec_driver_sql("DELETE FROM mart.chi_so")
        assert len(told(connection)) == 1


@pytest.mark.parametrize(
    "figure",
    [
        Figure("thang", "2031-01", "tiep_nhan", SO),
        Figure("quy", "2025-03", "tiep_nhan", SO),
        Figure(*KY, "khong_co", SO),
        Figure(*KY, "tiep_nhan", "TONG:quan"),
    ],
    ids=["period", "kind", "indicator", "unit"],
)
def test_there_must_be_such_a_figure(as_login, figure):
    with pytest.raises(CchcError, match="Không có con số"):
        add_note(as_login("ghi_can_bo"), figure, "theo_doi")


def test_a_mark_that_there_is_not_is_refused(as_login):
    with pytest.raises(CchcError, match="loai xoa không có: cần ghi_chu, theo_doi hoặc thoi_theo_doi"):
        add_note(as_login("ghi_can_bo"), OF_SO, "xoa")  # type: ignore[arg-type]


FINE = [
    "Hồ sơ đất đai tăng do đo đạc lại toàn xã, đã hỏi Phòng Kinh tế.",
    "Nghỉ Tết từ 25/01/2025 đến 02/02/2025; mẫu số 1.204 so với 11.150",
    "Ba tháng 95,10 93,00 97,40 % là bình thường",
    "Chờ Sở Nội vụ xác nhận hồ sơ 000.17.22.H56-210531-0001",
    "Xã Nguyễn Văn Thảnh mới nhập từ 01/07/2025",
    "Đường Lê Lợi ngập nên bộ phận một cửa nghỉ",
]
# What the database refuses by itself, whoever asks it.
NOT_FINE = [
    "Gọi 0912345678",
    "Gọi 0912 345 678",
    "Gọi (091) 234-5678",
    "Gọi 0912\u200b345\u200b678",
    "Gọi +84 912 345 678",
    "Số 084 190 012 345",
    "Thư: hoi@example.vn",
    "Anh Nguyễn Văn An báo lại",
    "ĐÃ HỎI HUỲNH THỊ BÉ",
    "đã hỏi (nguyễn văn a)",
]
# What only cchc.figures.notes knows.
ASKED_BEFORE = ["liên hệ không chín một hai ba bốn năm sáu bảy tám", "Bà Trần Thị Bích báo lại", "Lê Lợi"]


@pytest.mark.parametrize("text", FINE)
def test_what_officers_write_may_be_written(as_login, text):
    connection = as_login("ghi_can_bo")
    add_note(connection, OF_SO, "ghi_chu", f"  {text}\n")
    assert [row[2] for row in told(connection)] == [text]


@pytest.mark.parametrize("text", [*NOT_FINE, *ASKED_BEFORE])
def test_numbers_addresses_and_names_of_people_are_refused(text):
    assert note_fault(text).startswith("Ghi chú có thể chứa ")


@pytest.mark.parametrize("text", NOT_FINE)
@pytest.mark.parametrize("kind", ["ghi_chu", "theo_doi"])
def test_the_database_refuses_them_by_itself(as_login, kind, text):
    call = sa.text(f"SELECT ops.ghi_chu_them('thang', '2025-03', 'tiep_nhan', '{SO}', :kind, :text)")
    with pytest.raises(sa.exc.IntegrityError, match="Ghi chú có thể chứa") as refusal:
        as_login("ghi_so").execute(call, {"kind": kind, "text": text})
    # Else it would stand in logs.
    assert text not in str(refusal.value)


def test_the_database_knows_numbers_as_the_package_does():
    made = (ROOT / "sql/functions/ops.ghi_chu_them.sql").read_text(encoding="utf-8")
    block = made[made.index("so ~ (") : made.index("so ~ (") + 1000].partition("    ) THEN")[0]
    assert "".join(re.findall(r"'([^']*)'", block)) == IN_CODE


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "Ghi chú trống"),
        (" \n ", "Ghi chú trống"),
        ("a" * 1001, "1001 ký tự"),
        ("một\nhai", "xuống dòng"),
        ("a\x07b", "không thấy được"),
    ],
    ids=["nothing", "blank", "long", "lines", "bell"],
)
def test_a_comment_is_one_line_of_text(as_login, text, says):
    with pytest.raises(CchcError, match=says):
        add_note(as_login("ghi_can_bo"), OF_SO, "ghi_chu", text)


@pytest.mark.parametrize("text", ["", "a" * 1001, "một\nhai"], ids=["nothing", "long", "lines"])
def test_the_database_asks_for_one_line_too(as_login, text):
    call = sa.text(f"SELECT ops.ghi_chu_them('thang', '2025-03', 'tiep_nhan', '{SO}', 'ghi_chu', :text)")
    with pytest.raises(sa.exc.IntegrityError, match="Ghi chú"):
        as_login("ghi_can_bo").execute(call, {"text": text})

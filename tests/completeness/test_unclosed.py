"""What is not confirmed and not closed is late; where nobody ever did, that is one line and not a list."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import sqlalchemy as sa

from cchc.publication.closing import close
from cchc.publication.ledger import write
from cchc.reports.lateness import late, lateness
from tests.completeness.test_late import found, in_days, silence
from tests.world import HUYEN, SO, XA, World

# April has its days off: the fourth working day is Friday the 4th; Monday the 7th is the day of the Hùng
# kings, so the fifth is Tuesday the 8th. Of February they are Thursday 6 and Friday 7 March, of January
# Thursday 6 and Friday 7 February, after Tết.
CONFIRMED_BY, CLOSED_BY = datetime(2025, 4, 4, 23, 59), datetime(2025, 4, 8, 23, 59)
LATER = datetime(2025, 4, 9, 8)
BY = {"by": "chi_cuc", "approved_by": "giam_doc"}
CLOSE = BY | {"reason": "Dữ liệu thử"}
NAMES = "Sở Xây dựng; UBND Phường 1, Thành phố Trà Vinh; UBND Thành phố Trà Vinh"


@pytest.fixture
def counted(province: World) -> World:
    """January, February and March have a dossier each, and are counted."""
    province.add(
        *(
            {"ngay_nop_ho_so": f"20250{n}20080000", "ngay_tiep_nhan": f"20250{n}20090000"}
            | {"ngay_hen_tra": f"20250{n}27090000", "ngay_cap_nhat": f"20250{n}20090000"}
            for n in (1, 2, 3)
        )
    )
    province.refresh_all()
    return province


@pytest.fixture
def connection(counted: World) -> Iterator[sa.Connection]:
    with counted.engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def confirm(connection: sa.Connection, ky: str, unit: str, agrees: bool = True) -> None:
    write(connection, "xac_nhan", ky, "nguoi_cua_don_vi", {"dong_y": agrees}, unit=unit)


def told(connection: sa.Connection, kind: str, now: datetime = LATER) -> list[str]:
    return [one.line for one in late(connection, now) if one.loai == kind]


def test_where_nobody_ever_confirmed_or_closed_each_is_one_line_that_says_since_when(connection):
    assert told(connection, "xac_nhan") == [
        "Xác nhận: chưa đơn vị nào xác nhận bao giờ; đã quá hạn 3 tháng, sớm nhất Tháng 01/2025, từ "
        "07/02/2025 00:00"
    ]
    assert told(connection, "chot") == ["Chưa chốt 3 tháng, sớm nhất Tháng 01/2025, từ 08/02/2025 00:00"]
    assert [one.ma for one in late(connection, LATER)][-2:] == ["xac_nhan:chua_bao_gio", "chot:2025-01"]
    assert "ky_han.csv" in late(connection, LATER)[-1].todo


@pytest.mark.parametrize(
    ("kind", "until", "months"),
    [
        ("xac_nhan", CONFIRMED_BY, 2),
        ("xac_nhan", datetime(2025, 4, 5), 3),
        ("chot", CLOSED_BY, 2),
        ("chot", datetime(2025, 4, 9), 3),
        ("chot", datetime(2025, 2, 7, 23), 0),
        ("chot", datetime(2025, 2, 8), 1),
    ],
)
def test_a_month_is_late_on_the_day_after_its_deadline(connection, kind, until, months):
    assert sum(row[3] for row in found(connection, kind, until)) == months


def test_since_units_confirm_each_that_did_not_is_late_from_that_month_on(connection):
    confirm(connection, "2025-02", SO)
    assert found(connection, "xac_nhan", LATER) == [
        *((unit, "2025-02", datetime(2025, 3, 7), 1) for unit in sorted((HUYEN, XA))),
        *((unit, "2025-03", datetime(2025, 4, 5), 1) for unit in sorted((SO, HUYEN, XA))),
    ]
    february, march = told(connection, "xac_nhan")
    assert february == (
        "Xác nhận Tháng 02/2025: 2 đơn vị chưa xác nhận (UBND Phường 1, Thành phố Trà Vinh; UBND Thành phố "
        "Trà Vinh), từ 07/03/2025 00:00"
    )
    assert march == f"Xác nhận Tháng 03/2025: 3 đơn vị chưa xác nhận ({NAMES}), từ 05/04/2025 00:00"


def test_the_last_word_of_a_unit_counts(connection):
    confirm(connection, "2025-03", XA)
    confirm(connection, "2025-03", SO, agrees=False)
    assert {row[0] for row in found(connection, "xac_nhan", LATER)} == {SO, HUYEN}
    confirm(connection, "2025-03", SO)
    confirm(connection, "2025-03", XA, agrees=False)
    assert {row[0] for row in found(connection, "xac_nhan", LATER)} == {XA, HUYEN}


def test_a_refusal_is_no_first_confirmation(connection):
    confirm(connection, "2025-03", SO, agrees=False)
    assert [one.ma for one in late(connection, LATER) if one.loai == "xac_nhan"] == ["xac_nhan:chua_bao_gio"]


def test_a_month_that_is_closed_needs_no_confirmation_and_the_next_is_the_first_that_is_open(counted):
    with counted.engine.begin() as connection:
        confirm(connection, "2025-01", SO)
    for ky in ("2025-01", "2025-02"):
        close(counted.engine, ky, **CLOSE)
    with counted.engine.connect() as connection:
        assert {row[1] for row in found(connection, "xac_nhan", LATER)} == {"2025-03"}
        assert [one.ma for one in late(connection, LATER)][-2:] == ["xac_nhan:2025-03", "chot:2025-03"]
        assert told(connection, "chot") == ["Chưa chốt 1 tháng, sớm nhất Tháng 03/2025, từ 09/04/2025 00:00"]
    close(counted.engine, "2025-03", **CLOSE)
    with counted.engine.connect() as connection:
        assert found(connection, "chot", LATER) == found(connection, "xac_nhan", LATER) == []


def test_what_is_published_as_provisional_is_not_closed(connection):
    write(connection, "tam_cong_bo", "2025-01", "lich", {})
    assert told(connection, "chot") == ["Chưa chốt 3 tháng, sớm nhất Tháng 01/2025, từ 08/02/2025 00:00"]


def test_where_no_day_is_known_nobody_is_late(connection):
    connection.exec_driver_sql("UPDATE core.han_nop SET han = NULL WHERE loai IN ('xac_nhan', 'chot')")
    assert found(connection, "chot", LATER) == found(connection, "xac_nhan", LATER) == []


def test_a_steward_sees_it(connection):
    connection.exec_driver_sql("SET LOCAL ROLE cchc_steward")
    assert [row[3] for row in found(connection, "chot", LATER)] == [3]


# The digest ----------------------------------------------------------------------------------------


def test_several_findings_of_a_kind_are_one_line_of_the_digest(connection, monkeypatch):
    monkeypatch.setenv("CCHC_NGUON_DEN", LATER.isoformat())
    confirm(connection, "2025-02", SO)
    _, lines, _ = lateness(connection)
    assert [line.partition(":")[0] for line in lines] == [
        "Dữ liệu từ nguồn, 7 bộ dữ liệu",
        "Đối chiếu với nguồn, 5 bộ dữ liệu",
        "Phiếu khai báo, 3 tháng",
        "Xác nhận của đơn vị, 2 tháng",
        "Chưa chốt 3 tháng, sớm nhất Tháng 01/2025, từ 08/02/2025 00",
    ]
    assert lines[0].endswith("; và 2 nữa")
    assert lines[3].startswith("Xác nhận của đơn vị, 2 tháng: Tháng 02/2025: 2 đơn vị chưa xác nhận (UBND")


def test_what_was_silenced_is_told_again_with_what_was_said_and_is_not_cut_off(connection, monkeypatch):
    monkeypatch.setenv("CCHC_NGUON_DEN", LATER.isoformat())
    [kept] = [line for line in lateness(connection)[1] if line.startswith("Dữ liệu từ nguồn")]
    assert "Văn bản" not in kept
    silence(connection, "du_lieu:van_ban", "nguồn bảo trì theo lịch", in_days(3))
    assert lateness(connection)[1][0].startswith("Dữ liệu từ nguồn, 6 bộ dữ liệu: ")
    silence(connection, "du_lieu:van_ban", "bảo trì xong sớm hơn", None)
    assert "“bảo trì xong sớm hơn”; nay hết)" in lateness(connection)[1][0]
    silence(connection, "chot:2025-01", "chờ Sở Nội vụ trả lời", in_days(3))
    assert not [line for line in lateness(connection)[1] if line.startswith("Chưa chốt")]

"""The morning's message says what the warehouse holds, and nothing of a person or a dossier."""

import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from cchc.charts import FIGURE, MISSED, TARGET
from cchc.reports import pulls
from cchc.reports.digest import PICTURE, Digest, digest
from cchc.reports.lateness import NOTHING, TITLE
from cchc.reports.summary import summary
from cchc.vietnamese import VIETNAM
from tests.pictures import colours
from tests.world import SO, XA

YESTERDAY = datetime.now(VIETNAM) - timedelta(days=1)
# Of March at the province, by hand from the ten dossiers: five of eight came online, four of six that ended
# did so in time, two ended late and one is open and late.
BY_HAND = {
    "T9": "62,50 % (chỉ tiêu ≥ 60,00 %: đạt)",
    "T8": "33,33 % (chỉ tiêu ≥ 70,00 %: CHƯA ĐẠT)",
    "dung_han_06a": "66,67 %",
    "T15": "3",
    "tiep_nhan": "8",
    "ky_truoc": "2",
    "da_giai_quyet": "6",
    "dang_giai_quyet": "4",
    "T10": "–",
}


def message(connection: sa.Connection, since: datetime = YESTERDAY, *, drawn: bool = False) -> Digest:
    return digest(connection, since, drawn)


def part(text: str, title: str) -> list[str]:
    """The lines below a title."""
    [found] = re.findall(rf"^{title}.*\n((?:- .*\n?)+)", text, re.MULTILINE)
    return [line.removeprefix("- ") for line in found.splitlines()]


@pytest.mark.parametrize("ma", BY_HAND)
def test_it_says_the_figures_of_the_newest_month(connection, ma):
    found = message(connection)
    assert re.search(rf"^- {ma} .*: {re.escape(BY_HAND[ma])}$", found.text, re.MULTILINE)
    cells = re.findall(rf"{ma}</small></th>\n<td[^>]*>(.*)</td>\n<td[^>]*>(.*)</td>", found.html)
    assert [value for _, value in cells] == [BY_HAND[ma].split(" (")[0]]


def test_subject_counts_what_is_met_and_what_waits(connection):
    """Met are T7, T9, T11, T12, T13, missed T1 and T8; late is something of each of the five kinds."""
    assert message(connection).subject.endswith("Tháng 03/2025: 5 đạt, 2 chưa đạt; 5 việc chờ")
    assert "Tạm tính" in message(connection).text


@pytest.mark.long
def test_the_picture_has_bars_and_targets(connection):
    found = message(connection, drawn=True)
    assert f'src="cid:{PICTURE}"' in found.html
    seen = colours(found.picture)
    # Bars of what is met and of what is missed, strokes of targets, white around them.
    assert seen[FIGURE] > 5_000 and seen[MISSED] > 1_000
    assert seen[TARGET] > 500
    assert seen["#ffffff"] > sum(seen.values()) / 3


def test_it_names_no_dossier_and_no_file(connection):
    found = message(connection)
    for text in (found.text, found.html, found.subject):
        assert "H59-250305" not in text
        assert ".csv" not in text


def test_without_figures_it_says_so(engine):
    with engine.connect() as connection:
        found = message(connection, drawn=True)
    assert "Chưa có con số nào." in found.text and "Chưa có con số nào." in found.html
    assert found.picture is None and "cid:" not in found.html


def note_change(connection: sa.Connection, old: str, new: str, *, unit: str, ago: timedelta) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO ops.figure_change (changed_at, ky_loai, ky, ma_chi_so, phien_ban_cu, phien_ban_moi, "
            "ma_don_vi, gia_tri_cu, gia_tri_moi, batch_ids) "
            "VALUES (now() - :ago, 'thang', '2025-03', 'T9', 1, 1, :unit, :old, :new, '{}')"
        ),
        {"old": old, "new": new, "unit": unit, "ago": ago},
    )


def test_it_says_what_changed_since_the_one_before(connection):
    """Twice changed counts once, from the first value to the last; what was told before is not told again."""
    province = "TONG:toan_tinh"
    note_change(connection, "10", "62.50", unit=province, ago=timedelta(days=2))
    note_change(connection, "62.50", "50", unit=province, ago=timedelta(hours=5))
    note_change(connection, "50", "75", unit=province, ago=timedelta(hours=2))
    note_change(connection, "40", "41", unit=SO, ago=timedelta(hours=2))
    lines = part(message(connection).text, "Đổi từ")
    assert lines == [
        "Tháng 03/2025: 2 con số đổi, của 1 đơn vị",
        "Tháng 03/2025 Tỷ lệ hồ sơ nộp trực tuyến trên tổng hồ sơ tiếp nhận (T9), toàn tỉnh: 62,50 % → "
        "75,00 % (+12,50)",
    ]


def test_what_changed_and_changed_back_is_no_change(connection):
    province = "TONG:toan_tinh"
    for unit in (province, SO):
        note_change(connection, "10", "62.50", unit=unit, ago=timedelta(hours=5))
        note_change(connection, "62.50", "10.0", unit=unit, ago=timedelta(hours=2))
    assert part(message(connection).text, "Đổi từ") == ["Không con số nào đã tính lại đổi giá trị."]
    note_change(connection, "40", "41", unit=XA, ago=timedelta(hours=2))
    assert part(message(connection).text, "Đổi từ") == ["Tháng 03/2025: 1 con số đổi, của 1 đơn vị"]


@pytest.mark.parametrize(
    ("ends", "month"),
    [
        ("2025-03-10T00:00", "02/2025"),
        # Nothing is known of its last day.
        ("2025-03-31T00:00", "02/2025"),
        ("2025-04-01T00:00", "03/2025"),
        # No month is whole.
        ("2025-01-10T00:00", "03/2025"),
    ],
)
def test_a_month_that_has_only_begun_does_not_head_it(connection, monkeypatch, ends, month):
    monkeypatch.setenv("CCHC_NGUON_DEN", ends)
    assert f"Tháng {month}: " in message(connection).subject


def test_a_source_that_is_known_further_says_which_month_is_whole(connection, monkeypatch):
    """One that was never pulled, and one known until the tenth of March."""
    known = {"ho_so": datetime(2025, 3, 10)}
    monkeypatch.setattr(pulls, "watermark_of", lambda _, dataset: known.get(dataset))
    assert "Tháng 02/2025: " in message(connection).subject


def test_it_says_which_batch_is_stopped_by_its_rules_not_by_its_file(connection):
    batch_id = connection.scalar(
        sa.text(
            "INSERT INTO ops.batch (dataset, sha256, size_bytes, landed_path, original_name, origin, status, "
            "stop_reason, validated_at) VALUES ('ho_so', repeat('a', 64), 1, 'x', 'Nguyễn Văn A.xlsx', "
            "'file', 'stopped', 'line 3', now()) RETURNING batch_id"
        )
    )
    connection.execute(
        sa.text(
            "INSERT INTO ops.validation_result (batch_id, rule_id, severity, scope, success, checked_count, "
            "failed_count, reason) VALUES (:id, 'HS03', 'critical', 'lo', FALSE, 9, 4, 'x')"
        ),
        {"id": batch_id},
    )
    found = message(connection)
    assert part(found.text, "Lô bị dừng") == [
        f"Lô {batch_id}, Hồ sơ thủ tục hành chính: bị dừng (quy tắc: HS03: 4)"
    ]
    assert found.subject.endswith("6 việc chờ")
    assert "Nguyễn" not in found.text + found.html


def test_what_is_late_is_a_line_for_each_kind_in_the_text_and_in_the_letter(connection):
    found = message(connection)
    lines = part(found.text, "Trễ hạn")
    assert [re.split("[,:]", line)[0] for line in lines] == [
        *("Dữ liệu từ nguồn", "Đối chiếu với nguồn", "Phiếu khai báo", "Xác nhận"),
        "Chưa chốt 3 tháng",
    ]
    assert all(f"<li>{line}</li>" in found.html for line in lines)


def test_where_nothing_is_late_one_short_line_says_so(connection, monkeypatch):
    monkeypatch.setattr("cchc.reports.digest.lateness", lambda _: (TITLE, [], NOTHING))
    assert part(message(connection).text, "Trễ hạn") == ["Không gì trễ hạn."]
    assert message(connection).subject.endswith("không có việc chờ")


def test_it_says_which_months_wait(connection):
    connection.exec_driver_sql(
        "UPDATE ops.period SET changed = nextval('ops.period_change') WHERE ky = '2025-02'"
    )
    [line] = part(message(connection).text, "Tháng chờ tính lại")
    assert line.startswith("Tháng 02/2025, tính lần cuối ")


def test_long_lists_say_how_much_more_there_is(connection):
    for number in range(25):
        connection.execute(
            sa.text(
                "INSERT INTO ops.batch (dataset, sha256, size_bytes, landed_path, original_name, origin) "
                "VALUES ('ho_so', md5(:n) || md5(:n), 1, 'x', 'x', 'file')"
            ),
            {"n": str(number)},
        )
    lines = part(message(connection).text, "Lô bị dừng")
    assert len(lines) == 21 and lines[-1] == "và 5 dòng nữa"


@pytest.mark.parametrize(("ky", "headed"), [("2025-03", "Tháng 02/2025: "), (None, "chưa có con số; ")])
def test_a_month_without_figures_does_not_head_it(connection, ky, headed):
    """As where the first month that is counted was set later."""
    reason = "Kỳ bắt đầu trước ngày đầu tiên có số liệu (01/04/2025)"
    connection.execute(
        sa.text("UPDATE mart.ky SET ly_do_na = :why WHERE ky_loai = 'thang' AND :ky IN (ky, '')"),
        {"why": reason, "ky": ky or ""},
    )
    found = message(connection)
    assert headed in found.subject
    for text in (found.text, found.html, summary(connection)):
        assert ("Chưa có con số nào. Tháng 03/2025: " + reason in text) is (ky is None)


def test_signs_that_turn_or_hide_text_are_written_out(connection):
    connection.execute(
        sa.text("UPDATE mart.dinh_nghia SET ten = :ten WHERE ma_chi_so = 'T9'"),
        {"ten": "A\u202egnort\u0007\u200b"},
    )
    found = message(connection)
    for text in (found.text, found.html, summary(connection)):
        assert "A\\u202egnort\\x07\\u200b" in text
        assert not re.search("[\u202e\u0007\u200b]", text)

"""The words of a question: in Vietnamese and Markdown, as Airflow shows them. Figures and counts, no rows."""

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from cchc.publication.conditions import HARD, Condition, conditions
from cchc.vietnamese import figure, moment, number, period
from cchc.warehouse import run_sql_file

# Unit names beyond so many are counted.
LONGEST_DETAIL = 300


@dataclass(frozen=True)
class About:
    """What is asked about. `loai`: as in ops.de_nghi; `dataset`, `den`: of a lock exception; `cho`:
    hash of what waits."""

    loai: Literal["xac_nhan", "chot", "dinh_chinh", "ngoai_le"]
    ky: str
    ma_don_vi: str | None = None
    dataset: str | None = None
    den: str | None = None
    ly_do: str | None = None
    cho: str | None = None

    @property
    def of_unit(self) -> bool:
        """Whether the unit itself is asked."""
        return self.loai == "xac_nhan"


def text_of(connection: sa.Connection, about: About, by: str) -> tuple[str, str]:
    """Subject and body of a question."""
    month = period("thang", about.ky).lower()
    if about.loai == "xac_nhan":
        return f"Xác nhận con số {month} của đơn vị", _of_unit(connection, about)
    if about.loai == "chot":
        return f"Chốt {month}", _to_close(connection, about)
    asked = f"Người đề nghị: {_cell(by)}. Lý do: {_cell(about.ly_do or 'không nêu')}."
    if about.loai == "dinh_chinh":
        return f"Đính chính {month}", f"{asked}\n\n{_waiting(connection, about.ky)}"
    return (
        f"Cho nộp muộn {month}",
        f"{asked}\n\nĐơn vị: {_name(connection, about.ma_don_vi)}. Bộ dữ liệu: {_cell(about.dataset or '')}. "
        f"Đến hết ngày: {_cell(about.den or '')}.\n\nTháng vẫn chốt. Dòng đến muộn trong phạm vi này được "
        "công bố thành lần sửa mới mà không hỏi lại, khi không còn dòng nào khác của tháng ấy chờ.",
    )


def _to_close(connection: sa.Connection, about: About) -> str:
    rows = conditions(connection, about.ky)
    parts = [
        "Chốt rồi thì con số không tự đổi nữa; dữ liệu đến sau chờ đính chính. Không mở lại được.",
        _list(rows),
        _figures(connection, about.ky, "TONG:toan_tinh"),
        _changed(connection, about.ky),
    ]
    if any(not c.dat and c.muc == HARD for c in rows):
        parts.insert(0, "**Hiện chưa chốt được**: xem điều bắt buộc chưa đạt.")
    elif any(not c.dat and c.muc != "luu_y" for c in rows):
        parts.insert(0, "**Còn điều chưa đạt**: đồng ý thì phải nêu lý do.")
    return "\n\n".join(parts)


def _list(rows: list[Condition]) -> str:
    lines = ["| | Điều kiện | Còn thiếu | Làm gì |", "|---|---|---|---|"]
    for c in rows:
        mark = "✓" if c.dat else {"bat_buoc": "✗ bắt buộc", "can_ly_do": "✗ cần lý do"}.get(c.muc, "xem")
        detail = (c.chi_tiet or "")[:LONGEST_DETAIL]
        missing = "" if c.dat else f"{number(c.thieu)}. {detail}"
        lines.append(f"| {mark} | {c.ten} | {_cell(missing)} | {'' if c.dat else _cell(c.viec_can_lam)} |")
    return "\n".join(lines)


def _of_unit(connection: sa.Connection, about: About) -> str:
    seen = run_sql_file(connection, "publication/seen_by_unit.sql", ky=about.ky, don_vi=about.ma_don_vi).one()
    return "\n\n".join(
        [
            f"{_name(connection, about.ma_don_vi)}: con số {period('thang', about.ky).lower()} đã đúng chưa? "
            "Không đúng thì chọn Reject và nêu lý do.",
            f"Dòng lỗi chưa sửa: {number(seen.so_dong_loi)}. Hồ sơ trễ hạn: {number(seen.so_ho_so_tre)}. "
            f"Danh sách: [trang đơn vị](/cchc/don-vi/mot?ma={about.ma_don_vi}).",
            _figures(connection, about.ky, about.ma_don_vi or ""),
        ]
    )


def _figures(connection: sa.Connection, ky: str, unit: str) -> str:
    rows = run_sql_file(connection, "publication/figures_of.sql", ky=ky, don_vi=unit)
    lines = ["| Chỉ số | Giá trị | Chỉ tiêu | |", "|---|--:|--:|---|"]
    lines += [
        f"| {_cell(r.ten_chi_so)} | {figure(r.gia_tri, r.loai)} | {figure(r.muc_tieu, r.loai)} | {_met(r)} |"
        for r in rows
    ]
    return "\n".join(lines)


def _met(row: Any) -> str:
    return "" if row.dat is None else "✓" if row.dat else "✗"


def _changed(connection: sa.Connection, ky: str) -> str:
    row = run_sql_file(connection, "publication/changed_since_asked.sql", ky=ky).one()
    since = f"từ lần hỏi trước ({moment(row.tu)})" if row.tu else "từ khi có tháng này"
    return f"Con số của tháng đã đổi {since}: {number(row.so_con_so)}, của {number(row.so_don_vi)} đơn vị."


def _waiting(connection: sa.Connection, ky: str) -> str:
    rows = run_sql_file(connection, "publication/waiting.sql", ky=ky).all()
    if not rows:
        return "Không gì chờ đính chính."
    lines = ["| Kỳ | Chỉ số | Đã công bố | Nay | Nguyên nhân | Tử số | Mẫu số | Dòng |"]
    lines += ["|---|---|---|---|---|--:|--:|--:|"]
    lines += [
        f"| {period(r.ky_loai, r.ky)} | {r.ma_chi_so} | {r.truoc} | {r.sau} | {r.nguyen_nhan} "
        f"| {r.tu_so:+d} | {r.mau_so:+d} | {r.so_dong} |"
        for r in rows
    ]
    return "Con số của toàn tỉnh sẽ đổi:\n\n" + "\n".join(lines)


def _name(connection: sa.Connection, unit: str | None) -> str:
    name: str | None = connection.scalar(
        sa.text("SELECT ten_don_vi FROM mart.danh_muc_don_vi WHERE ma_don_vi = :unit"), {"unit": unit}
    )
    return _cell(name or unit or "")


def _cell(text: str) -> str:
    """Text of data or of people, also in a cell of a table: it is neither markup nor a link."""
    return "".join(f"\\{c}" if c in "|*_`[]<>\\" else " " if c in "\r\n" else c for c in text)

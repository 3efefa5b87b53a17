"""Writes what the system's users download: the monthly list as a workbook or as CSV."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import xlsxwriter

from tools.qlvb_simulator.defects import CRITICAL_KINDS
from tools.qlvb_simulator.source import COLUMNS, Source
from tools.simulation.geography import LEVEL_HEADINGS, UNKNOWN_UNIT_NAME, units
from tools.simulation.working_days import month_end

YES_NO = {"1": "Có", "0": "Không"}
# Header → column of the workbook; the subject stands only here.
HEADERS = {
    "van_ban": {
        "STT": None, "Đơn vị": "don_vi", "Mã văn bản": "ma_van_ban", "Văn bản đến/đi": "huong", "Số": "so",
        "Số, ký hiệu": "ky_hieu", "Loại văn bản": "loai_van_ban", "Trích yếu": "trich_yeu",
        "Ngày văn bản": "ngay_van_ban", "Ngày đến": "ngay_den", "Ngày phát hành": "ngay_phat_hanh",
        "Ngày đăng ký": "ngay_dang_ky", "Độ khẩn": "do_khan", "Độ mật": "do_mat", "Hạn xử lý": "han_xu_ly",
        "Ngày hoàn thành": "ngay_hoan_thanh", "Ký số": "ky_so", "Gửi điện tử": "gui_dien_tu",
        "Gửi bản giấy": "gui_giay", "Mã hồ sơ công việc": "ma_ho_so_cong_viec",
        "Cập nhật lần cuối": "ngay_cap_nhat",
    },
    "ho_so_cong_viec": {
        "STT": None, "Đơn vị": "don_vi", "Mã hồ sơ công việc": "ma_hscv", "Ngày mở": "ngay_mo",
        "Hạn giải quyết": "han_giai_quyet", "Ngày đóng": "ngay_dong", "Trạng thái": "trang_thai",
        "Tiến độ (%)": "tien_do", "Xử lý trên hệ thống": "tren_he_thong", "Chỉ có hồ sơ giấy": "chi_giay",
        "Cập nhật lần cuối": "ngay_cap_nhat",
    },
}  # fmt: skip
TITLES = {"van_ban": "SỔ VĂN BẢN ĐẾN, VĂN BẢN ĐI", "ho_so_cong_viec": "DANH SÁCH HỒ SƠ CÔNG VIỆC"}
WORDS = {
    "huong": {"den": "Đến", "di": "Đi"},
    "do_khan": {"1": "Thường", "2": "Khẩn", "3": "Thượng khẩn", "4": "Hỏa tốc"},
    "do_mat": {"1": "Thường", "2": "Mật", "3": "Tối mật", "4": "Tuyệt mật"},
    "trang_thai": {
        "-2": "Trả về", "-1": "Từ chối", "0": "Mới tạo", "1": "Đang xử lý", "2": "Chờ duyệt",
        "3": "Đã duyệt", "4": "Hoàn thành",
    },
    "loai_van_ban": {
        "cong_van": "Công văn", "bao_cao": "Báo cáo", "ke_hoach": "Kế hoạch", "thong_bao": "Thông báo",
        "giay_moi": "Giấy mời", "quyet_dinh": "Quyết định", "to_trinh": "Tờ trình",
        "huong_dan": "Hướng dẫn", "cong_dien": "Công điện", "chi_thi": "Chỉ thị",
        "nghi_quyet": "Nghị quyết",
    },
    **dict.fromkeys(("ky_so", "gui_dien_tu", "gui_giay", "tren_he_thong", "chi_giay"), YES_NO),
}  # fmt: skip


def csv_text(rows: pd.DataFrame) -> str:
    """Rows as the CSV that is served: a header, commas, quotes where needed."""
    return rows.to_csv(index=False, lineterminator="\n")


def listed(
    source: Source, dataset: str, ky: str, den: str | None = None, *, loi: bool = False
) -> pd.DataFrame:
    """The rows of month `ky` as at `den`, without the deleted, with `trich_yeu` for documents.

    Rows with critical defects are left out unless `loi` is set.
    """
    rows = source.frame(dataset, den or month_end(ky))
    rows = rows[(rows["ky"] == ky) & (rows["da_xoa"] == "0")]
    if not loi:
        rows = rows[~rows["loi"].isin(CRITICAL_KINDS[dataset])]
    if dataset == "van_ban":
        rows = rows.assign(trich_yeu=source.subjects(rows["dong"].to_numpy()))
    return rows


def write_csv(
    source: Source, dataset: str, path: Path, ky: str, den: str | None = None, *, loi: bool = False
) -> int:
    """The list of a month as CSV, without the subjects; how many rows it holds."""
    rows = listed(source, dataset, ky, den, loi=loi)
    path.write_text(csv_text(rows[list(COLUMNS[dataset])]), encoding="utf-8")
    return len(rows)


def write_xlsx(
    source: Source, dataset: str, path: Path, ky: str, den: str | None = None, *, loi: bool = False
) -> int:
    """The same list as the workbook that users download; how many rows it holds."""
    den = den or month_end(ky)
    rows = listed(source, dataset, ky, den, loi=loi)
    rows = rows.astype(object).where(rows.notna(), None).sort_values(["don_vi", "dong"])
    level = {unit.code: unit.level for unit in units()}
    name = {unit.code: unit.name for unit in units()}
    groups = rows["don_vi"].map(level).fillna("so_nganh")
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
        # A fixed creation time makes the same export the same file.
        book.set_properties({"created": pd.Timestamp(den).to_pydatetime()})
        sheet = book.add_worksheet("Danh sách")
        for row, text in enumerate(_titles(dataset, ky, den)):
            sheet.write_string(row, 0, text)
        row = 5
        for column, header in enumerate(HEADERS[dataset]):
            sheet.write_string(row, column, header)
        number = 0
        # Rows of an unknown unit stand with the sở.
        for group, heading in LEVEL_HEADINGS.items():
            row += 1
            sheet.write_string(row, 0, heading)
            for record in rows[groups == group].to_dict("records"):
                row, number = row + 1, number + 1
                sheet.write_number(row, 0, number)
                for column, text in enumerate(_words(dataset, record, name), start=1):
                    if text is not None:
                        sheet.write_string(row, column, text)
        sheet.write_string(row + 1, 0, "Tổng số")
        sheet.write_number(row + 1, 1, number)
    return number


def _titles(dataset: str, ky: str, den: str) -> list[str]:
    last = pd.Period(ky).days_in_month
    month = f"{ky[5:]}/{ky[:4]}"
    return [
        # NQ 202/2025/QH15: from 2025-07-01 the province is part of Vĩnh Long.
        "UBND TỈNH VĨNH LONG" if ky >= "2025-07" else "UBND TỈNH TRÀ VINH",
        TITLES[dataset],
        f"Từ ngày 01/{month} đến ngày {last}/{month}",
        f"Thời điểm xuất: {_day_first(den)[:16]}",
    ]


def _words(dataset: str, record: dict, name: dict[str, str]) -> Iterator[str | None]:
    for column in list(HEADERS[dataset].values())[1:]:
        text = record[column]
        if column == "don_vi":
            text = name.get(text, UNKNOWN_UNIT_NAME)
        elif text is not None and column in WORDS:
            text = WORDS[column].get(text, text)
        elif column.startswith(("ngay_", "han_")):
            text = _day_first(text)
        yield text


def _day_first(text: str | None) -> str | None:
    """yyyyMMdd[HHmmss] as dd/MM/yyyy [HH:mm:ss]; anything else as it is."""
    if text is None or not text.isdigit() or len(text) not in (8, 14):
        return text
    day = f"{text[6:8]}/{text[4:6]}/{text[:4]}"
    return f"{day} {text[8:10]}:{text[10:12]}:{text[12:]}" if len(text) == 14 else day

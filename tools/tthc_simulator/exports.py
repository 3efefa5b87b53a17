"""Writes what the vendor's users download: the monthly XLSX list, and CSV and JSON files."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import xlsxwriter

from tools.simulation import working_days as wd
from tools.simulation.geography import LEVEL_HEADINGS, REFORM, UNKNOWN_UNIT_NAME, units
from tools.simulation.working_days import month_end
from tools.tthc_simulator.defects import CRITICAL_KINDS
from tools.tthc_simulator.source import CSV_COLUMNS, Source

STATUS_WORDS = {
    "1": "Mới đăng ký", "2": "Được tiếp nhận", "3": "Không được tiếp nhận", "4": "Đang xử lý",
    "5": "Yêu cầu bổ sung giấy tờ", "6": "Yêu cầu thực hiện nghĩa vụ tài chính",
    "7": "Công dân yêu cầu rút hồ sơ", "8": "Dừng xử lý", "9": "Đã xử lý xong",
    "10": "Đã trả kết quả",
}  # fmt: skip
CHANNEL_WORDS = {"1": "Trực tiếp", "2": "Trực tuyến", "3": "Bưu chính công ích"}
HEADERS = {
    "STT": None, "Đơn vị xử lý": "don_vi_xu_ly", "Mã TTHC": "ma_tthc", "Tên TTHC": "ten_tthc",
    "Mã hồ sơ": "ma_ho_so", "Trạng thái": "trang_thai_ho_so",
    "Hình thức nộp": "kenh_thuc_hien", "Chủ hồ sơ": "chu_ho_so",
    "Số điện thoại": "so_dien_thoai", "Địa chỉ": "dia_chi",
    "Ngày nộp hồ sơ": "ngay_nop_ho_so", "Ngày tiếp nhận": "ngay_tiep_nhan",
    "Ngày hẹn trả": "ngay_hen_tra", "Ngày kết thúc xử lý": "ngay_ket_thuc_xu_ly",
    "Ngày trả kết quả": "ngay_tra",
}  # fmt: skip
REFORMED = f"{REFORM[:4]}-{REFORM[4:6]}"


def write_xlsx(source: Source, path: Path, ky: str, den: str | None = None, *,
               loi: bool = False) -> int:  # fmt: skip
    """The vendor's list of dossiers received in month `ky` as at `den`; how many it holds.

    Rows with critical defects are left out unless `loi` is set; deleted dossiers always are.
    """
    den = den or month_end(ky)
    table = _received(source.table(den), ky, loi)
    table = table.filter(pc.equal(table["da_xoa"], "0"))
    level = {unit.code: unit.level for unit in units()}
    name = {unit.code: unit.name for unit in units()}
    records = table.select([column for column in HEADERS.values() if column]).to_pylist()
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
        # A fixed creation time makes the same export the same file.
        book.set_properties({"created": _as_datetime(den)})
        sheet = book.add_worksheet("Danh sách hồ sơ")
        for row, text in enumerate(_titles(ky, den)):
            sheet.write_string(row, 0, text)
        row = 5
        for column, header in enumerate(HEADERS):
            sheet.write_string(row, column, header)
        number = 0
        # Rows of an unknown unit stand with the sở, where the vendor's list puts them.
        for group, heading in LEVEL_HEADINGS.items():
            members = [r for r in records if level.get(r["don_vi_xu_ly"], "so_nganh") == group]
            row += 1
            sheet.write_string(row, 0, heading)
            for record in sorted(members, key=lambda r: (r["don_vi_xu_ly"], r["ma_ho_so"] or "")):
                row, number = row + 1, number + 1
                sheet.write_number(row, 0, number)
                for column, text in enumerate(_words(record, name), start=1):
                    if text is not None:
                        sheet.write_string(row, column, text)
        sheet.write_string(row + 1, 0, "Tổng số")
        sheet.write_number(row + 1, 1, number)
    return number


def write_csv(source: Source, path: Path, den: str | None = None, *, ky: str | None = None,
              loi: bool = True, rows: int | None = None) -> int:  # fmt: skip
    """All dossiers (or those received in `ky`) as at `den`, in chunks; how many were written."""
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    written = 0
    writer = None
    try:
        for chunk in source.chunks(den, rows):
            table = _received(chunk, ky, loi).select(CSV_COLUMNS)
            if writer is None:
                writer = pyarrow.csv.CSVWriter(path, table.schema, write_options=options)
            writer.write_table(table)
            written += table.num_rows
    finally:
        if writer is not None:
            writer.close()
    return written


def write_json(source: Source, path: Path, den: str | None = None, *, ky: str | None = None,
               loi: bool = True) -> int:  # fmt: skip
    """The same dossiers as records of the sync contract in one envelope with the total."""
    den = den or source.settings.end
    wanted = _received(source.table(den), ky, loi)["dong"].to_numpy()
    with path.open("wb") as file:
        file.write(
            b'{"error_code":"0","message":"OK","service":"DongBoHoSoMC","tong_so":%d,'
            b'"trang":1,"so_trang":1,"thoi_diem":"%s","data":[' % (len(wanted), den.encode())
        )
        for i, record in enumerate(_records(source, wanted, den)):
            file.write(b",\n" if i else b"\n")
            file.write(orjson.dumps(record))
        file.write(b"\n]}\n")
    return len(wanted)


def _records(source: Source, rows, den: str, size: int = 5000) -> Iterator[dict]:
    for start in range(0, len(rows), size):
        yield from source.records(rows[start : start + size], den)


def _received(table: pa.Table, ky: str | None, loi: bool) -> pa.Table:
    if ky:
        table = table.filter(pc.equal(table["ky_tiep_nhan"], ky))
    if not loi:
        table = table.filter(pc.invert(pc.is_in(table["loi"], pa.array(sorted(CRITICAL_KINDS)))))
    return table


def _titles(ky: str, den: str) -> list[str]:
    year, month = ky.split("-")
    last = str(np.datetime64(str(np.datetime64(ky, "M") + 1), "D") - 1)[-2:]
    return [
        "UBND TỈNH VĨNH LONG" if ky >= REFORMED else "UBND TỈNH TRÀ VINH",
        "DANH SÁCH HỒ SƠ THỦ TỤC HÀNH CHÍNH",
        f"Từ ngày 01/{month}/{year} đến ngày {last}/{month}/{year}",
        f"Thời điểm xuất: {_day_first(den)}",
    ]


def _words(record: dict, name: dict[str, str]) -> Iterator[str | None]:
    for column in list(HEADERS.values())[1:]:
        text = record[column]
        if column == "don_vi_xu_ly":
            text = name.get(text, UNKNOWN_UNIT_NAME)
        elif column == "trang_thai_ho_so":
            text = STATUS_WORDS[text]
        elif column == "kenh_thuc_hien":
            text = CHANNEL_WORDS.get(text)
        elif column.startswith("ngay_"):
            text = _day_first(text)
        yield text


def _day_first(text: str | None) -> str | None:
    """yyyyMMddHHmmss as dd/MM/yyyy HH:mm; anything else as it is."""
    if text is None or len(text) != 14:
        return text
    return f"{text[6:8]}/{text[4:6]}/{text[:4]} {text[8:10]}:{text[10:12]}"


def _as_datetime(text: str):
    return (wd.EPOCH.astype("M8[s]") + wd.seconds(text)).item()

"""The simulated source: every dossier as it stood at any moment, as records and as columns."""

from collections import OrderedDict
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tools.simulation import people
from tools.simulation import working_days as wd
from tools.simulation.geography import REFORM, SUFFIXES, now_answering, unit_records, units
from tools.simulation.working_days import NEVER
from tools.tthc_simulator.defects import CODE, NAMES, mojibake
from tools.tthc_simulator.fees import Fees, generate_fees
from tools.tthc_simulator.generate import ROW, Lives, Settings, generate_lives
from tools.tthc_simulator.history import History, generate_history
from tools.tthc_simulator.procedures import procedure_records, procedures
from tools.tthc_simulator.ratings import Ratings, generate_ratings

# How a procedure's code ends in dossiers of the old province and of the new one.
CODE_ENDS = [f".000.00.00.{suffix}" for suffix in SUFFIXES.values()]
UNKNOWN_UNIT, UNKNOWN_PROCEDURE = "000.99.99.H59", "9.999999" + CODE_ENDS[0]
FAR_FUTURE_YEARS = 27  # 2025 typed as 2052
CHUNK = 100_000

STATUS_AFTER = (
    ("tu_choi", 3), ("tiep_nhan", 2), ("xu_ly", 4), ("yeu_cau_1", 5), ("bo_sung_1", 4),
    ("yeu_cau_2", 5), ("bo_sung_2", 4), ("tai_chinh", 6), ("nop_tien", 4),
)  # fmt: skip

# Served key → column; the keys of the sync contract that are plain values.
RECORD_KEYS = {
    "MaHoSo": "ma_ho_so", "MaTTHC": "ma_tthc", "TenTTHC": "ten_tthc",
    "MaLinhVuc": "ma_linh_vuc", "TenLinhVuc": "ten_linh_vuc",
    "KenhThucHien": "kenh_thuc_hien", "LoaiDoiTuong": "loai_doi_tuong",
    "ChuHoSo": "chu_ho_so", "SoGiayToChuHoSo": "so_giay_to_chu_ho_so",
    "SoDienThoai": "so_dien_thoai", "Email": "email", "DiaChi": "dia_chi",
    "TrichYeuHoSo": "trich_yeu_ho_so", "NgayNopHoSo": "ngay_nop_ho_so",
    "HanTiepNhan": "han_tiep_nhan", "NgayTiepNhan": "ngay_tiep_nhan", "NgayHenTra": "ngay_hen_tra",
    "NgayKetThucXuLy": "ngay_ket_thuc_xu_ly", "NgayTra": "ngay_tra",
    "NgayTuChoi": "ngay_tu_choi", "TrangThaiHoSo": "trang_thai_ho_so",
    "HinhThuc": "hinh_thuc", "DonViXuLy": "don_vi_xu_ly", "DonViTiepNhan": "don_vi_tiep_nhan",
    "NoiNopHoSo": "noi_nop_ho_so", "HoSoCoThanhPhanSoHoa": "ho_so_co_thanh_phan_so_hoa",
    "TaiKhoanDuocXacThucVoiVNeID": "tai_khoan_duoc_xac_thuc_voi_vneid",
    "DuocThanhToanTrucTuyen": "duoc_thanh_toan_truc_tuyen",
    "NgayCapNhat": "ngay_cap_nhat", "DaXoa": "da_xoa",
}  # fmt: skip
NESTED_KEYS = ("TaiLieuNop", "DanhSachHoSoBoSung", "DanhSachGiayToKetQua", "DanhSachLePhi", "DSKetNoiCSDL")
SUMMARY_COLUMNS = (
    "so_tai_lieu_nop", "so_tai_lieu_co_tep", "so_tai_lieu_so_hoa", "so_tai_lieu_tai_su_dung",
    "so_tai_lieu_tu_kho", "so_tai_lieu_co_kho", "so_lan_bo_sung", "ngay_yeu_cau_bo_sung",
    "tong_thoi_gian_bo_sung_phut", "co_ket_qua_dien_tu", "so_ket_qua_co_kho", "tong_phi_le_phi",
    "so_csdl_ket_noi",
)  # fmt: skip
CSV_COLUMNS = (*list(RECORD_KEYS.values())[:-2], *SUMMARY_COLUMNS, "ngay_cap_nhat", "da_xoa")

_DIGITS = pa.array([f"{i:04d}" for i in range(10_000)])
_SHORT_DAY = pa.array([str(ymd)[2:] for ymd in wd.YMD])
_REFORMED = np.array([unit.valid_from >= REFORM for unit in units()])
_UNIT_CODES = pa.array([unit.code for unit in units()] + [UNKNOWN_UNIT])


def generate(settings: Settings | None = None) -> "Source":
    """The source of these settings; the same settings always give the same answers."""
    settings = settings or Settings()
    return Source(settings, generate_lives(settings))


class Source:
    """What the vendor's system would answer. Moments are texts yyyyMMddHHmmss, local time."""

    def __init__(self, settings: Settings, lives: Lives) -> None:
        self.settings = settings
        self._lives = lives
        self._found: OrderedDict[tuple, np.ndarray] = OrderedDict()

    def __len__(self) -> int:
        return len(self._lives)

    def don_vi(self, den: str | None = None) -> list[dict]:
        """The unit list as known at `den`."""
        return unit_records(den or self.settings.end)

    def tthc(self, den: str | None = None) -> list[dict]:
        """The procedure catalogue as known at `den`."""
        return procedure_records(self.settings.seed, den or self.settings.end)

    def ho_so(self, tu: str | None = None, den: str | None = None) -> list[dict]:
        """All dossiers last changed in (tu, den] as they stood at `den`, in served order."""
        return self.trang(tu, den, 1, max(len(self), 1))[1]

    def trang(self, tu: str | None, den: str | None, trang: int, kich_thuoc: int) -> tuple[int, list[dict]]:
        """The total over all pages, and the records of one page (counted from 1)."""
        den = den or self.settings.end
        rows = self._changed(tu, den)
        page = rows[(trang - 1) * kich_thuoc : trang * kich_thuoc]
        return len(rows), self.records(page, den)

    def frame(self, den: str | None = None) -> pd.DataFrame:
        """One row per dossier as at `den`: the CSV columns as text (counts and flags as
        numbers where the CSV has them), `ky_tiep_nhan` (true month of receipt, yyyy-MM, or
        null), `loi`: the defect the row has now, '' when it is good, and `dong`: its position."""
        return self.table(den).to_pandas()

    def table(self, den: str | None = None, rows: np.ndarray | None = None) -> pa.Table:
        """The same as an Arrow table, for the given dossiers or for all that exist at `den`."""
        den = den or self.settings.end
        if rows is None:
            rows = self._existing(wd.seconds(den))
        return pa.concat_tables(
            [self._table(chunk, den) for chunk in np.split(rows, range(CHUNK, len(rows), CHUNK))]
        )

    def chunks(self, den: str | None = None, first: int | None = None):
        """Arrow tables that together are `table(den)` (its first rows when asked), in order."""
        den = den or self.settings.end
        rows = self._existing(wd.seconds(den))[:first]
        for chunk in np.split(rows, range(CHUNK, len(rows), CHUNK)):
            yield self._table(chunk, den)

    def loi_cua(self, ma_ho_so: str, den: str | None = None) -> str:
        """The defect a dossier has at `den`, '' when none; KeyError for an unknown number."""
        den = den or self.settings.end
        row = self._row_of[ma_ho_so]
        return NAMES[_active_defect(self._lives[np.array([row])], wd.seconds(den))[0]]

    @cached_property
    def ratings(self) -> Ratings:
        """The ratings of the dossiers."""
        return generate_ratings(self._lives, self._codes, self.settings)

    @cached_property
    def history(self) -> History:
        """The statuses that the dossiers passed through."""
        return generate_history(self._lives, self._codes, _UNIT_CODES, self.settings)

    @cached_property
    def _fees(self) -> Fees:
        return generate_fees(self._lives, self.settings.seed)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {code: row for row, code in enumerate(self._codes.to_pylist())}

    @cached_property
    def _codes(self) -> pa.Array:
        return _dossier_codes(self._lives)

    @cached_property
    def _code_rank(self) -> np.ndarray:
        order = pc.sort_indices(self._codes).to_numpy()
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        return rank

    def _existing(self, at: int) -> np.ndarray:
        return np.flatnonzero(self._lives.steps[ROW["vao"]] <= at)

    def _changed(self, tu: str | None, den: str) -> np.ndarray:
        """Positions of dossiers last changed in (tu, den], by change time and number."""
        key = (tu, den)
        if key in self._found:
            self._found.move_to_end(key)
            return self._found[key]
        at = wd.seconds(den)
        changed = _last_change(self._lives.steps, at)
        rows = self._existing(at)
        if tu:
            rows = rows[changed[rows] > wd.seconds(tu)]
        missing = _active_defect(self._lives[rows], at) == CODE["thieu_ma_ho_so"]
        rank = np.where(missing, -1, self._code_rank[rows])
        rows = rows[np.lexsort((rows, rank, changed[rows]))]
        self._found[key] = rows
        if len(self._found) > 8:
            self._found.popitem(last=False)
        return rows

    def records(self, rows: np.ndarray, den: str) -> list[dict]:
        """The dossiers at these positions (column `dong`) as served at `den`."""
        if len(rows) == 0:
            return []
        table = self.table(den, rows)
        table = table.select(list(RECORD_KEYS.values())).rename_columns(list(RECORD_KEYS))
        names = list(RECORD_KEYS)
        columns = [table[name].to_pylist() for name in names]
        lives, fees, at = self._lives[rows], self._fees[rows], wd.seconds(den)
        nested = zip(
            _documents(rows, lives, fees),
            _supplements(rows, lives, at),
            _results(rows, lives, at),
            fees.listed(lives.steps[ROW["tiep_nhan"]] <= at),
            fees.databases_used(),
            strict=True,
        )
        head = len(names) - 2  # NgayCapNhat and DaXoa come last
        records = []
        for values, lists in zip(zip(*columns, strict=True), nested, strict=True):
            record = dict(zip(names[:head], values[:head], strict=True))
            record |= zip(NESTED_KEYS, lists, strict=True)
            record["NgayCapNhat"], record["DaXoa"] = values[head:]
            records.append(record)
        return records

    def _table(self, rows: np.ndarray, den: str) -> pa.Table:
        at = wd.seconds(den)
        lives, fees = self._lives[rows], self._fees[rows]
        steps = np.where(lives.steps <= at, lives.steps, NEVER)
        step = {name: steps[row] for name, row in ROW.items()}
        known = {name: time < NEVER for name, time in step.items()}
        received = known["tiep_nhan"]
        defect = _active_defect(lives, at)

        def bad(name: str) -> np.ndarray:
            return defect == CODE[name]

        reopened_now = known["mo_lai"] & ~known["ket_thuc_2"]
        end = np.where(known["ket_thuc_2"], step["ket_thuc_2"], step["ket_thuc"])
        end = np.where(known["dinh_chinh"], lives.corrected_end, end)
        end = np.where(reopened_now, NEVER, end)
        end = np.where(bad("thieu_ngay_ket_thuc"), NEVER, end)
        days_before = (1 + lives.variant % 5) * wd.DAY
        end = np.where(bad("ket_thuc_truoc_tiep_nhan"), step["tiep_nhan"] - days_before, end)
        handed = np.where(known["mo_lai"], step["tra_2"], step["tra"])
        submitted = np.where(
            bad("nop_sau_tiep_nhan"),
            step["tiep_nhan"] + (1 + lives.variant % 3) * wd.DAY,
            step["nop"],
        )
        due = np.where(
            known["bo_sung_2"],
            lives.due[2],
            np.where(known["bo_sung_1"], lives.due[1], lives.due[0]),
        )
        due = np.where(received & ~lives.no_due & ~bad("thieu_ngay_hen_tra"), due, NEVER)
        due = np.where(bad("hen_tra_truoc_tiep_nhan"), step["tiep_nhan"] - 2 * days_before, due)

        receipt_stamp = _stamps(step["tiep_nhan"])
        receipt_stamp[bad("tiep_nhan_tuong_lai")] += FAR_FUTURE_YEARS * 10**10
        due_stamp = _stamps(due)
        due_stamp[bad("hen_tra_0001")] = 10101000000
        garbled_date = bad("ngay_sai_dinh_dang")
        in_due = lives.variant % 2 == 0

        catalogue = procedures()
        name = _pick([item.name for item in catalogue], lives.procedure)
        shown_name = _pick([mojibake(item.name) for item in catalogue], lives.procedure)
        shown_name = pc.if_else(pa.array(bad("loi_ma_hoa")), shown_name, name)
        unit = np.where(received, lives.unit, lives.unit_submitted)
        codes = _pick(
            [item.code + end for end in CODE_ENDS for item in catalogue],
            lives.procedure + len(catalogue) * _REFORMED[unit],
        )
        codes = pc.if_else(pa.array(bad("tthc_la")), UNKNOWN_PROCEDURE, codes)
        receiver = np.where(received, lives.receiver, lives.receiver_submitted)
        if self.settings.ten_moi:
            unit, receiver = now_answering(unit, den), now_answering(receiver, den)
        unit = np.where(bad("don_vi_khong_co"), len(_UNIT_CODES) - 1, unit)
        holder = people.names(lives.person, lives.applicant)
        asked = known["yeu_cau_1"].astype(int) + known["yeu_cau_2"]
        last_asked = np.where(known["yeu_cau_2"], step["yeu_cau_2"], step["yeu_cau_1"])
        waited = np.zeros(len(rows), dtype=np.int64)
        for ask, answer in (("yeu_cau_1", "bo_sung_1"), ("yeu_cau_2", "bo_sung_2")):
            waited += np.where(known[answer], (step[answer] - step[ask]) // 60, 0)
        vneid = np.where(bad("co_la"), 7, lives.vneid.astype(int))
        month = (wd.EPOCH + np.where(received, step["tiep_nhan"], 0) // wd.DAY).astype("M8[M]")

        return pa.table(
            {
                "ma_ho_so": _blank(self._codes.take(pa.array(rows)), bad("thieu_ma_ho_so")),
                "ma_tthc": codes,
                "ten_tthc": shown_name,
                "ma_linh_vuc": _pick([item.field_code for item in catalogue], lives.procedure),
                "ten_linh_vuc": _pick([item.field for item in catalogue], lives.procedure),
                "kenh_thuc_hien": _blank(_text(lives.channel), bad("kenh_trong")),
                "loai_doi_tuong": _text(lives.applicant),
                "chu_ho_so": holder,
                "so_giay_to_chu_ho_so": people.identity_numbers(lives.person, lives.applicant),
                "so_dien_thoai": people.phones(lives.person),
                "email": people.emails(lives.person),
                "dia_chi": people.addresses(lives.person),
                "trich_yeu_ho_so": pc.binary_join_element_wise(name, holder, " - "),
                "ngay_nop_ho_so": _moments(_stamps(submitted)),
                "han_tiep_nhan": _moments(_stamps(fees.receive_by)),
                "ngay_tiep_nhan": _replace(_moments(receipt_stamp), garbled_date & ~in_due, "2025-13-40"),
                "ngay_hen_tra": _replace(_moments(due_stamp), garbled_date & in_due, "31/02/2025"),
                "ngay_ket_thuc_xu_ly": _moments(_stamps(end)),
                "ngay_tra": _moments(_stamps(handed)),
                "ngay_tu_choi": _moments(_stamps(step["tu_choi"])),
                "trang_thai_ho_so": _text(_status(known, lives.end_status)),
                "hinh_thuc": _text(lives.return_form),
                "don_vi_xu_ly": _UNIT_CODES.take(pa.array(unit)),
                "don_vi_tiep_nhan": _UNIT_CODES.take(pa.array(receiver)),
                "noi_nop_ho_so": _text(lives.place),
                "ho_so_co_thanh_phan_so_hoa": _text(lives.digitised > 0),
                "tai_khoan_duoc_xac_thuc_voi_vneid": _text(vneid),
                "duoc_thanh_toan_truc_tuyen": _text(np.where(received, lives.payment, 0)),
                "so_tai_lieu_nop": lives.documents,
                "so_tai_lieu_co_tep": lives.with_file,
                "so_tai_lieu_so_hoa": lives.digitised,
                "so_tai_lieu_tai_su_dung": lives.reused,
                "so_tai_lieu_tu_kho": lives.from_store,
                "so_tai_lieu_co_kho": fees.stored,
                "so_lan_bo_sung": asked,
                "ngay_yeu_cau_bo_sung": _moments(_stamps(last_asked)),
                "tong_thoi_gian_bo_sung_phut": waited,
                "co_ket_qua_dien_tu": _linked(lives, at).astype(int),
                "so_ket_qua_co_kho": _linked(lives, at).astype(int),
                "tong_phi_le_phi": np.where(received, fees.total, 0),
                "so_csdl_ket_noi": fees.databases,
                "ngay_cap_nhat": _moments(_stamps(_last_change(lives.steps, at))),
                "da_xoa": _text(known["xoa"]),
                "ky_tiep_nhan": _blank(pa.array(month.astype(str)), ~received),
                "loi": _pick(list(NAMES), defect),
                "dong": rows,
            }
        )


def _status(known: dict[str, np.ndarray], end_status: np.ndarray) -> np.ndarray:
    status = np.ones(len(end_status), dtype=np.int64)
    for step, code in STATUS_AFTER:
        status[known[step]] = code
    status = np.where(known["ket_thuc"], end_status, status)
    for step, code in (("tra", 10), ("mo_lai", 4), ("ket_thuc_2", 9), ("tra_2", 10)):
        status[known[step]] = code
    return status


def _active_defect(lives: Lives, at: int) -> np.ndarray:
    """Code of the defect that shows at a moment: not corrected yet, and its dates are there."""
    steps = lives.steps
    defect = np.where(steps[ROW["sua_loi"]] <= at, 0, lives.defect)
    received = steps[ROW["tiep_nhan"]] <= at
    for name in ("hen_tra_0001", "hen_tra_truoc_tiep_nhan", "tiep_nhan_tuong_lai",
                 "ngay_sai_dinh_dang", "nop_sau_tiep_nhan", "thieu_ngay_hen_tra"):  # fmt: skip
        defect[(defect == CODE[name]) & ~received] = 0
    finished = steps[ROW["ket_thuc"]] <= at
    reopened = (steps[ROW["mo_lai"]] <= at) & (steps[ROW["ket_thuc_2"]] > at)
    for name in ("thieu_ngay_ket_thuc", "ket_thuc_truoc_tiep_nhan"):
        defect[(defect == CODE[name]) & (~finished | reopened)] = 0
    return defect


def _last_change(steps: np.ndarray, at: int) -> np.ndarray:
    return np.where(steps <= at, steps, -1).max(axis=0)


def _linked(lives: Lives, at: int) -> np.ndarray:
    """Whether the result file hangs on the dossier; it is withdrawn while re-opened."""
    reopened = (lives.steps[ROW["mo_lai"]] <= at) & (lives.steps[ROW["ket_thuc_2"]] > at)
    return (lives.steps[ROW["ket_qua"]] <= at) & ~reopened


def _dossier_codes(lives: Lives) -> pa.Array:
    day = lives.steps[ROW["nop"]] // wd.DAY
    if lives.sequence.max(initial=0) >= len(_DIGITS):
        raise ValueError("More than 9999 dossiers of one unit in a day: lower per_month.")
    return pc.binary_join_element_wise(
        _UNIT_CODES.take(pa.array(lives.receiver_submitted)),
        _SHORT_DAY.take(pa.array(day)),
        _DIGITS.take(pa.array(lives.sequence)),
        "-",
    )


def _stamps(at: np.ndarray) -> np.ndarray:
    """Integers that read yyyyMMddHHmmss; 0 for what has not happened."""
    known = at < NEVER
    return np.where(known, wd.stamps(np.where(known, at, 0)), 0)


def _moments(stamps: np.ndarray) -> pa.Array:
    text = pc.cast(pa.array(stamps, mask=stamps == 0), pa.string())
    return pc.utf8_lpad(text, 14, padding="0")


def _pick(values: list[str], positions: np.ndarray) -> pa.Array:
    return pa.array(values).take(pa.array(positions))


def _text(values: np.ndarray) -> pa.Array:
    return pc.cast(pa.array(values.astype(np.int64)), pa.string())


def _blank(values: pa.Array, where: np.ndarray) -> pa.Array:
    return pc.if_else(pa.array(where), pa.scalar(None, pa.string()), values)


def _replace(values: pa.Array, where: np.ndarray, text: str) -> pa.Array:
    return pc.if_else(pa.array(where), text, values)


def _documents(rows: np.ndarray, lives: Lives, fees: Fees) -> list[list[dict]]:
    counts = zip(
        rows.tolist(), lives.documents.tolist(), lives.with_file.tolist(),
        lives.digitised.tolist(), lives.reused.tolist(), lives.from_store.tolist(),
        fees.stored.tolist(), lives.deleted_document.tolist(), strict=True,
    )  # fmt: skip
    listed = []
    for row, total, files, digitised, reused, fetched, stored, deleted in counts:
        documents = [
            {
                "TepDinhKemId": f"TL{row:07d}{i:02d}",
                "TenTepDinhKem": f"thanh_phan_{i + 1}.pdf" if i < files else None,
                "IsDeleted": "0",
                "MaThanhPhanHoSo": f"TP{i + 1:02d}",
                "DuongDanTaiTepTin": f"/tep/TL{row:07d}{i:02d}" if i < files else None,
                "DuocSoHoa": "1" if i < digitised else "0",
                "DuocTaiSuDung": "1" if i < reused else "0",
                "DuocLayTuKhoDMQG": "1" if i < fetched else "0",
                "MaGiayToSoHoa": f"SH{row:07d}{i:02d}" if i < stored else None,
            }
            for i in range(total)
        ]
        if deleted:
            documents.append(
                {**documents[0], "TepDinhKemId": f"TL{row:07d}99", "IsDeleted": "1",
                 "TenTepDinhKem": "ban_cu.pdf", "DuongDanTaiTepTin": f"/tep/TL{row:07d}99",
                 "DuocSoHoa": "1"}
            )  # fmt: skip
        listed.append(documents)
    return listed


def _supplements(rows: np.ndarray, lives: Lives, at: int) -> list[list[dict]]:
    listed: list[list[dict]] = [[] for _ in rows]
    for turn in (1, 2):
        asked, answered = (lives.steps[ROW[f"{name}_{turn}"]] for name in ("yeu_cau", "bo_sung"))
        for i in np.flatnonzero(asked <= at):
            came = answered[i] <= at
            before, after = (
                None if lives.no_due[i] else str(_stamps(lives.due[k, i : i + 1])[0])
                for k in (turn - 1, turn)
            )
            listed[i].append(
                {
                    "HoSoBoSungId": f"BS{rows[i]:07d}{turn}",
                    "NgayBoSung": str(_stamps(asked[i : i + 1])[0]),
                    "NgayTiepNhanBoSung": str(_stamps(answered[i : i + 1])[0]) if came else None,
                    "TrangThaiBoSung": "1" if came else "0",
                    "NgayHenTraTruoc": before,
                    "NgayHenTraMoi": after if came else None,
                }
            )
    return listed


def _results(rows: np.ndarray, lives: Lives, at: int) -> list[list[dict]]:
    return [
        [
            {
                "TenGiayTo": "Kết quả giải quyết thủ tục hành chính",
                "MaThanhPhanHoSo": "KQ01",
                "GiayToId": f"GT{row:07d}",
                "DuongDanTepTinKetQua": f"/ket-qua/GT{row:07d}.pdf",
                "MaGiayToKetQua": f"KQ.H59.{row:07d}",
            }
        ]
        if linked
        else []
        for row, linked in zip(rows.tolist(), _linked(lives, at).tolist(), strict=True)
    ]

"""A small province for tests: units, procedures, and exports written from a few named values."""

import csv
import json
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import yaml

from cchc.batches import Batch
from cchc.contracts import contract_of, datasets_of
from cchc.figures import definitions as indicators
from cchc.figures import indicator_sql
from cchc.figures.refresh import pending_periods, refresh
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.registers.working_calendar import sync_calendar
from cchc.repository import SQL as REPOSITORY
from cchc.sources.landing import land_file

SO = "000.00.01.H59"
HUYEN = "000.00.42.H59"
XA = "000.01.42.H59"
UNITS = [
    {"ma_don_vi": "000.00.00.H59", "ten_don_vi": "Tỉnh Trà Vinh", "cap": "toan_tinh"},
    {"ma_don_vi": SO, "ten_don_vi": "Sở Xây dựng", "cap": "so_nganh"},
    {"ma_don_vi": HUYEN, "ten_don_vi": "UBND Thành phố Trà Vinh", "cap": "huyen"},
    {"ma_don_vi": XA, "ten_don_vi": "UBND Phường 1, Thành phố Trà Vinh", "cap": "xa"},
]
# 1.000001 and 1.000002 are provided toàn trình (4) by the sở; 1.000003 yields no paper result.
PROCEDURES = [
    {
        "MaTTHC": f"1.00000{n}",
        "TenTTHC": f"Thủ tục số {n}",
        "MaLinhVuc": "LV1",
        "TenLinhVuc": "Lĩnh vực một",
        "MucDo": "4",
        "ThuTucKhongCoKetQua": "1" if n == 3 else "0",
        "CoPhi": "0" if n == 3 else "1",
        "DuDieuKienToanTrinh": "0" if n == 2 else "1",
        "ThoiGianGiaiQuyet": "0" if n == 3 else "5",
        "DonViThucHien": [
            {
                "MaDonVi": SO,
                "MucDo": "4" if n < 3 else "3",
                "HieuLucTu": "20240101",
                "HieuLucDen": None,
            },
            {"MaDonVi": XA, "MucDo": "4", "HieuLucTu": "20240101", "HieuLucDen": None},
        ],
        "HieuLucTu": "20240101",
        "HieuLucDen": None,
        "NgayCapNhat": "20240101000000",
    }
    for n in (1, 2, 3)
]
DOSSIER = {
    "ma_tthc": "1.000001",
    "kenh_thuc_hien": "2",
    "ngay_nop_ho_so": "20250305080000",
    "ngay_tiep_nhan": "20250305090000",
    "ngay_hen_tra": "20250312090000",
    "ngay_ket_thuc_xu_ly": "",
    "ngay_tra": "",
    "trang_thai_ho_so": "4",
    "don_vi_xu_ly": SO,
    "noi_nop_ho_so": "1",
    "ho_so_co_thanh_phan_so_hoa": "1",
    "tai_khoan_duoc_xac_thuc_voi_vneid": "1",
    "duoc_thanh_toan_truc_tuyen": "0",
    "so_tai_lieu_nop": "1",
    "so_tai_lieu_co_tep": "1",
    "so_lan_bo_sung": "0",
    "ngay_yeu_cau_bo_sung": "",
    "tong_thoi_gian_bo_sung_phut": "0",
    "co_ket_qua_dien_tu": "1",
    "ngay_cap_nhat": "20250305090000",
    "da_xoa": "0",
}
RATING = {
    "thoi_gian_danh_gia": "20250320090000",
    "danh_gia": "rat_hai_long",
    "ngay_cap_nhat": "20250320090000",
}
STEP = {"thoi_gian": "20250305090000", "trang_thai": "2", "don_vi": SO}
FULL = [
    *("ma_ho_so", "ten_tthc", "ma_linh_vuc", "ten_linh_vuc", "loai_doi_tuong", "ngay_tu_choi"),
    *("hinh_thuc", "don_vi_tiep_nhan", "so_tai_lieu_so_hoa", "so_tai_lieu_tai_su_dung"),
    *("so_tai_lieu_tu_kho", "so_tai_lieu_co_kho", "so_ket_qua_co_kho", "han_tiep_nhan"),
    *("tong_phi_le_phi", "so_csdl_ket_noi", *DOSSIER),
]
# A document that came in with a time limit, and a work dossier that is being processed.
DOCUMENT = {
    "huong": "den",
    "don_vi": SO,
    "so": "17",
    "ky_hieu": "123/BNV-CCHC",
    "loai_van_ban": "cong_van",
    "ngay_van_ban": "20250303",
    "ngay_den": "20250305080000",
    "ngay_phat_hanh": "",
    "ngay_dang_ky": "20250305083000",
    "do_khan": "1",
    "do_mat": "1",
    "han_xu_ly": "20250314",
    "ngay_hoan_thanh": "",
    "ky_so": "1",
    "gui_dien_tu": "1",
    "gui_giay": "0",
    "ma_ho_so_cong_viec": "",
    "ngay_cap_nhat": "20250305083000",
    "da_xoa": "0",
}
WORK = {
    "don_vi": SO,
    "ngay_mo": "20250305100000",
    "han_giai_quyet": "20250314",
    "ngay_dong": "",
    "trang_thai": "1",
    "tien_do": "30",
    "tren_he_thong": "1",
    "chi_giay": "0",
    "ngay_cap_nhat": "20250305110000",
    "da_xoa": "0",
}

# A dossier of the sync contract, but for its code.
RECORD = {
    "MaTTHC": "1.000001",
    "TrangThaiHoSo": "4",
    "DonViXuLy": SO,
    "KenhThucHien": "2",
    "NgayTiepNhan": "20250305090000",
    "NgayHenTra": "20250312090000",
    "NgayKetThucXuLy": None,
    "NgayCapNhat": "20250305090000",
}

CONTENT = (
    *("core.don_vi", "core.don_vi_khoa", "core.don_vi_phien_ban", "core.don_vi_nguon"),
    *("core.don_vi_tra_loi", "core.ke_thua", "core.ten_goi_khac"),
    *("core.lich", "core.buoi_lam_viec"),
    *("core.tthc", "core.tthc_don_vi", "core.tthc_phien_ban"),
    *(f"core.{fact}" for fact in datasets_of("fact")),
    *("core.tong_hop", "core.tong_hop_linh_vuc", "core.tong_hop_tthc", "core.doan"),
    *("mart.chi_so", "mart.bieu_06a", "mart.ky", "mart.dinh_nghia", "mart.muc_tieu"),
)


def code(number: int) -> str:
    """The code of the n-th dossier."""
    return f"000.00.01.H59-250305-{number:04d}"


@dataclass
class World:
    """Exports are files in `folder`; each is landed, judged and loaded as the DAGs do it."""

    engine: sa.Engine
    folder: Path
    files: int = field(default=0)

    def dimensions(self) -> "World":
        """Loads the calendar, the units and the procedures."""
        sync_calendar(self.engine)
        self.ingest("don_vi", self.csv(UNITS, ["ma_don_vi", "ten_don_vi", "cap"]), at="2024-01-01")
        self.ingest("tthc", self.json(PROCEDURES))
        return self

    def without_dossiers(self) -> "World":
        """Forgets the dossiers, what belongs to them and all figures; units and procedures stay."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(
                # What tests of other files judged and never loaded.
                "DROP SCHEMA staging CASCADE; CREATE SCHEMA staging; "
                # The record of changes lets nobody empty it but the administrator.
                "SET LOCAL session_replication_role = replica; "
                f"TRUNCATE {', '.join(f'core.{fact}' for fact in datasets_of('fact'))}, core.doan, "
                "core.tong_hop, core.tong_hop_linh_vuc, core.tong_hop_tthc, mart.chi_so, mart.bieu_06a, "
                "mart.diem_766, mart.ky, ops.period_written, ops.batch_period, ops.period, "
                "ops.figure_change, ops.reject, ops.line_finding, ops.validation_result, ops.deleted_file, "
                "ops.reconciliation, ops.contradiction, ops.known_line, ops.so_cai, ops.dinh_nghia_cong_bo, "
                "ops.lo_cong_bo, ops.tep_cong_bo, core.dong_cong_bo, core.dem_cong_bo, core.don_vi_cong_bo, "
                "core.dong_cho, mart.con_so_cong_bo, mart.bieu_06a_cong_bo, mart.con_so_cho, ops.de_nghi, "
                "mart.phan_thay_doi; "
                "DELETE FROM ops.lan_nap WHERE batch_id IN "
                "(SELECT batch_id FROM ops.batch WHERE dataset NOT IN ('don_vi', 'tthc')); "
                "DELETE FROM ops.batch WHERE dataset NOT IN ('don_vi', 'tthc')"
            )
        return self

    def csv(self, rows: list[dict], columns: list[str] | None = None) -> Path:
        path = self._path("csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns or list(rows[0]), restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def json(self, records: list[dict], **envelope: object) -> Path:
        path = self._path("json")
        body = {"error_code": "0", "tong_so": len(records)} | envelope | {"data": records}
        path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
        return path

    def text(self, content: str | bytes, suffix: str = "csv") -> Path:
        path = self._path(suffix)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def dossiers(self, *changes: dict, columns: list[str] | None = None) -> Path:
        """A CSV of dossiers numbered from 1, each DOSSIER with the given changes."""
        rows = [{"ma_ho_so": code(n), **DOSSIER, **change} for n, change in enumerate(changes, 1)]
        return self.csv(
            [{k: v for k, v in r.items() if k in (columns or FULL)} for r in rows], columns or FULL
        )

    def ratings(self, *changes: dict, columns: list[str] | None = None) -> Path:
        """A CSV of ratings of the dossiers numbered from 1, each RATING with the given changes."""
        rows = [{"ma_ho_so": code(n), **RATING, **change} for n, change in enumerate(changes, 1)]
        return self.csv(rows, columns or ["ma_ho_so", *RATING])

    def steps(self, *changes: dict) -> Path:
        """A CSV of status changes of the dossiers numbered from 1, each STEP with the given changes."""
        rows = [{"ma_ho_so": code(n), **STEP, **change} for n, change in enumerate(changes, 1)]
        return self.csv(rows, ["ma_ho_so", *STEP])

    def documents(self, *changes: dict) -> Path:
        """A CSV of documents VB1, VB2, … with numbers in a row, each DOCUMENT with the given changes."""
        rows = [{"ma_van_ban": f"VB{n}", **DOCUMENT, "so": str(n)} | c for n, c in enumerate(changes, 1)]
        return self.csv(rows, ["ma_van_ban", *DOCUMENT])

    def work(self, *changes: dict) -> Path:
        """A CSV of work dossiers HSCV1, HSCV2, …, each WORK with the given changes."""
        rows = [{"ma_hscv": f"HSCV{n}", **WORK} | change for n, change in enumerate(changes, 1)]
        return self.csv(rows, ["ma_hscv", *WORK])

    def land(self, dataset: str, path: Path, at: str | None = None) -> int:
        moment = datetime.fromisoformat(at) if at else None
        return land_file(self.engine, self.folder / "landing", contract_of(dataset), path, moment).batch_id

    def ingest(self, dataset: str, path: Path, at: str | None = None) -> tuple[Batch, list[str]]:
        """Lands, judges and loads a file; returns its batch and the months it changed."""
        batch_id = self.land(dataset, path, at)
        validate(self.engine, batch_id)
        return load(self.engine, batch_id)

    def add(self, *changes: dict, at: str = "2025-04-01", columns: list[str] | None = None) -> Batch:
        """Loads a CSV of dossiers (see `dossiers`), exported at `at`."""
        return self.ingest("ho_so", self.dossiers(*changes, columns=columns), at)[0]

    def content(self, *tables: str) -> dict[str, list[str]]:
        """What core and mart hold, as text; not from which line it came."""
        with self.engine.connect() as connection:
            return {
                table: list(
                    connection.scalars(
                        sa.text(
                            f"SELECT t::text FROM (SELECT to_jsonb(x) - '{{batch_id,line_no}}'::text[] AS t "
                            f'FROM {table} AS x) AS rows ORDER BY t::text COLLATE "C"'
                        )
                    )
                )
                for table in tables or CONTENT
            }

    def books(self) -> dict[str, list[tuple]]:
        """What ops holds of batches that were loaded, and what is left in staging."""
        queries = {
            "batches": "SELECT dataset, status, lines_read, lines_accepted, lines_rejected, lines_superseded "
            "FROM ops.batch ORDER BY batch_id",
            "rejects": "SELECT line_no, rule_ids, masked_row FROM ops.reject ORDER BY batch_id, line_no",
            "staging": "SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace",
        }
        return {name: self.rows(query) for name, query in queries.items()}

    def refresh_all(self) -> None:
        """Refreshes what waits at once, as the catch-up does."""
        refresh(self.engine, *pending_periods(self.engine))

    def rows(self, query: str, **binds: object) -> list[tuple]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query), binds)]

    def figure(self, ma: str, unit: str, ky: str, ky_loai: str = "thang") -> tuple:
        """(tu_so, mau_so) of one figure of mart.chi_so."""
        found = self.rows(
            "SELECT tu_so, mau_so FROM mart.chi_so WHERE ma_chi_so = :ma AND ma_don_vi = :unit "
            "AND ky = :ky AND ky_loai = :ky_loai",
            ma=ma,
            unit=unit,
            ky=ky,
            ky_loai=ky_loai,
        )
        assert len(found) == 1, f"{ma} {unit} {ky_loai} {ky}: {len(found)} rows"
        return found[0]

    def reading(self, ma: str, unit: str, ky: str, ky_loai: str = "thang") -> tuple:
        """(tu_so, mau_so) of any reading of an indicator, published or not."""
        return self.rows(
            "SELECT tu_so, mau_so FROM mart.tinh_chi_so(ARRAY[:ky_loai], ARRAY[:ky]) "
            "WHERE ma_chi_so = :ma AND ma_don_vi = :unit",
            ma=ma,
            unit=unit,
            ky=ky,
            ky_loai=ky_loai,
        )[0]

    def _path(self, suffix: str) -> Path:
        self.files += 1
        return self.folder / f"tep_{self.files}.{suffix}"


@dataclass
class Definitions:
    """Indicator files of a test's own, in `folder`."""

    folder: Path

    def add(self, **values: object) -> None:
        """Writes one indicator's file, named by its code `ma`."""
        text = yaml.safe_dump(values, allow_unicode=True)
        (self.folder / f"{values['ma']}.yaml").write_text(text, encoding="utf-8")
        self.read_again()

    def change(self, ma: str, **values: object) -> None:
        """Writes an existing indicator's file with other values."""
        held = yaml.safe_load((self.folder / f"{ma}.yaml").read_text(encoding="utf-8"))
        self.add(**{**held, **values})

    def put_back(self) -> None:
        """The files of the project again, without what was changed or added."""
        shutil.rmtree(self.folder)
        shutil.copytree(REPOSITORY / "indicators", self.folder)
        self.read_again()

    def read_again(self) -> None:
        for cached in (
            *(indicators.facts, indicators.indicators, indicators.reports, indicators.fingerprint),
            *(indicator_sql.measures, indicator_sql.by_procedure, indicator_sql.by_field),
        ):
            cached.cache_clear()

"""Satisfaction ratings of finished dossiers, from a random stream of their own."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tools.simulation import people
from tools.simulation import working_days as wd
from tools.simulation.geography import units
from tools.simulation.working_days import NEVER
from tools.tthc_simulator.defects import CRITICAL, OTHER_DEFECTS
from tools.tthc_simulator.generate import ROW, Lives, Settings

STREAM = 21
SHARE, AGAIN = 0.22, 0.08
WORDS = pa.array(["RẤT HÀI LÒNG", "HÀI LÒNG", "KHÔNG HÀI LÒNG", "BÌNH THƯỜNG"])
UNKNOWN_WORD = 3
UNKNOWN_DOSSIER = "000.99.99.H59-250101-0001"
FAR_FUTURE_YEARS = 27  # 2025 typed as 2052
DEFECTS = [defect for defect in OTHER_DEFECTS if defect.name.startswith("danh_gia")]
KINDS = ("", *(defect.name for defect in DEFECTS))
COMMENTS = pa.array(
    ["Cán bộ nhiệt tình", "Giải quyết nhanh", "Phải đi lại nhiều lần", "Chờ lâu, đề nghị gọi lại"]
)


@dataclass(frozen=True)
class Ratings:
    """Column arrays, one element per rating; times are seconds since EPOCH, NEVER if not."""

    row: np.ndarray  # position of the dossier
    at: np.ndarray
    level: np.ndarray  # position in WORDS
    defect: np.ndarray  # position in KINDS
    corrected: np.ndarray
    commented: np.ndarray
    lives: Lives
    codes: pa.Array

    def __len__(self) -> int:
        return len(self.row)

    def danh_gia(self, tu: str | None, den: str) -> list[dict]:
        """All ratings last changed in (tu, den] as they stood at `den`, in served order."""
        return self.trang(tu, den, 1, max(len(self), 1))[1]

    def trang(self, tu: str | None, den: str, trang: int, kich_thuoc: int) -> tuple[int, list[dict]]:
        """The total over all pages, and the records of one page (counted from 1)."""
        until = wd.seconds(den)
        changed = np.where(self.corrected <= until, self.corrected, self.at)
        found = np.flatnonzero((changed <= until) & (changed > (wd.seconds(tu) if tu else -1)))
        # In the order in which they were made, which is a rating's place among these arrays.
        found = found[np.argsort(changed[found], kind="stable")]
        return len(found), self._records(found[(trang - 1) * kich_thuoc : trang * kich_thuoc], until)

    def loi(self, den: str) -> list[str]:
        """The defect that each rating made by `den` has then, '' when none, in the order of their making."""
        until = wd.seconds(den)
        return [KINDS[k] for k in self._defect(np.flatnonzero(self.at <= until), until)]

    def _defect(self, which: np.ndarray, until: int) -> np.ndarray:
        return np.where(self.corrected[which] <= until, 0, self.defect[which])

    def _records(self, which: np.ndarray, until: int) -> list[dict]:
        defect = self._defect(which, until)

        def bad(name: str) -> np.ndarray:
            return defect == KINDS.index(name)

        at, lives = self.at[which], self.lives[self.row[which]]
        before = lives.steps[ROW["tiep_nhan"]] - (1 + self.row[which] % 5) * wd.DAY
        stamps = wd.stamps(np.where(bad("danh_gia_truoc_tiep_nhan"), before, at))
        stamps = stamps + np.where(bad("danh_gia_tuong_lai"), FAR_FUTURE_YEARS * 10**10, 0)
        changed = wd.stamps(np.where(self.corrected[which] <= until, self.corrected[which], at))
        code = self.codes.take(pa.array(self.row[which]))
        comments = COMMENTS.take(pa.array(self.row[which] % len(COMMENTS)))
        columns = {
            "MaHoSo": pc.if_else(pa.array(bad("danh_gia_ho_so_la")), UNKNOWN_DOSSIER, code),
            "ThoiGianDanhGia": pc.cast(pa.array(stamps), pa.string()),
            "DanhGia": WORDS.take(pa.array(np.where(bad("danh_gia_la"), UNKNOWN_WORD, self.level[which]))),
            "NguoiDanhGia": people.names(lives.person, lives.applicant),
            "SoDienThoai": people.phones(lives.person),
            "NoiDung": pc.if_else(pa.array(self.commented[which]), comments, pa.scalar(None, pa.string())),
            "NgayCapNhat": pc.cast(pa.array(changed), pa.string()),
        }
        return pa.table(columns).to_pylist()


def generate_ratings(lives: Lives, codes: pa.Array, settings: Settings) -> Ratings:
    """Ratings of a share of the finished dossiers; the same settings give the same ratings."""
    rng = np.random.default_rng([settings.seed, STREAM])
    done = (lives.steps[ROW["ket_thuc"]] < NEVER) & (lives.end_status == 9)
    first = np.flatnonzero(done & (rng.random(len(lives)) < SHARE))
    handed = np.minimum(lives.steps[ROW["tra"], first], lives.steps[ROW["ket_thuc"], first] + 30 * wd.DAY)
    at = handed + 300 + (rng.exponential(2.5, len(first)) * wd.DAY).astype(np.int64)
    again = rng.random(len(first)) < AGAIN
    later = at[again] + rng.integers(wd.DAY, 20 * wd.DAY, again.sum())
    row, at = np.concatenate([first, first[again]]), np.concatenate([at, later])
    order = np.lexsort((row, at))
    row, at = row[order], at[order]

    n = len(row)
    # Some units please less than others.
    unhappy = 0.05 * np.random.default_rng([settings.seed, STREAM, 1]).lognormal(0, 0.7, len(units()))
    drawn = rng.random(n)
    bad = np.minimum(unhappy, 0.4)[lives.unit[row]]
    level = np.select([drawn < bad, drawn < bad + 0.38], [2, 1], 0)
    defect = np.zeros(n, np.int64)
    corrected = np.full(n, NEVER)
    free = np.ones(n, dtype=bool)
    for code, kind in enumerate(DEFECTS, start=1):
        count = min(round(settings.ty_le_loi_khac.get(kind.name, 0) * n), free.sum())
        chosen = rng.choice(np.flatnonzero(free), count, replace=False)
        defect[chosen] = code
        free[chosen] = False
        if kind.severity == CRITICAL:
            mended = chosen[rng.random(count) < settings.ty_le_sua_loi]
            corrected[mended] = at[mended] + rng.integers(3 * wd.DAY, 20 * wd.DAY, len(mended))
    return Ratings(
        row=row, at=at, level=level, defect=defect, corrected=corrected,
        commented=rng.random(n) < 0.15, lives=lives, codes=codes,
    )  # fmt: skip

"""The statuses that each dossier passed through: its life, step by step."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tools.simulation import people
from tools.simulation import working_days as wd
from tools.simulation.working_days import NEVER
from tools.tthc_simulator.generate import ROW, Lives, Settings

STREAM = 22
OFFICER = 0  # no company: people.names gives a person's name
# Step → the status that it leads to; None: the status that the dossier ended with.
STATUS_OF = {
    "nop": 1, "tu_choi": 3, "tiep_nhan": 2, "xu_ly": 4, "yeu_cau_1": 5, "bo_sung_1": 4, "yeu_cau_2": 5,
    "bo_sung_2": 4, "tai_chinh": 6, "nop_tien": 4, "ket_thuc": None, "tra": 10, "mo_lai": 4,
    "ket_thuc_2": 9, "tra_2": 10,
}  # fmt: skip


@dataclass(frozen=True)
class History:
    """Column arrays, one element per entry, in the order in which the system knew them; `known` is later
    than `at` where a dossier was entered after it had been received."""

    row: np.ndarray  # position of the dossier
    at: np.ndarray
    known: np.ndarray
    status: np.ndarray
    lives: Lives
    codes: pa.Array
    unit_codes: pa.Array

    def __len__(self) -> int:
        return len(self.row)

    def qua_trinh(self, tu: str | None, den: str) -> list[dict]:
        """All entries known in (tu, den], in served order."""
        return self.trang(tu, den, 1, max(len(self), 1))[1]

    def trang(self, tu: str | None, den: str, trang: int, kich_thuoc: int) -> tuple[int, list[dict]]:
        """The total over all pages, and the records of one page (counted from 1)."""
        start = np.searchsorted(self.known, wd.seconds(tu), side="right") if tu else 0
        stop = np.searchsorted(self.known, wd.seconds(den), side="right")
        first = start + (trang - 1) * kich_thuoc
        return int(stop - start), self._records(slice(first, min(first + kich_thuoc, stop)))

    def _records(self, which: slice) -> list[dict]:
        row, status = self.row[which], self.status[which]
        unit = np.where(status == 1, self.lives.unit_submitted[row], self.lives.unit[row])
        columns = {
            "MaHoSo": self.codes.take(pa.array(row)),
            "ThoiGian": pc.cast(pa.array(wd.stamps(self.at[which])), pa.string()),
            "TrangThai": pc.cast(pa.array(status), pa.string()),
            "MaDonVi": self.unit_codes.take(pa.array(unit)),
            "NguoiXuLy": people.names(
                np.stack([unit, unit + status, unit * 7 + status]), np.full(len(row), OFFICER)
            ),
        }
        return pa.table(columns).to_pylist()


def generate_history(lives: Lives, codes: pa.Array, unit_codes: pa.Array, settings: Settings) -> History:
    """Every status of every dossier; for a few the entry of reception was never made."""
    rng = np.random.default_rng([settings.seed, STREAM])
    forgotten = rng.random(len(lives)) < settings.ty_le_loi_khac.get("thieu_buoc_tiep_nhan", 0)
    rows, times, statuses = [], [], []
    for step, status in STATUS_OF.items():
        at = lives.steps[ROW[step]]
        happened = np.flatnonzero((at < NEVER) & ~(forgotten & (step == "tiep_nhan")))
        rows.append(happened)
        times.append(at[happened])
        statuses.append(lives.end_status[happened] if status is None else np.full(len(happened), status))
    row, at, status = (np.concatenate(parts) for parts in (rows, times, statuses))
    known = np.maximum(at, lives.steps[ROW["vao"], row])
    order = np.lexsort((status, at, row, known))
    return History(row[order], at[order], known[order], status[order], lives, codes, unit_codes)

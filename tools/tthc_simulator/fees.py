"""What a dossier costs, which databases it used, what of it is in the store, and until when to receive it.

From a random stream of its own, so that it changes nothing else of the dossiers.
"""

from dataclasses import dataclass

import numpy as np

from tools.simulation import working_days as wd
from tools.simulation.working_days import NEVER
from tools.tthc_simulator.generate import ROW, Lives
from tools.tthc_simulator.procedures import procedures

STREAM = 20
ONLINE = 2
# Made up: what procedures cost, and the names of the databases.
CHARGES = np.array([5, 8, 10, 15, 20, 30, 50, 75, 100, 150, 300, 500]) * 1000
DATABASES = ("CSDL-GIA-LAP-1", "CSDL-GIA-LAP-2")
KINDS = (("LP01", "Lệ phí giải quyết thủ tục"), ("PH01", "Phí thẩm định hồ sơ"))


@dataclass(frozen=True)
class Fees:
    """Column arrays, one element per dossier. `amounts` is 2 × dossiers: đồng of each fee line, -1 where
    there is no such line; `receive_by` seconds since EPOCH, NEVER where nothing says so."""

    amounts: np.ndarray
    databases: np.ndarray
    asked_twice: np.ndarray
    stored: np.ndarray
    receive_by: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> "Fees":
        return Fees(**{name: value[..., rows] for name, value in vars(self).items()})

    @property
    def total(self) -> np.ndarray:
        return np.maximum(self.amounts, 0).sum(axis=0)

    def listed(self, received: np.ndarray) -> list[list[dict]]:
        """DanhSachLePhi of each dossier; nothing is charged before reception."""
        return [
            [
                # What the codes of these two mean is not known to us.
                {"TenPhiLePhi": name, "MaPhiLePhi": code, "HinhThucThu": None, "Gia": amount,
                 "LoaiPhiLePhi": None}
                for (code, name), amount in zip(KINDS, amounts, strict=True)
                if amount >= 0 and taken
            ]
            for amounts, taken in zip(self.amounts.T.tolist(), received.tolist(), strict=True)
        ]  # fmt: skip

    def databases_used(self) -> list[list[dict]]:
        """DSKetNoiCSDL of each dossier; a database that was asked twice stands twice."""
        counts = zip(self.databases.tolist(), self.asked_twice.tolist(), strict=True)
        return [
            [{"MaCSDL": code} for code in DATABASES[:n] + DATABASES[: n and again]] for n, again in counts
        ]


def generate_fees(lives: Lives, seed: int) -> Fees:
    """The same seed and dossiers give the same fees."""
    rng = np.random.default_rng([seed, STREAM])
    n, catalogue = len(lives), procedures()
    charges = rng.choice(CHARGES, (2, len(catalogue)))
    charges[1, rng.random(len(catalogue)) < 0.7] = -1
    charges[:, [not item.fee for item in catalogue]] = -1
    amounts = charges[:, lives.procedure]
    # Some are exempt: their lines stand there with 0. Who paid online was not.
    exempt = (rng.random(n) < 0.08) & ~np.isin(lives.payment, (1, 2))
    amounts = np.where(exempt & (amounts > 0), 0, amounts)
    submitted = lives.steps[ROW["nop"]]
    in_office = wd.to_office_hours(submitted, np.zeros(n, np.int64))
    return Fees(
        amounts=amounts,
        databases=rng.choice(3, n, p=[0.35, 0.5, 0.15]),
        asked_twice=(rng.random(n) < 0.05).astype(np.int64),
        stored=np.where(rng.random(n) < 0.9, lives.digitised, 0),
        receive_by=np.where(lives.channel == ONLINE, wd.add_days(in_office, 1), NEVER),
    )

"""Makes the lives of all documents and work dossiers from a seed: which unit, and the time of each change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import numpy as np

from tools.qlvb_simulator.defects import CODE, CRITICAL_KINDS, DEFAULT_RATES
from tools.simulation import working_days as wd
from tools.simulation.geography import after_mergers, units
from tools.simulation.working_days import NEVER

LEVEL_SHARES = {"so_nganh": 0.45, "huyen": 0.27, "xa": 0.28}
# Communes (GSO codes) that hardly use the system, and one that does not use it at all.
QUIET_COMMUNES, SILENT_COMMUNE = ("29302", "29389", "29446"), "29533"
# Shares by level: work dossiers on paper only; of the others, those processed wholly on the system.
PAPER_ONLY = {"so_nganh": 0.008, "huyen": 0.035, "xa": 0.13}
ON_SYSTEM = {"so_nganh": 0.99, "huyen": 0.965, "xa": 0.9}
INCOMING, OUTGOING = 0, 1

# Kinds of documents (NĐ 30/2020/NĐ-CP, Điều 7), with how often each comes in and goes out.
KINDS = (
    ("cong_van", 0.52, 0.46), ("bao_cao", 0.08, 0.13), ("ke_hoach", 0.07, 0.06),
    ("thong_bao", 0.09, 0.06), ("giay_moi", 0.11, 0.06), ("quyet_dinh", 0.07, 0.14),
    ("to_trinh", 0.02, 0.06), ("huong_dan", 0.015, 0.01), ("cong_dien", 0.01, 0.002),
    ("chi_thi", 0.005, 0.003), ("nghi_quyet", 0.01, 0.005),
)  # fmt: skip

# The changes of a document and of a work dossier, in the order in which they can happen.
DOCUMENT_STEPS = (
    "vao", "giao", "gan_ho_so", "phat_hanh", "hoan_thanh", "dinh_chinh", "sua_loi", "xoa",
)  # fmt: skip
WORK_STEPS = (
    "vao", "xu_ly", "tu_choi", "tra_ve", "xu_ly_lai", "trinh", "duyet", "dong", "mo_lai", "dong_lai",
    "sua_loi", "xoa",
)  # fmt: skip
DOCUMENT_ROW = {step: row for row, step in enumerate(DOCUMENT_STEPS)}
WORK_ROW = {step: row for row, step in enumerate(WORK_STEPS)}


@dataclass(frozen=True)
class Settings:
    """What to generate. Months are yyyy-MM; `ty_le_loi` is by dataset and kind of defect.

    `ty_le_mat` is the share of secret documents; a source that keeps the rules exports none.
    """

    seed: int = 2025
    van_ban_moi_thang: int = 6_000
    ho_so_moi_thang: int = 2_000
    tu: str = "2025-01"
    den: str = "2025-06"
    ty_le_loi: dict[str, dict[str, float]] = field(default_factory=lambda: dict(DEFAULT_RATES))
    ty_le_sua_loi: float = 0.3
    ty_le_mat: float = 0.0

    def __post_init__(self) -> None:
        for dataset, rates in self.ty_le_loi.items():
            known = DEFAULT_RATES.get(dataset, {})
            unknown = sorted(set(rates) - set(known))
            if unknown or not known:
                raise ValueError(
                    f"ty_le_loi[{dataset!r}] names unknown kinds {unknown}: choose from {sorted(known)}."
                )
        if self.den < self.tu:
            raise ValueError(f"den={self.den} is before tu={self.tu}: swap the two months.")

    @property
    def months(self) -> list[str]:
        """All months generated, as yyyy-MM."""
        first, last = np.datetime64(self.tu, "M"), np.datetime64(self.den, "M")
        return [str(month) for month in np.arange(first, last + 1)]

    @property
    def end(self) -> str:
        """The first moment after the last month, yyyyMMddHHmmss."""
        return str(np.datetime64(self.den, "M") + 1).replace("-", "") + "01000000"


@dataclass(frozen=True)
class Lives:
    """Column arrays, one element a row; times are seconds since EPOCH, NEVER if not."""

    steps: np.ndarray  # steps × rows
    unit: np.ndarray
    defect: np.ndarray
    variant: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> "Lives":
        return type(self)(**{name: value[..., rows] for name, value in vars(self).items()})

    def __len__(self) -> int:
        return self.steps.shape[1]


@dataclass(frozen=True)
class Documents(Lives):
    """`work` is the position of the work dossier among all of them, -1 for none."""

    direction: np.ndarray
    number: np.ndarray
    kind: np.ndarray
    urgency: np.ndarray
    secrecy: np.ndarray
    written: np.ndarray
    arrived: np.ndarray
    due: np.ndarray
    signed: np.ndarray
    electronic: np.ndarray
    paper: np.ndarray
    work: np.ndarray


@dataclass(frozen=True)
class WorkDossiers(Lives):
    opened: np.ndarray
    due: np.ndarray
    on_system: np.ndarray
    paper_only: np.ndarray
    closed: np.ndarray
    progress: np.ndarray


def generate_lives(settings: Settings) -> tuple[Documents, WorkDossiers]:
    """All documents and work dossiers of the settings; the same settings give the same arrays."""
    rng = np.random.default_rng([settings.seed, 21])
    draft = _Documents(settings, rng)
    documents = draft.lives()
    asking = np.flatnonzero(documents.steps[DOCUMENT_ROW["gan_ho_so"]] < NEVER)
    work = _work_dossiers(settings, rng, documents, asking)
    documents.work[asking] = np.arange(len(asking))
    _finish_with_the_work(documents, work, asking)
    _answer(documents, work, rng)
    documents, work = _in_order(documents, work)
    _number(documents)
    _spoil("van_ban", documents, DOCUMENT_ROW, settings)
    _spoil("ho_so_cong_viec", work, WORK_ROW, settings)
    _make_secret(documents, settings)
    return documents, work


@cache
def workplaces(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions in units() of those that work on 2025-01-01, the share of each, and its own bias."""
    rng = np.random.default_rng([seed, 22])
    places = [
        i for i, unit in enumerate(units()) if unit.level in LEVEL_SHARES and unit.valid_from <= "20250101"
    ]
    share = np.zeros(len(places))
    for level, part in LEVEL_SHARES.items():
        here = np.array([units()[i].level == level for i in places])
        size = rng.lognormal(0, 0.35 if level == "huyen" else 0.7, len(places)) * here
        gso = [units()[i].gso or "" for i in places]
        size[np.isin(gso, QUIET_COMMUNES)] *= 0.02
        size[np.isin(gso, [SILENT_COMMUNE])] = 0
        share += part * size / size.sum()
    return np.array(places), share / share.sum(), rng.lognormal(-0.2, 0.6, len(units()))


class _Clock:
    """Random choices and office times for `n` rows."""

    def __init__(self, rng: np.random.Generator, n: int) -> None:
        self.rng, self.n = rng, n

    def chance(self, share: float | np.ndarray) -> np.ndarray:
        return self.rng.random(self.n) < share

    def office(self, day: np.ndarray) -> np.ndarray:
        """A moment in the office hours of each day."""
        early = self.rng.integers(wd.OPEN + 900, wd.LUNCH - 600, self.n)
        late = self.rng.integers(wd.AFTER_LUNCH, wd.CLOSE - 900, self.n)
        return day * wd.DAY + np.where(self.chance(0.58), early, late)

    def later(self, at: np.ndarray, added: np.ndarray) -> np.ndarray:
        """Office time `added` working days after `at`, at least ten minutes later."""
        return np.maximum(self.office(wd.WORKING[wd.index_of(at) + added]), at + 600)

    def of_level(self, shares: dict[str, float], unit: np.ndarray) -> np.ndarray:
        return np.array([shares.get(item.level, 0.0) for item in units()])[unit]


class _Documents(_Clock):
    """Documents in the making: every stage treats all of them; `lives` hides what did not happen."""

    def __init__(self, settings: Settings, rng: np.random.Generator) -> None:
        day = _days(settings, settings.van_ban_moi_thang, rng)
        super().__init__(rng, len(day))
        self.came = self.office(day)
        self.incoming = self.chance(0.6)
        places, share, bias = workplaces(settings.seed)
        base = rng.choice(places, self.n, p=share)
        place = np.random.default_rng([settings.seed, 26]).random(self.n)
        self.unit, self.bias = after_mergers(base, self.came, place), bias[base]

    def lives(self) -> Documents:
        n, rng, incoming = self.n, self.rng, self.incoming
        lag = np.select([self.chance(0.82), self.chance(0.88)], [0, 1], rng.integers(2, 15, n))
        entered = np.where(lag == 0, self.came + rng.integers(120, 1500, n), self.later(self.came, lag))
        entered = np.where(incoming, entered, self.came)
        kind = np.where(
            incoming,
            rng.choice(len(KINDS), n, p=_share(1)),
            rng.choice(len(KINDS), n, p=_share(2)),
        )
        asks = incoming & self.chance(0.45)
        given = np.where(self.chance(0.8), entered + rng.integers(900, 7200, n), self.later(entered, 1))
        due = wd.WORKING[wd.index_of(given) + rng.integers(3, 16, n)] * wd.DAY
        linked = asks & self.chance(np.clip(0.86 - 0.1 * self.bias, 0.4, 0.95))
        room = np.maximum(wd.index_of(due) - wd.index_of(given), 1)
        used = np.where(
            self.chance(np.minimum(0.08 * self.bias, 0.3)),
            room + rng.geometric(0.3, n),
            (room * rng.beta(2.2, 2, n)).astype(int),
        )
        done = self.later(given, used)
        issue_lag = np.select([self.chance(0.86), self.chance(0.87)], [0, 1], rng.integers(2, 6, n))
        issued = np.where(
            issue_lag == 0, self.came + rng.integers(300, 3600, n), self.later(self.came, issue_lag)
        )
        electronic = self.chance(np.clip(1 - 0.035 * self.bias, 0.7, 1))
        happened = {
            "vao": (np.ones(n, bool), entered),
            "giao": (asks, given),
            "gan_ho_so": (linked, given + rng.integers(60, 1800, n)),
            "phat_hanh": (~incoming & self.chance(0.995), issued),
            "hoan_thanh": (asks & self.chance(0.98), done),
            "dinh_chinh": (self.chance(0.005), self.later(entered, rng.integers(3, 25, n))),
            "sua_loi": (np.zeros(n, bool), entered),
            "xoa": (self.chance(0.002), self.later(entered, rng.integers(1, 20, n))),
        }
        return Documents(
            steps=np.stack([np.where(*happened[step], NEVER) for step in DOCUMENT_STEPS]),
            unit=self.unit,
            defect=np.zeros(n, np.int8),
            variant=rng.integers(0, 1000, n),
            direction=np.where(incoming, INCOMING, OUTGOING),
            number=np.zeros(n, np.int64),
            kind=kind,
            urgency=rng.choice([1, 2, 3, 4], n, p=[0.93, 0.05, 0.012, 0.008]),
            secrecy=np.ones(n, np.int64),
            written=self.came - np.where(incoming, rng.integers(0, 5, n), 0) * wd.DAY,
            arrived=self.came,
            due=due,
            signed=electronic & self.chance(0.965),
            electronic=electronic,
            paper=~electronic | self.chance(np.clip(0.11 * self.bias, 0.01, 0.6)),
            work=np.full(n, -1),
        )


def _share(column: int) -> np.ndarray:
    weight = np.array([kind[column] for kind in KINDS])
    return weight / weight.sum()


def _days(settings: Settings, per_month: int, rng: np.random.Generator) -> np.ndarray:
    """A working day for each of `per_month` rows a month; short months have somewhat fewer."""
    bounds = [wd.seconds(month) // wd.DAY for month in settings.months]
    bounds.append(wd.seconds(settings.end) // wd.DAY)
    open_days = [np.arange(a, b)[wd.IS_WORKING[a:b]] for a, b in pairwise(bounds)]
    return np.concatenate(
        [rng.choice(days, round(per_month * (len(days) / 21) ** 0.5)) for days in open_days]
    )


def _work_dossiers(
    settings: Settings, rng: np.random.Generator, documents: Documents, asking: np.ndarray
) -> WorkDossiers:
    """First one for each document in `asking`, then those that offices open of themselves."""
    own_share = max(0.0, 1 - len(asking) / max(1, settings.ho_so_moi_thang * len(settings.months)))
    days = _days(settings, round(settings.ho_so_moi_thang * own_share), rng)
    clock = _Clock(rng, len(asking) + len(days))
    n = clock.n
    places, share, bias = workplaces(settings.seed)
    of_document = np.arange(n) < len(asking)
    opened = clock.office(np.concatenate([np.zeros(len(asking), np.int64), days]))
    opened[of_document] = documents.steps[DOCUMENT_ROW["gan_ho_so"], asking]
    own_units = rng.choice(places, n, p=share)
    own_units[of_document] = documents.unit[asking]
    unit = after_mergers(own_units, opened, np.random.default_rng([settings.seed, 27]).random(n))
    due = wd.WORKING[wd.index_of(opened) + rng.integers(5, 20, n)] * wd.DAY
    due[of_document] = documents.due[asking]
    without = ~of_document & clock.chance(0.08)
    paper = ~of_document & clock.chance(2 * clock.of_level(PAPER_ONLY, unit))
    room = np.maximum(wd.index_of(due) - wd.index_of(opened), 1)
    late = clock.chance(np.minimum(0.07 * bias[unit], 0.3))
    used = np.where(late, room + rng.geometric(0.3, n), (room * rng.beta(2.2, 2, n)).astype(int))
    closed = clock.later(opened, used)
    spread = rng.integers(0, 10_000, n)

    def at(part: float) -> np.ndarray:
        moment = wd.to_office_hours(opened + (part * (closed - opened)).astype(np.int64), spread)
        return np.minimum(moment, closed - 120)

    refused = ~paper & ~of_document & clock.chance(0.012)
    back = ~paper & ~refused & clock.chance(0.06)
    ends = paper | (~refused & clock.chance(0.985))
    again = ~paper & ends & clock.chance(0.005)
    reopened = clock.later(closed, rng.integers(1, 15, n))
    going = ~paper & ~refused
    happened = {
        "vao": (np.ones(n, bool), np.where(paper, clock.later(closed, rng.integers(0, 4, n)), opened)),
        "xu_ly": (~paper, at(0.06)),
        "tu_choi": (refused, at(0.3)),
        "tra_ve": (back, at(0.4)),
        "xu_ly_lai": (back, at(0.5)),
        "trinh": (going & (ends | clock.chance(0.5)), at(0.75)),
        "duyet": (going & ends, at(0.92)),
        "dong": (ends, closed),
        "mo_lai": (again, reopened),
        "dong_lai": (again, clock.later(reopened, rng.integers(1, 5, n))),
        "sua_loi": (np.zeros(n, bool), opened),
        "xoa": (clock.chance(0.002), clock.later(np.maximum(closed, opened), rng.integers(1, 20, n))),
    }
    return WorkDossiers(
        steps=np.stack([np.where(*happened[step], NEVER) for step in WORK_STEPS]),
        unit=unit,
        defect=np.zeros(n, np.int8),
        variant=rng.integers(0, 1000, n),
        opened=opened,
        due=np.where(without, NEVER, due),
        on_system=~paper & clock.chance(np.clip(clock.of_level(ON_SYSTEM, unit) - 0.02 * bias[unit], 0.5, 1)),
        paper_only=paper,
        closed=closed,
        progress=rng.integers(1, 7, n) * 10,
    )


def _finish_with_the_work(documents: Documents, work: WorkDossiers, asking: np.ndarray) -> None:
    """A document with a work dossier is completed when that is closed."""
    closed = work.steps[WORK_ROW["dong"], : len(asking)]
    documents.steps[DOCUMENT_ROW["hoan_thanh"], asking] = closed


def _answer(documents: Documents, work: WorkDossiers, rng: np.random.Generator) -> None:
    """Half of the documents that go out belong to a work dossier their unit has open."""
    out = np.flatnonzero((documents.direction == OUTGOING) & (rng.random(len(documents)) < 0.5))
    order = np.lexsort((work.opened, work.unit))
    key = work.unit[order] * 2**32 + work.opened[order]
    written = documents.arrived[out]
    found = np.searchsorted(key, documents.unit[out] * 2**32 + written) - 1
    candidate = order[np.maximum(found, 0)]
    fits = (found >= 0) & (work.unit[candidate] == documents.unit[out]) & ~work.paper_only[candidate]
    fits &= (work.opened[candidate] <= written) & (written < work.closed[candidate])
    documents.work[out[fits]] = candidate[fits]


def _in_order(documents: Documents, work: WorkDossiers) -> tuple[Documents, WorkDossiers]:
    """Rows in the order of entry, which is what their identifiers say."""
    order = np.argsort(work.steps[WORK_ROW["vao"]], kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    documents.work[:] = np.where(documents.work >= 0, place[documents.work], -1)
    entry = np.argsort(documents.steps[DOCUMENT_ROW["vao"]], kind="stable")
    return documents[entry], work[order]


def _number(documents: Documents) -> None:
    """Số đến, số đi: from 1 in the year, per unit and direction, in the order of registration."""
    year = (wd.EPOCH + documents.steps[DOCUMENT_ROW["vao"]] // wd.DAY).astype("M8[Y]").astype(int)
    series = (documents.unit * 2 + documents.direction) * 4096 + year
    order = np.argsort(series, kind="stable")
    ordered = series[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.concatenate([starts, [len(ordered)]]))
    documents.number[order] = np.arange(len(ordered)) - np.repeat(starts, sizes) + 1


def _spoil(dataset: str, lives: Lives, row_of: dict[str, int], settings: Settings) -> None:
    """Gives each kind of defect to its share of rows, and has some of the critical ones corrected."""
    rng = np.random.default_rng([settings.seed, 23, len(dataset)])
    n = len(lives)
    eligible: dict[str, Callable[[], np.ndarray]] = {
        "han_0001": lambda: lives.steps[row_of["giao"]] < NEVER,
        "trung_so": lambda: lives.number > 1,
        "hoan_thanh_truoc_den": lambda: lives.steps[row_of["hoan_thanh"]] < NEVER,
        "thieu_co_gui": lambda: lives.steps[row_of["phat_hanh"]] < NEVER,
        "hoan_thanh_khong_ngay_dong": lambda: lives.steps[row_of["dong"]] < NEVER,
        "han_truoc_ngay_mo": lambda: lives.due < NEVER,
    }
    free = np.ones(n, dtype=bool)
    for name, rate in settings.ty_le_loi.get(dataset, {}).items():
        able = eligible[name]() if name in eligible else np.ones(n, dtype=bool)
        candidates = np.flatnonzero(able & free)
        chosen = rng.choice(candidates, min(round(rate * n), len(candidates)), replace=False)
        lives.defect[chosen] = CODE[dataset][name]
        free[chosen] = False
        if name in CRITICAL_KINDS[dataset]:
            mended = chosen[rng.random(len(chosen)) < settings.ty_le_sua_loi]
            seen = lives.steps[row_of["vao"], mended]
            lives.steps[row_of["sua_loi"], mended] = seen + rng.integers(3 * wd.DAY, 40 * wd.DAY, len(mended))


def _make_secret(documents: Documents, settings: Settings) -> None:
    """What must never be exported: a share of documents with a degree of secrecy (2, 3, 4)."""
    rng = np.random.default_rng([settings.seed, 24])
    count = round(settings.ty_le_mat * len(documents))
    chosen = rng.choice(len(documents), count, replace=False)
    documents.secrecy[chosen] = rng.choice([2, 3, 4], count, p=[0.8, 0.15, 0.05])

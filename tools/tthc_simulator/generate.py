"""Makes the lives of all dossiers from a seed: who, what, where, and the time of each change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from tools.simulation import working_days as wd
from tools.simulation.geography import ORIGIN, after_mergers, units
from tools.simulation.working_days import NEVER
from tools.tthc_simulator.defects import CODE, CRITICAL_KINDS, DEFAULT_RATES, OTHER_RATES, mojibake
from tools.tthc_simulator.procedures import INFORMATION_ONLY, online_levels, procedures

LEVEL_SHARES = {"tinh": 0.37, "huyen": 0.18, "xa": 0.45}
# Communes where next to nothing happens, and one where nothing does.
QUIET_COMMUNES, SILENT_COMMUNE = ("84.29413", "84.29539", "84.29356"), "84.29410"

# The changes of a dossier, in the order in which they can happen to it.
STEPS = (
    "nop", "vao", "tu_choi", "tiep_nhan", "xu_ly", "yeu_cau_1", "bo_sung_1", "yeu_cau_2",
    "bo_sung_2", "tai_chinh", "nop_tien", "ket_thuc", "tra", "mo_lai", "ket_thuc_2", "tra_2",
    "ket_qua", "dinh_chinh", "sua_loi", "xoa",
)  # fmt: skip
ROW = {step: row for row, step in enumerate(STEPS)}


@dataclass(frozen=True)
class Settings:
    """What to generate. Months are yyyy-MM; `tong` overrides `per_month` with an exact total.

    `ty_le_loi`: rates of bad dossiers, `ty_le_loi_khac`: of bad ratings and histories.
    Of months before `ky_dau` only the dossiers still unfinished when `ky_dau` began are kept:
    the stock carried over. `ten_moi`: once units have merged, every dossier bears the successor's code,
    in both of its columns, as in a system that knows today's units only; else it keeps the old one for ever.
    """

    seed: int = 2025
    per_month: int = 20_000
    tu: str = "2024-11"
    den: str = "2025-06"
    ky_dau: str = "2025-01"
    tong: int | None = None
    ty_le_loi: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_RATES))
    ty_le_loi_khac: dict[str, float] = field(default_factory=lambda: dict(OTHER_RATES))
    ty_le_sua_loi: float = 0.3
    ten_moi: bool = False

    def __post_init__(self) -> None:
        for name, known in (("ty_le_loi", DEFAULT_RATES), ("ty_le_loi_khac", OTHER_RATES)):
            if unknown := sorted(set(getattr(self, name)) - set(known)):
                raise ValueError(f"{name} names unknown kinds {unknown}: choose from {sorted(known)}.")
        if self.den < self.tu:
            raise ValueError(f"den={self.den} is before tu={self.tu}: swap the two months.")

    @property
    def months(self) -> list[str]:
        """All months generated, as yyyy-MM."""
        return [
            str(month) for month in np.arange(np.datetime64(self.tu, "M"), np.datetime64(self.den, "M") + 1)
        ]

    @property
    def end(self) -> str:
        """The first moment after the last month, yyyyMMddHHmmss."""
        return str(np.datetime64(self.den, "M") + 1).replace("-", "") + "01000000"


@dataclass(frozen=True)
class Lives:
    """Column arrays, one element per dossier; times are seconds since EPOCH, NEVER if not."""

    steps: np.ndarray  # len(STEPS) × dossiers
    procedure: np.ndarray
    unit_submitted: np.ndarray
    unit: np.ndarray
    receiver_submitted: np.ndarray
    receiver: np.ndarray
    channel: np.ndarray
    end_status: np.ndarray  # 9, 7 or 8
    due: np.ndarray  # 3 × dossiers: first, after supplement 1, after supplement 2
    no_due: np.ndarray
    corrected_end: np.ndarray
    sequence: np.ndarray
    applicant: np.ndarray
    person: np.ndarray  # 8 × dossiers: random digits behind the made-up identity
    documents: np.ndarray
    with_file: np.ndarray
    digitised: np.ndarray
    reused: np.ndarray
    from_store: np.ndarray
    deleted_document: np.ndarray
    vneid: np.ndarray
    payment: np.ndarray
    place: np.ndarray
    return_form: np.ndarray
    defect: np.ndarray
    variant: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> "Lives":
        return Lives(**{name: value[..., rows] for name, value in vars(self).items()})

    def __len__(self) -> int:
        return self.steps.shape[1]


def generate_lives(settings: Settings) -> Lives:
    """All dossiers of the settings; the same settings give the same arrays."""
    rng = np.random.default_rng([settings.seed, 1])
    draft = _Draft(settings, rng)
    draft.choose_what_and_where()
    draft.receive()
    draft.ask_for_supplements()
    draft.finish()
    draft.live_on()
    lives = draft.lives()
    lives = _keep_stock(lives, wd.seconds(settings.ky_dau), wd.seconds(settings.tu))
    lives = lives[np.argsort(lives.steps[ROW["nop"]], kind="stable")]
    _number(lives)
    _spoil(lives, settings)
    return lives


class _Draft:
    """Lives in the making, stage by stage. Every stage works on all dossiers as if each went
    through it; `lives` then hides what did not happen."""

    def __init__(self, settings: Settings, rng: np.random.Generator) -> None:
        self.settings, self.rng, self.seed = settings, rng, settings.seed
        self.day = _submission_days(settings, rng)
        self.n = len(self.day)

    def chance(self, share: float | np.ndarray) -> np.ndarray:
        return self.rng.random(self.n) < share

    def of_procedure(self, value: Callable) -> np.ndarray:
        return np.array([value(item) for item in procedures()])[self.procedure]

    def office_clock(self, morning: np.ndarray) -> np.ndarray:
        early = self.rng.integers(wd.OPEN + 900, wd.LUNCH - 600, self.n)
        return np.where(morning, early, self.rng.integers(wd.AFTER_LUNCH, wd.CLOSE - 300, self.n))

    def later(self, at: np.ndarray, added: np.ndarray) -> np.ndarray:
        """Office time `added` working days after `at`, at least ten minutes later."""
        day = wd.WORKING[wd.index_of(at) + added]
        return np.maximum(day * wd.DAY + self.office_clock(self.chance(0.6)), at + 600)

    def choose_what_and_where(self) -> None:
        self.procedure, self.local_unit = _procedures_and_units(self.seed, self.n, self.rng)
        before, _ = online_levels(self.seed)
        bias = np.random.default_rng([self.seed, 2]).uniform(0.8, 1.15, len(units()))
        share = np.minimum(self.of_procedure(lambda p: p.online_share) * bias[self.local_unit], 0.98)
        share[before[self.local_unit, self.procedure] == INFORMATION_ONLY] = 0
        self.online = self.chance(share)
        self.channel = np.where(self.online, 2, np.where(self.chance(0.03), 3, 1))

    def receive(self) -> None:
        n, rng, online = self.n, self.rng, self.online
        day = np.where(online, self.day, _working_or_saturday(self.day, rng))
        at_desk = day * wd.DAY + self.office_clock(self.chance(np.where(wd.IS_WORKING[day], 0.62, 1.0)))
        anytime = np.clip(rng.normal(13 * 3600, 4 * 3600, n), 0, wd.DAY - 1).astype(np.int64)
        self.submitted = np.where(online, day * wd.DAY + anytime, at_desk - rng.integers(30, 600, n))
        self.spread = rng.integers(0, 10_000, n)
        delay = (rng.exponential(2.5, n) * 3600).astype(np.int64)
        checked = wd.to_office_hours(self.submitted + delay, self.spread)
        self.received = np.where(online, np.maximum(checked, self.submitted + 60), at_desk)

        self.refused = self.chance(np.where(online, 0.016, 0.003))
        self.accepted = ~self.refused & ~self.chance(0.0008)
        # Codes of procedures that had not begun or had ended on the day of reception move on.
        self.procedure = _valid_procedures(self.procedure, self.received)
        share = np.random.default_rng([self.seed, 12]).random(n)
        self.unit_submitted = after_mergers(self.local_unit, self.submitted, share)
        self.unit = after_mergers(self.local_unit, self.received, share)
        self.receiver_submitted, self.receiver = _receivers(self.unit_submitted, self.unit, rng)

    def ask_for_supplements(self) -> None:
        n, rng, received = self.n, self.rng, self.received
        days = self.of_procedure(lambda p: 10 if p.days is None else p.days)
        same_day = days == 0
        until_close = np.where(
            received % wd.DAY <= 16 * 3600,
            received // wd.DAY * wd.DAY + wd.CLOSE,
            wd.add_days(received, 1) // wd.DAY * wd.DAY + 10 * 3600,
        )
        due_0 = np.where(same_day, until_close, wd.add_days(received, days))
        self.no_due = same_day & self.chance(0.065)
        # Each round moves the date by the working days waited and one more.
        first = np.minimum(rng.integers(0, 5, n), np.maximum(days - 1, 0))
        self.ask_1 = self.later(received, first)
        self.answer_1 = self.ask_1 + 1800 + (rng.exponential(4.0, n) * wd.DAY).astype(np.int64)
        due_1 = wd.add_days(due_0, wd.index_of(self.answer_1) - wd.index_of(self.ask_1) + 1)
        self.ask_2 = self.later(self.answer_1, rng.integers(0, 2, n))
        self.answer_2 = self.ask_2 + 1800 + (rng.exponential(3.0, n) * wd.DAY).astype(np.int64)
        due_2 = wd.add_days(due_1, wd.index_of(self.answer_2) - wd.index_of(self.ask_2) + 1)
        self.once = ~same_day & self.chance(0.06)
        self.twice = self.once & self.chance(0.12)
        self.silent = self.once & self.chance(0.06)
        self.dues = np.stack([due_0, due_1, due_2])
        self.due = np.where(self.twice, due_2, np.where(self.once, due_1, due_0))
        self.resumed = np.where(self.twice, self.answer_2, np.where(self.once, self.answer_1, received))

    def finish(self) -> None:
        n, rng, due = self.n, self.rng, self.due
        self.pays = self.of_procedure(lambda p: p.financial_duty) & self.chance(0.75)
        room = np.maximum(wd.index_of(due) - wd.index_of(self.resumed), 0)
        self.bill = self.later(self.resumed, (room * rng.uniform(0.1, 0.5, n)).astype(int))
        paying = (np.minimum(rng.exponential(0.7, n), 6) * wd.DAY).astype(np.int64)
        self.paid = self.bill + 900 + paying
        start = np.where(self.pays, self.paid, self.resumed)

        bias = np.random.default_rng([self.seed, 3]).lognormal(-0.35, 0.85, len(units()))
        late = self.chance(np.minimum(0.024 * bias[self.unit], 0.25))
        room = np.maximum(wd.index_of(due) - wd.index_of(start), 0)
        used = np.minimum(((room + 1) * rng.beta(2.2, 2.0, n)).astype(int), room)
        in_time = self.later(start, used)
        in_time = np.where((start < due - 60) & (in_time > due), due - 30, in_time)
        overdue = self.later(np.maximum(due, start), np.minimum(rng.geometric(0.3, n), 40))
        self.end = np.where(late, overdue, in_time)
        self.end_status = np.select([self.chance(0.008), self.chance(0.003)], [7, 8], 9)
        # Most of those who never answer are stopped after a while.
        stopped = self.silent & self.chance(0.8)
        last_ask = np.where(self.twice, self.ask_2, self.ask_1)
        self.end = np.where(stopped, self.later(last_ask, np.full(n, 30)), self.end)
        self.end_status = np.where(stopped, 8, self.end_status)
        self.ends = ~self.chance(0.001) & (~self.silent | stopped)

    def live_on(self) -> None:
        """What happens after the end: handing over, re-opening, late files and corrections."""
        n, rng, end = self.n, self.rng, self.end
        self.done = self.accepted & self.ends & (self.end_status == 9)
        walk_in = end + 300 + (rng.exponential(1.2, n) * wd.DAY).astype(np.int64)
        self.pickup = np.where(
            self.online, end + rng.integers(20, 1800, n), wd.to_office_hours(walk_in, self.spread)
        )
        self.handed = self.done & self.chance(0.985)
        self.reopened = self.handed & self.chance(0.003)
        self.reopening = self.later(self.pickup, rng.integers(1, 25, n))
        self.end_again = self.later(self.reopening, rng.integers(1, 5, n))
        self.pickup_again = self.end_again + rng.integers(60, 7200, n)
        self.linked = self.done & ~self.of_procedure(lambda p: p.no_result) & self.chance(0.905)
        delay = np.where(self.chance(0.05), rng.integers(5, 60, n) * wd.DAY, 0)
        self.link = end + delay
        self.backdated = self.done & ~self.reopened & self.chance(0.004)
        self.correction = self.later(end, rng.integers(3, 30, n))
        earlier = end - rng.integers(1, 6, n) * wd.DAY
        self.corrected_end = np.maximum(self.received + 300, earlier)
        self.entry = self.later(self.received, rng.integers(3, 20, n))
        self.entered_late = self.accepted & ~self.online & self.chance(0.004)
        if self.settings.tong is not None:
            # An exact total means that all are entered by the end.
            self.entered_late &= self.entry < wd.seconds(self.settings.end)
        self.deletion = self.later(self.received, rng.integers(1, 20, n))

    def lives(self) -> Lives:
        n, rng, online = self.n, self.rng, self.online
        papers = self.of_procedure(lambda p: p.documents)
        has_file = self.chance(np.where(online, 0.985, 0.74))
        with_file = np.where(has_file, np.maximum(papers - self.chance(0.2), 1), 0)
        digital = has_file & self.chance(0.94)
        digitised = np.where(digital, np.maximum(with_file - self.chance(0.15), 1), 0)
        paid_online = rng.choice([1, 2, 0, 3], n, p=[0.4, 0.3, 0.25, 0.05])
        paid_at_desk = rng.choice([1, 2, 0], n, p=[0.1, 0.15, 0.75])
        fee = self.of_procedure(lambda p: p.fee)
        applicant = self.of_procedure(lambda p: int(p.applicant))
        return Lives(
            steps=self.steps(),
            procedure=self.procedure,
            unit_submitted=self.unit_submitted,
            unit=self.unit,
            receiver_submitted=self.receiver_submitted,
            receiver=self.receiver,
            channel=self.channel,
            end_status=self.end_status,
            due=self.dues,
            no_due=self.no_due,
            corrected_end=self.corrected_end,
            sequence=np.zeros(n, np.int64),
            applicant=np.where((applicant == 1) & self.chance(0.04), 4, applicant),
            person=rng.integers(0, 10_000, (8, n), dtype=np.int16),
            documents=papers,
            with_file=with_file,
            digitised=digitised,
            reused=np.where(self.chance(0.22), np.minimum(digitised, 1), 0),
            from_store=np.where(self.chance(0.12), np.minimum(digitised, 1), 0),
            deleted_document=self.chance(0.02),
            vneid=self.chance(np.where(online, 0.9, 0.03)),
            payment=np.where(fee, np.where(online, paid_online, paid_at_desk), 0),
            place=np.where(online & self.chance(0.7), 1, 2),
            return_form=self.chance(np.where(self.channel == 3, 0.8, 0.06)).astype(np.int64),
            defect=np.zeros(n, np.int8),
            variant=rng.integers(0, 1000, n),
        )

    def steps(self) -> np.ndarray:
        n, rng = self.n, self.rng
        taken = self.accepted
        answers = ~self.silent
        bills = self.pays & answers
        happened = {
            "nop": (np.ones(n, bool), self.submitted),
            "vao": (np.ones(n, bool), np.where(self.entered_late, self.entry, self.submitted)),
            "tu_choi": (self.refused, self.received),
            "tiep_nhan": (taken, self.received),
            "xu_ly": (taken, self.received + rng.integers(60, 300, n)),
            "yeu_cau_1": (taken & self.once, self.ask_1),
            "bo_sung_1": (taken & self.once & (answers | self.twice), self.answer_1),
            "yeu_cau_2": (taken & self.twice, self.ask_2),
            "bo_sung_2": (taken & self.twice & answers, self.answer_2),
            "tai_chinh": (taken & bills, self.bill),
            "nop_tien": (taken & bills, self.paid),
            "ket_thuc": (taken & self.ends, self.end),
            "tra": (self.handed, self.pickup),
            "mo_lai": (self.reopened, self.reopening),
            "ket_thuc_2": (self.reopened, self.end_again),
            "tra_2": (self.reopened, self.pickup_again),
            "ket_qua": (self.linked, self.link),
            "dinh_chinh": (self.backdated, self.correction),
            "sua_loi": (np.zeros(n, bool), self.submitted),
            "xoa": (taken & self.chance(0.001), self.deletion),
        }
        return np.stack([np.where(*happened[step], NEVER) for step in STEPS])


def _submission_days(settings: Settings, rng: np.random.Generator) -> np.ndarray:
    """A day number per dossier: Mondays are busy, Saturdays thin, Sundays and holidays thinner."""
    pattern = np.array([1.15, 1.05, 1.0, 0.97, 0.93, 0.09, 0.05])
    weight = pattern[wd.WEEKDAY]
    weight = np.where(wd.IS_HOLIDAY, 0.05, np.where(wd.IS_WORKING, np.maximum(weight, 0.5), weight))
    bounds = [wd.seconds(month) // wd.DAY for month in settings.months]
    bounds.append(wd.seconds(settings.end) // wd.DAY)
    busy = np.array([weight[a:b].sum() for a, b in pairwise(bounds)])
    # Short months lose some of the volume, not all of it: people come back after Tết.
    share = (busy / busy.mean()) ** 0.5
    total = settings.tong
    if total is None:
        counts = np.round(settings.per_month * share).astype(int)
    else:
        edges = np.round(np.concatenate([[0], np.cumsum(share / share.sum())]) * total)
        counts = np.diff(edges.astype(int))
    return np.concatenate(
        [
            rng.choice(np.arange(a, b), count, p=weight[a:b] / weight[a:b].sum())
            for (a, b), count in zip(pairwise(bounds), counts, strict=True)
        ]
    )


def _procedures_and_units(seed: int, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A procedure and a providing unit per dossier (for sở: the unit before the mergers)."""
    catalogue = procedures()
    level = np.array([item.level for item in catalogue])
    weight = np.array([item.weight for item in catalogue])
    for name, share in LEVEL_SHARES.items():
        weight[level == name] *= share / weight[level == name].sum()
    procedure = rng.choice(len(catalogue), n, p=weight / weight.sum())
    keys = {unit.key: i for i, unit in enumerate(units())}
    unit = np.array([keys.get(item.department, -1) for item in catalogue])[procedure]
    size = np.random.default_rng([seed, 5])
    for name, sigma in (("huyen", 0.45), ("xa", 0.8)):
        members = np.array(
            [i for i, item in enumerate(units()) if item.level == name and item.valid_from == ORIGIN]
        )
        share = size.lognormal(0, sigma, len(members))
        share[np.isin(members, [keys[key] for key in QUIET_COMMUNES])] = 0.03
        share[members == keys[SILENT_COMMUNE]] = 0
        here = level[procedure] == name
        unit[here] = rng.choice(members, here.sum(), p=share / share.sum())
    return procedure, unit


def _working_or_saturday(day: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Desks are closed on Sundays and holidays and on most Saturdays."""
    weekday = wd.WEEKDAY[day]
    saturday = (weekday == 5) & ~wd.IS_HOLIDAY[day] & (rng.random(len(day)) < 0.7)
    # Backwards, so that a dossier stays in its month; the first days of a month go forwards.
    index = wd.WORKING_INDEX[day]
    earlier = wd.WORKING[np.maximum(index - 1, 0)]
    month = (wd.EPOCH + day).astype("datetime64[M]")
    same_month = (wd.EPOCH + earlier).astype("datetime64[M]") == month
    open_day = np.where(same_month, earlier, wd.WORKING[index])
    return np.where(wd.IS_WORKING[day] | saturday, day, open_day)


def _valid_procedures(procedure: np.ndarray, received: np.ndarray) -> np.ndarray:
    codes = {item.code: j for j, item in enumerate(procedures())}
    procedure = procedure.copy()
    for j, item in enumerate(procedures()):
        if item.moves_to:
            begins = wd.seconds(item.valid_from + "000000")
            ends = wd.seconds((item.valid_to or "20301230") + "000000") + wd.DAY
            invalid = (procedure == j) & ((received < begins) | (received >= ends))
            procedure[invalid] = codes[item.moves_to]
    return procedure


def _receivers(
    unit_submitted: np.ndarray, unit: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The deciding unit receives, except a few district dossiers handed in at a commune."""
    first_commune = np.array(
        [
            next((j for j, other in enumerate(units()) if other.parent == item.code), i)
            if item.level == "huyen"
            else i
            for i, item in enumerate(units())
        ]
    )
    elsewhere = rng.random(len(unit)) < 0.04
    return (
        np.where(elsewhere, first_commune[unit_submitted], unit_submitted),
        np.where(elsewhere, first_commune[unit], unit),
    )


def _keep_stock(lives: Lives, start: int, first: int) -> Lives:
    """Drops what was finished, withdrawn, refused or deleted before the first real month."""
    if start <= first:
        return lives
    steps = lives.steps
    over = np.minimum(steps[ROW["ket_thuc"]], steps[ROW["tu_choi"]])
    over = np.minimum(over, steps[ROW["xoa"]])
    keep = (steps[ROW["nop"]] >= start) | (over >= start)
    return lives[np.flatnonzero(keep)]


def _number(lives: Lives) -> None:
    """Sequence within receiving unit and day of submission, in order of submission."""
    group = lives.receiver_submitted * 4096 + lives.steps[ROW["nop"]] // wd.DAY
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.concatenate([starts, [len(ordered)]]))
    lives.sequence[order] = np.arange(len(ordered)) - np.repeat(starts, sizes) + 1


def _spoil(lives: Lives, settings: Settings) -> None:
    """Gives each kind of defect to its share of dossiers, and corrects some of them later."""
    rng = np.random.default_rng([settings.seed, 6])
    n = len(lives)
    received = lives.steps[ROW["tiep_nhan"]] < NEVER
    finished = received & (lives.steps[ROW["ket_thuc"]] < NEVER) & (lives.end_status == 9)
    plain = ~lives.no_due
    timed = np.array([bool(item.days) for item in procedures()])[lives.procedure]
    # Some names lose nothing that looks like "Ã" when they are garbled.
    garbles = np.array(["Ã" in mojibake(item.name) for item in procedures()])[lives.procedure]
    eligible = {
        "thieu_ngay_ket_thuc": finished,
        "ket_thuc_truoc_tiep_nhan": finished,
        "thieu_ngay_hen_tra": received & timed,
        "loi_ma_hoa": received & garbles,
        "hen_tra_0001": received & plain,
        "hen_tra_truoc_tiep_nhan": received & plain,
        "ngay_sai_dinh_dang": received & plain,
    }
    free = np.ones(n, dtype=bool)
    for name, rate in settings.ty_le_loi.items():
        candidates = np.flatnonzero(eligible.get(name, received) & free)
        count = min(round(rate * n), len(candidates))
        chosen = rng.choice(candidates, count, replace=False)
        lives.defect[chosen] = CODE[name]
        free[chosen] = False
        if name in CRITICAL_KINDS:
            mended = chosen[rng.random(count) < settings.ty_le_sua_loi]
            seen = np.maximum(lives.steps[ROW["tiep_nhan"]], lives.steps[ROW["vao"]])[mended]
            lives.steps[ROW["sua_loi"], mended] = seen + rng.integers(3 * wd.DAY, 40 * wd.DAY, len(mended))

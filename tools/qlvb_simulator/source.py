"""The simulated source: every document and work dossier as it stood at any moment, as text columns."""

from functools import cached_property

import numpy as np
import pandas as pd

from tools.qlvb_simulator.defects import CODE, NAMES
from tools.qlvb_simulator.generate import (
    DOCUMENT_ROW,
    INCOMING,
    KINDS,
    WORK_ROW,
    Documents,
    Lives,
    Settings,
    WorkDossiers,
    generate_lives,
)
from tools.simulation import people
from tools.simulation import working_days as wd
from tools.simulation.geography import units
from tools.simulation.working_days import NEVER

UNKNOWN_UNIT = "000.99.99.H59"
FAR_FUTURE_YEARS = 27  # 2025 typed as 2052
BAD_DATE = "2025-13-40"
DATASETS = ("van_ban", "ho_so_cong_viec")
KEYS = {"van_ban": "ma_van_ban", "ho_so_cong_viec": "ma_hscv"}
COLUMNS = {
    "van_ban": (
        "ma_van_ban", "huong", "don_vi", "so", "ky_hieu", "loai_van_ban", "ngay_van_ban", "ngay_den",
        "ngay_phat_hanh", "ngay_dang_ky", "do_khan", "do_mat", "han_xu_ly", "ngay_hoan_thanh", "ky_so",
        "gui_dien_tu", "gui_giay", "ma_ho_so_cong_viec", "ngay_cap_nhat", "da_xoa",
    ),
    "ho_so_cong_viec": (
        "ma_hscv", "don_vi", "ngay_mo", "han_giai_quyet", "ngay_dong", "trang_thai", "tien_do",
        "tren_he_thong", "chi_giay", "ngay_cap_nhat", "da_xoa",
    ),
}  # fmt: skip
# Abbreviations of NĐ 30/2020/NĐ-CP, Phụ lục III; a công văn has none.
SIGNS = {
    "bao_cao": "BC", "ke_hoach": "KH", "thong_bao": "TB", "giay_moi": "GM", "quyet_dinh": "QĐ",
    "to_trinh": "TTr", "huong_dan": "HD", "cong_dien": "CĐ", "chi_thi": "CT", "nghi_quyet": "NQ",
}  # fmt: skip
SENDERS = ("BNV", "VPCP", "BTP", "BKHCN", "UBND", "HĐND", "VPUBND", "SNV", "STC", "STP")
SUBJECTS = (
    "V/v cung cấp số liệu báo cáo quý",
    "V/v góp ý dự thảo kế hoạch",
    "V/v xem xét đơn của ông (bà) {}",
    "V/v mời họp triển khai công tác tháng",
    "V/v cử ông (bà) {} tham gia tập huấn",
    "V/v báo cáo kết quả thực hiện nhiệm vụ",
)
_CODES = np.array([unit.code for unit in units()] + [UNKNOWN_UNIT], dtype=object)
_BEGINS = np.array([wd.seconds(max(unit.valid_from, "20240101") + "000000") for unit in units()])


def _abbreviation(name: str) -> str:
    if name.startswith("UBND"):
        return "UBND"
    return "".join(word[0] for word in name.replace("-", " ").split() if word[0].isalpha()).upper()[:6]


_SIGNS_OF_UNITS = np.array([_abbreviation(unit.name) for unit in units()], dtype=object)


def generate(settings: Settings | None = None) -> "Source":
    """The source of these settings; the same settings always give the same answers."""
    settings = settings or Settings()
    return Source(settings, *generate_lives(settings))


class Source:
    """What the system would answer. Moments are texts yyyyMMddHHmmss, local time."""

    def __init__(self, settings: Settings, documents: Documents, work: WorkDossiers) -> None:
        self.settings = settings
        self._lives: dict[str, Lives] = {"van_ban": documents, "ho_so_cong_viec": work}

    def __len__(self) -> int:
        return sum(map(len, self._lives.values()))

    def changed(self, dataset: str, tu: str | None = None, den: str | None = None) -> pd.DataFrame:
        """Rows last changed in (tu, den] as they stood at `den`: the served columns, in served order."""
        den = den or self.settings.end
        lives, at = self._lives[dataset], wd.seconds(den)
        moved = _last_change(lives, at)
        rows = np.flatnonzero((lives.steps[0] <= at) & (moved > (wd.seconds(tu) if tu else -1)))
        rows = rows[np.argsort(moved[rows], kind="stable")]
        return self._frame(dataset, rows, at)[list(COLUMNS[dataset])]

    def frame(self, dataset: str, den: str | None = None) -> pd.DataFrame:
        """One row for each that exists at `den`: the served columns, and `ky` (true month of the
        arrival, the number or the opening), `loi` (the defect it has now, '' when good), `dong`."""
        at = wd.seconds(den or self.settings.end)
        return self._frame(dataset, np.flatnonzero(self._lives[dataset].steps[0] <= at), at)

    def subjects(self, rows: np.ndarray) -> list[str]:
        """The made-up trích yếu of the documents at these positions (column `dong`)."""
        return [self._subjects[row] for row in rows]

    @cached_property
    def _subjects(self) -> list[str]:
        n = len(self._lives["van_ban"])
        rng = np.random.default_rng([self.settings.seed, 25])
        person = rng.integers(0, 10_000, (8, n), dtype=np.int16)
        names = people.names(person, np.ones(n, np.int64)).to_pylist()
        chosen = rng.integers(0, len(SUBJECTS), n)
        return [SUBJECTS[i].format(name) for i, name in zip(chosen, names, strict=True)]

    def _frame(self, dataset: str, rows: np.ndarray, at: int) -> pd.DataFrame:
        make = _documents if dataset == "van_ban" else _work
        frame = make(self._lives[dataset][rows], rows, at)
        if dataset == "van_ban":
            linked = self._lives[dataset].work[rows]
            known = _linked(self._lives[dataset][rows], at)
            frame["ma_ho_so_cong_viec"] = np.where(known, _named("HSCV", linked), None)
        frame["dong"] = rows
        return frame


def _documents(lives: Documents, rows: np.ndarray, at: int) -> pd.DataFrame:
    steps = {name: np.where(lives.steps[i] <= at, lives.steps[i], NEVER) for name, i in DOCUMENT_ROW.items()}
    known = {name: time < NEVER for name, time in steps.items()}
    defect = _active_defect("van_ban", lives, at)

    def bad(name: str) -> np.ndarray:
        return defect == CODE["van_ban"][name]

    incoming = lives.direction == INCOMING
    earlier = np.maximum(lives.arrived - (1 + lives.variant % 3) * wd.DAY, _BEGINS[lives.unit])
    arrived = np.where(known["dinh_chinh"], earlier, lives.arrived)
    written = np.minimum(lives.written, np.where(incoming, arrived, lives.written))
    done = np.where(bad("hoan_thanh_truoc_den"), arrived - 2 * wd.DAY, steps["hoan_thanh"])
    future = FAR_FUTURE_YEARS * 10**10
    came = np.where(incoming, _stamps(arrived) + np.where(bad("ngay_tuong_lai"), future, 0), 0)
    entered = _stamps(steps["vao"]) + np.where(bad("ngay_tuong_lai") & ~incoming, future, 0)
    due = np.where(known["giao"], _days(lives.due), None)
    due[bad("han_0001")] = "00010101"
    day = _days(written)
    day[bad("ngay_sai_dinh_dang")] = BAD_DATE
    number = np.where(bad("trung_so"), lives.number - 1, lives.number)
    kinds = np.array([kind for kind, *_ in KINDS], dtype=object)[lives.kind]
    # A paper copy that was found out later, of documents that go out.
    paper = lives.paper | (known["dinh_chinh"] & ~incoming)
    unsent = (~incoming & ~known["phat_hanh"]) | bad("thieu_co_gui")
    return pd.DataFrame(
        {
            "ma_van_ban": np.where(bad("thieu_ma_van_ban"), None, _named("VB", rows)),
            "huong": np.where(incoming, "den", "di").astype(object),
            "don_vi": np.where(bad("don_vi_khong_co"), UNKNOWN_UNIT, _CODES[lives.unit]),
            "so": np.where(bad("thieu_so"), None, _text(number)),
            "ky_hieu": _notations(lives, kinds, incoming),
            "loai_van_ban": np.where(bad("loai_la"), "Loại không rõ", kinds),
            "ngay_van_ban": day,
            "ngay_den": _moments(came),
            "ngay_phat_hanh": _moments(np.where(incoming, 0, _stamps(steps["phat_hanh"]))),
            "ngay_dang_ky": _moments(entered),
            "do_khan": _text(lives.urgency),
            "do_mat": _text(lives.secrecy),
            "han_xu_ly": due,
            "ngay_hoan_thanh": _moments(np.where(known["hoan_thanh"], _stamps(done), 0)),
            "ky_so": np.where(bad("thieu_co_gui"), None, _text(lives.signed)),
            "gui_dien_tu": np.where(unsent, None, _text(lives.electronic)),
            "gui_giay": np.where(unsent, None, _text(paper)),
            "ma_ho_so_cong_viec": None,
            "ngay_cap_nhat": _moments(_stamps(_last_change(lives, at))),
            "da_xoa": _text(known["xoa"]),
            "ky": (wd.EPOCH + arrived // wd.DAY).astype("M8[M]").astype(str),
            "loi": np.array(NAMES["van_ban"], dtype=object)[defect],
        }
    )


def _linked(lives: Documents, at: int) -> np.ndarray:
    """Whether the document shows its work dossier: what goes out does so from the start."""
    out = (lives.direction != INCOMING) & (lives.work >= 0)
    return out | (lives.steps[DOCUMENT_ROW["gan_ho_so"]] <= at)


def _work(lives: WorkDossiers, rows: np.ndarray, at: int) -> pd.DataFrame:
    steps = {name: np.where(lives.steps[i] <= at, lives.steps[i], NEVER) for name, i in WORK_ROW.items()}
    known = {name: time < NEVER for name, time in steps.items()}
    defect = _active_defect("ho_so_cong_viec", lives, at)

    def bad(name: str) -> np.ndarray:
        return defect == CODE["ho_so_cong_viec"][name]

    status, progress = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    for step, code, share in (
        ("xu_ly", 1, lives.progress), ("tu_choi", -1, lives.progress), ("tra_ve", -2, lives.progress),
        ("xu_ly_lai", 1, lives.progress), ("trinh", 2, 80), ("duyet", 3, 90), ("dong", 4, 100),
        ("mo_lai", 1, 90), ("dong_lai", 4, 100),
    ):  # fmt: skip
        status = np.where(known[step], code, status)
        progress = np.where(known[step], share, progress)
    closed = np.where(known["mo_lai"], steps["dong_lai"], steps["dong"])
    closed = np.where(bad("hoan_thanh_khong_ngay_dong"), NEVER, closed)
    opened = _stamps(lives.opened) + np.where(bad("mo_tuong_lai"), FAR_FUTURE_YEARS * 10**10, 0)
    opened[bad("thieu_ngay_mo")] = 0
    due = np.where(bad("han_truoc_ngay_mo"), lives.opened - 3 * wd.DAY, lives.due)
    due_text = _days(due)
    due_text[bad("ngay_sai_dinh_dang")] = BAD_DATE
    # That a step was made on paper shows when the dossier is submitted for approval.
    off_system = lives.paper_only | (known["trinh"] & ~lives.on_system)
    return pd.DataFrame(
        {
            "ma_hscv": np.where(bad("thieu_ma_hscv"), None, _named("HSCV", rows)),
            "don_vi": np.where(bad("don_vi_khong_co"), UNKNOWN_UNIT, _CODES[lives.unit]),
            "ngay_mo": _moments(opened),
            "han_giai_quyet": due_text,
            "ngay_dong": _moments(_stamps(closed)),
            "trang_thai": _text(status),
            "tien_do": _text(np.where(bad("tien_do_qua_100"), 150, progress)),
            "tren_he_thong": _text(~off_system),
            "chi_giay": _text(lives.paper_only),
            "ngay_cap_nhat": _moments(_stamps(_last_change(lives, at))),
            "da_xoa": _text(known["xoa"]),
            "ky": (wd.EPOCH + lives.opened // wd.DAY).astype("M8[M]").astype(str),
            "loi": np.array(NAMES["ho_so_cong_viec"], dtype=object)[defect],
        }
    )


def _active_defect(dataset: str, lives: Lives, at: int) -> np.ndarray:
    """Code of the defect that shows at a moment: not corrected yet, and what it spoils is there."""
    row_of = DOCUMENT_ROW if dataset == "van_ban" else WORK_ROW
    defect = np.where(lives.steps[row_of["sua_loi"]] <= at, 0, lives.defect)
    for name, step in (
        ("han_0001", "giao"),
        ("hoan_thanh_truoc_den", "hoan_thanh"),
        ("thieu_co_gui", "phat_hanh"),
        ("hoan_thanh_khong_ngay_dong", "dong"),
    ):
        if name in CODE[dataset]:
            defect[(defect == CODE[dataset][name]) & (lives.steps[row_of[step]] > at)] = 0
    if dataset == "ho_so_cong_viec":
        open_again = (lives.steps[WORK_ROW["mo_lai"]] <= at) & (lives.steps[WORK_ROW["dong_lai"]] > at)
        defect[(defect == CODE[dataset]["hoan_thanh_khong_ngay_dong"]) & open_again] = 0
    return defect


def _last_change(lives: Lives, at: int) -> np.ndarray:
    return np.where(lives.steps <= at, lives.steps, -1).max(axis=0)


def _notations(lives: Documents, kinds: np.ndarray, incoming: np.ndarray) -> np.ndarray:
    sender = np.array(SENDERS, dtype=object)[lives.variant % len(SENDERS)]
    sign = np.array([SIGNS.get(kind, "") for kind in kinds], dtype=object)
    number = np.where(incoming, 1 + lives.variant * 7 % 4999, lives.number)
    who = np.where(incoming, sender, _SIGNS_OF_UNITS[lives.unit])
    return np.array(
        [f"{n}/{s}-{w}" if s else f"{n}/{w}" for n, s, w in zip(number, sign, who, strict=True)], dtype=object
    )


def _named(prefix: str, rows: np.ndarray) -> np.ndarray:
    return np.array([f"{prefix}{row + 1:07d}" for row in rows], dtype=object)


def _text(values: np.ndarray) -> np.ndarray:
    return values.astype(np.int64).astype(str).astype(object)


def _stamps(at: np.ndarray) -> np.ndarray:
    """Integers that read yyyyMMddHHmmss; 0 for what has not happened."""
    known = at < NEVER
    return np.where(known, wd.stamps(np.where(known, at, 0)), 0)


def _moments(stamps: np.ndarray) -> np.ndarray:
    text = stamps.astype(str).astype(object)
    text[stamps == 0] = None
    return text


def _days(at: np.ndarray) -> np.ndarray:
    known = at < NEVER
    text = wd.YMD[np.where(known, at, 0) // wd.DAY].astype(str).astype(object)
    text[~known] = None
    return text

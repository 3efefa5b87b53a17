"""Random histories of a few things of every dataset, which months are closed in the middle of."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta

from cchc.errors import CchcError
from cchc.figures.refresh import pending_periods, refresh
from cchc.publication.closing import close, publish_provisionally, restate
from cchc.publication.confirming import confirm
from cchc.registers.working_calendar import sync_calendar
from tests.registers.organisations import called, organise, step, unit, write
from tests.world import HUYEN, PROCEDURES, SO, XA, Definitions, World, code
from tests.world import UNITS as OF_SOURCE

UNITS = (SO, XA, HUYEN)
MONTHS = ["2025-01", "2025-02", "2025-03"]
ITEMS = ("iso_dien_tu", "ho_so_ngoai_he_thong", "tthc_co_du_lieu", "tthc_tham_quyen")
DATASETS = ("ho_so", "danh_gia", "van_ban", "ho_so_cong_viec", "khai_bao", "tthc")
FIRST = datetime(2025, 4, 2, 8)
BY = {"by": "chi_cuc", "approved_by": "giam_doc"}

# Who may answer for what files call by the codes of UNITS: below the sở, 84.c ends in some registers and 84.d
# takes over from it.
ANSWERING = {"84.a": "so_nganh", "84.b": "huyen", "84.c": "xa", "84.d": "xa"}
USUAL = {SO: "84.a", HUYEN: "84.b", XA: "84.c"}


def register(world: World, names: dict[str, str], *, ended: date | None = None, **levels: str) -> None:
    """Loads reference files in which `names` (what files call a unit → who that is) hold; `ended`: the last
    day of 84.c, if it has one; `levels`: other levels than those of ANSWERING, by the unit's last letter."""
    day = ended and ended + timedelta(days=1)
    units = [
        unit(ma, cap=levels.get(ma[-1], cap), den=str(ended) if ended and ma == "84.c" else "")
        for ma, cap in ANSWERING.items()
    ]
    rows = []
    for name, ma in names.items():
        if ended and ma == "84.c":
            rows += [called(name, ma, den=str(ended)), called(name, "84.d", tu=str(day))]
        else:
            rows.append(called(name, ma))
    steps = [step("84.c", "84.d", str(day))] if ended else []
    organise(world, write(world.folder / "danh_muc", units, steps, rows))


def with_registers(world: World) -> World:
    """Brings in the procedures of the small province, and units that the reference files know."""
    sync_calendar(world.engine)
    register(world, USUAL)
    # The catalogue has the source's codes, dossiers have names: both are mapped by the reference files.
    world.ingest("don_vi", world.csv(OF_SOURCE[1:], list(OF_SOURCE[0])), at="2024-01-01")
    world.ingest("tthc", world.json(PROCEDURES))
    return world


# What a new version of an indicator says; the kind of figure stays, sums and differences among them.
CHANGED: dict[str, list[dict]] = {
    "khong_co_han": [
        {"tu_so": [{"su_kien": "ket_thuc"}]},
        {"tu_so": [{"su_kien": "ket_thuc", "dieu_kien": "hen_tra IS NULL"}]},
    ],
    "T9": [
        # Each names both sides: one may follow the other, and the numerator stays a part of the denominator.
        {
            "tu_so": [{"su_kien": "tiep_nhan", "dieu_kien": "kenh_thuc_hien = 1"}],
            "mau_so": [{"su_kien": "tiep_nhan"}],
        },
        {
            "tu_so": [{"su_kien": "tiep_nhan", "dieu_kien": "kenh_thuc_hien = 2 AND co_ket_qua_dien_tu = 1"}],
            "mau_so": [{"su_kien": "tiep_nhan", "dieu_kien": "co_ket_qua_dien_tu = 1"}],
        },
    ],
    "T8": [
        {
            "tu_so": [
                {"su_kien": "tiep_nhan"},
                {"fact": "tthc_don_vi", "su_kien": "cung_cap", "dieu_kien": "muc_do = 4"},
            ]
        },
        {"mau_so": [{"fact": "tthc_don_vi", "su_kien": "cung_cap", "dieu_kien": "muc_do IN (3, 4)"}]},
    ],
    "T1": [{"don_vi_it_nhat": 2}, {"tu_so": [{"fact": "van_ban", "su_kien": "phat_hanh"}]}],
    "T6": [{"tu_so": [{"su_kien": "tiep_nhan"}, {"su_kien": "ky_truoc", "tru": True}]}],
}
# Those that are added.
ADDED = [
    {
        **{"ma": "them_dem", "phien_ban": 1, "thu_tu": 900, "ten": "Thử: hồ sơ có kết quả điện tử"},
        **{"loai": "dem", "can_cu": "Thử", "nguon": ["Hệ thống TTHC"], "cach_tinh": "Thử.", "luu_y": "Thử."},
        "tu_so": [{"su_kien": "tiep_nhan", "dieu_kien": "co_ket_qua_dien_tu = 1"}],
    },
    {
        **{"ma": "them_ty_le", "phien_ban": 1, "thu_tu": 901, "ten": "Thử: văn bản gửi giấy"},
        **{"loai": "ty_le", "chieu": "giam", "can_cu": "Thử", "nguon": ["Hệ thống QLVB&ĐH"]},
        **{"cach_tinh": "Thử.", "luu_y": "Thử.", "ly_do_na": "Không có văn bản"},
        "tu_so": [{"fact": "van_ban", "su_kien": "dang_ky", "dieu_kien": "gui_giay = 1"}],
        "mau_so": [{"fact": "van_ban", "su_kien": "dang_ky"}],
    },
]


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")


class History:
    """Draws files, each exported a day after the one before, registers, definitions and what people do."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance, self.day = world, random.Random(seed), 0
        self.versions: dict[str, int] = {}

    @property
    def moment(self) -> datetime:
        return FIRST + timedelta(days=self.day, minutes=self.chance.randrange(600))

    def _day(self) -> datetime:
        return datetime(2025, 1, 1, 9) + timedelta(days=self.chance.randrange(90))

    def dossier(self, number: int) -> dict:
        received = self._day()
        ended = received + timedelta(days=self.chance.randrange(40))
        done = ended < datetime(2025, 4, 1) and self.chance.random() < 0.7
        return {
            "ma_ho_so": code(number),
            "ma_tthc": f"1.00000{self.chance.randint(1, 3)}",
            "don_vi_xu_ly": self.chance.choice(UNITS),
            "kenh_thuc_hien": self.chance.choice("12"),
            "ngay_nop_ho_so": stamp(received),
            "ngay_tiep_nhan": stamp(received),
            "ngay_hen_tra": self.chance.choice([stamp(received + timedelta(days=9)), ""]),
            "ngay_ket_thuc_xu_ly": stamp(ended) if done else "",
            "trang_thai_ho_so": self.chance.choice(["9", "10", "7"]) if done else self.chance.choice("248"),
            "co_ket_qua_dien_tu": self.chance.choice("01"),
            "duoc_thanh_toan_truc_tuyen": self.chance.choice("01"),
            "da_xoa": "1" if self.chance.random() < 0.1 else "0",
            "ngay_cap_nhat": stamp(self.moment),
        }

    def load(self, dataset: str, count: int) -> None:
        """One file of a dataset, with new states of so many things; some are in it for the first time."""
        self.day += 1
        numbers = self.chance.sample(range(1, 13), count)
        at = str((FIRST + timedelta(days=self.day)).replace(hour=23))
        world, chance = self.world, self.chance
        if dataset == "ho_so":
            path = world.dossiers(*(self.dossier(n) for n in numbers))
        elif dataset == "danh_gia":
            path = world.ratings(
                *(
                    {
                        "ma_ho_so": code(n),
                        "thoi_gian_danh_gia": stamp(self._day()),
                        "danh_gia": chance.choice(["rat_hai_long", "hai_long", "khong_hai_long"]),
                        "ngay_cap_nhat": stamp(self.moment),
                    }
                    for n in numbers
                )
            )
        elif dataset == "van_ban":
            path = world.documents(*(self._document(n) for n in numbers))
        elif dataset == "ho_so_cong_viec":
            path = world.work(*(self._work(n) for n in numbers))
        elif dataset == "khai_bao":
            path = world.csv(
                [
                    {
                        "don_vi": chance.choice(UNITS[:2]),
                        "ky": chance.choice(MONTHS),
                        "ma_so_lieu": chance.choice(ITEMS[:2]),
                        "gia_tri": chance.choice("01"),
                        "chuc_danh": "Văn thư",
                        "ngay_khai": stamp(self.moment),
                    }
                    for _ in numbers
                ]
            )
        else:
            world.ingest("tthc", world.json([self._procedure(each) for each in PROCEDURES]))
            return
        world.ingest(dataset, path, at)

    def _document(self, number: int) -> dict:
        day = self._day()
        incoming = self.chance.random() < 0.6
        return {
            "ma_van_ban": f"VB{number}",
            "so": str(number),
            "huong": "den" if incoming else "di",
            "don_vi": self.chance.choice(UNITS),
            "ngay_van_ban": stamp(day)[:8],
            "ngay_den": stamp(day) if incoming else "",
            "ngay_phat_hanh": "" if incoming else stamp(day),
            "ngay_dang_ky": stamp(day),
            "han_xu_ly": "",
            "gui_dien_tu": self.chance.choice("01"),
            "gui_giay": self.chance.choice("01"),
            "da_xoa": "1" if self.chance.random() < 0.1 else "0",
            "ngay_cap_nhat": stamp(self.moment),
        }

    def _work(self, number: int) -> dict:
        opened = self._day()
        closed = opened + timedelta(days=self.chance.randrange(30))
        done = closed < datetime(2025, 4, 1) and self.chance.random() < 0.7
        return {
            "ma_hscv": f"HSCV{number}",
            "don_vi": self.chance.choice(UNITS),
            "ngay_mo": stamp(opened),
            "ngay_dong": stamp(closed) if done else "",
            "trang_thai": "2" if done else "1",
            "tien_do": "100" if done else "30",
            "han_giai_quyet": "",
            "chi_giay": self.chance.choice("01"),
            "ngay_cap_nhat": stamp(self.moment),
        }

    def _procedure(self, record: dict) -> dict:
        return record | {
            "CoPhi": self.chance.choice("01"),
            "DuDieuKienToanTrinh": self.chance.choice("01"),
            "ThuTucKhongCoKetQua": self.chance.choice("01"),
            # Before the months that are closed, each later than the one before.
            "NgayCapNhat": stamp(datetime(2024, 6, 1) + timedelta(days=self.day)),
        }

    # What else may happen --------------------------------------------------------------------------

    def map_otherwise(self) -> None:
        """A corrected register: others answer for what files say, a unit ended, another level."""
        chance = self.chance
        names = USUAL | {name: chance.choice(list(ANSWERING)) for name in chance.sample(list(USUAL), 1)}
        ended = date(2025, 1, 1) + timedelta(days=chance.randrange(10, 88)) if chance.random() < 0.5 else None
        levels = {"d": chance.choice(["xa", "huyen"])} if chance.random() < 0.3 else {}
        register(self.world, names, ended=ended, **levels)

    def define_otherwise(self, definitions: Definitions) -> None:
        """A new version of an indicator, or one more."""
        ma = self.chance.choice([*CHANGED, *(added["ma"] for added in ADDED)])
        self.versions[ma] = self.versions.get(ma, 1) + 1
        for added in ADDED:
            if ma == added["ma"]:
                return definitions.add(**added)
        definitions.change(ma, phien_ban=self.versions[ma], **self.chance.choice(CHANGED[ma]))

    def refresh_one_by_one(self, each: Callable[[], None] = lambda: None) -> None:
        """What waits, month by month in any order, as the DAG refresh_chi_so does; files may come between."""
        files = 2
        while waiting := pending_periods(self.world.engine):
            refresh(self.world.engine, self.chance.choice(waiting))
            each()
            if files and self.chance.random() < 0.2:
                files -= 1
                self.load(self.chance.choice(DATASETS), self.chance.randint(1, 3))

    def publish(self) -> str:
        """Something that people do with a month; what it was, or why it could not be done."""
        engine, chance = self.world.engine, self.chance
        closed = {row[0] for row in self.world.rows("SELECT ky FROM ops.so_cai WHERE loai = 'chot'")}
        # Of open months the first is the one that can be closed.
        ky = min((ky for ky in MONTHS if ky not in closed), default=MONTHS[0])
        acts: list[Callable[[], object]] = [
            lambda: confirm(
                engine,
                chance.choice(MONTHS),
                chance.choice(list(ANSWERING)),
                "van_thu",
                agree=chance.random() < 0.8,
            ),
            lambda: publish_provisionally(engine, chance.choice(MONTHS), "he_thong", "Hết hạn"),
            lambda: close(engine, ky, **BY, reason="Dữ liệu thử"),
            lambda: restate(engine, chance.choice(sorted(closed) or MONTHS), **BY, reason="Thử"),
        ]
        what = chance.choices(range(4), [2, 2, 3, 4])[0]
        try:
            acts[what]()
        except CchcError as error:
            return str(error)
        return ("confirmed", "published provisionally", "closed", "restated")[what]

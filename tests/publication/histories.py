"""Random histories of a few things of every dataset, which months are closed in the middle of."""

import random
from datetime import datetime, timedelta

from tests.world import HUYEN, PROCEDURES, SO, XA, World, code

UNITS = (SO, XA, HUYEN)
MONTHS = ["2025-01", "2025-02", "2025-03"]
ITEMS = ("iso_dien_tu", "ho_so_ngoai_he_thong", "tthc_co_du_lieu", "tthc_tham_quyen")
DATASETS = ("ho_so", "danh_gia", "van_ban", "ho_so_cong_viec", "khai_bao", "tthc")
FIRST = datetime(2025, 4, 2, 8)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")


class History:
    """Draws files; each is exported a day after the one before."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance, self.day = world, random.Random(seed), 0

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

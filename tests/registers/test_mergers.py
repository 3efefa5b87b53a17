"""Units that merge, end and are renamed: who answers, and that no dossier is lost or counted twice."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cchc.registers.organisation import SUCCESSIONS, UNITS
from tests.registers.organisations import answers, empty, file_rows, listed, on, organise, step, unit, write
from tests.torture import often
from tests.world import DOSSIER, PROCEDURES, World
from tools.tthc_simulator.defects import CRITICAL_KINDS
from tools.tthc_simulator.generate import Settings
from tools.tthc_simulator.source import generate

pytestmark = pytest.mark.long

# --- conservation ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reformed(make_world: Callable[[], World]) -> World:
    """The simulated source in June and July, with the shipped organisation."""
    source = generate(Settings(per_month=1200, tu="2025-04", ky_dau="2025-06", den="2025-07"))
    world = make_world()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CCHC_KY_DAU", "2025-06")
        organise(world)
        for until in ("20250701000000", "20250801000000"):
            for dataset in ("don_vi", "tthc", "ho_so"):
                records = getattr(source, dataset)(den=until)
                world.ingest(dataset, world.json(records, thoi_diem=until))
        world.refresh_all()
    return world


def held(world: World, ma: str, ky: str) -> dict[str, int]:
    return dict(
        world.rows(
            "SELECT ma_don_vi, tu_so FROM mart.chi_so "
            "WHERE ma_chi_so = :ma AND ky = :ky AND ky_loai = 'thang'",
            ma=ma,
            ky=ky,
        )
    )


def test_open_stock_of_30_june_is_what_the_successors_carry_over_on_1_july(reformed):
    before, after = held(reformed, "dang_giai_quyet", "2025-06"), held(reformed, "ky_truoc", "2025-07")
    heirs = {r["ma_don_vi_cu"]: r["ma_don_vi_moi"] for r in file_rows(SUCCESSIONS) if r["nhan_ton"] == "1"}
    levels = {row["ma_don_vi"]: row["cap"] for row in file_rows(UNITS)}
    units = {code: stock for code, stock in before.items() if not code.startswith("TONG")}
    # Every unit of June is one of the old province, on all three levels, and some hold dossiers.
    assert set(units) <= set(heirs)
    open_at = Counter()
    for unit_code, stock in units.items():
        open_at[levels[unit_code]] += stock
    assert min(open_at[level] for level in ("so_nganh", "huyen", "xa")) > 10
    carried = Counter()
    for unit_code, stock in units.items():
        carried[heirs[unit_code]] += stock
    assert {c: n for c, n in after.items() if not c.startswith("TONG") and n} == +carried
    assert before["TONG:toan_tinh"] == after["TONG:toan_tinh"] == sum(units.values())
    # The districts are gone, and their stock is with the communes.
    assert "TONG:huyen" not in after
    assert after["TONG:xa"] == before["TONG:xa"] + before["TONG:huyen"]
    assert after["TONG:so_nganh"] == before["TONG:so_nganh"]


def test_units_of_each_month_are_those_that_were_valid_at_its_end(reformed):
    for ky, province in (("2025-06", "84."), ("2025-07", "86.")):
        shown = {c for c in held(reformed, "tiep_nhan", ky) if not c.startswith("TONG")}
        followed = {
            row["ma_don_vi"]
            for row in file_rows(UNITS)
            if row["ma_don_vi"].startswith(province)
            and row["theo_doi"] == "1"
            and row["cap"] != "toan_tinh"
            and row["hieu_luc_den"] != "2025-02-28"
        }
        assert followed == shown
        assert all(c.startswith(province) for c in shown)


def test_every_good_dossier_of_the_simulated_source_finds_its_unit(reformed):
    rejected = reformed.rows(
        "SELECT count(*) FROM ops.reject AS r INNER JOIN ops.batch AS b ON r.batch_id = b.batch_id "
        "WHERE 'HS14' = ANY(r.rule_ids) AND r.masked_row ->> 'don_vi_xu_ly' <> '000.99.99.H59' "
        "AND cardinality(r.rule_ids) = 1"
    )
    assert rejected == [(0,)]
    assert reformed.rows("SELECT count(*) FROM core.ho_so WHERE ma_don_vi !~ '^8[46][.]'") == [(0,)]
    # The source knows nothing that the files do not, and contradicts them in nothing.
    assert reformed.rows("SELECT count(*) FROM core.don_vi WHERE nguon IS NULL") == [(0,)]
    assert reformed.rows("SELECT * FROM ops.don_vi_khac_tham_chieu") == []
    assert "don_vi_khong_co" in CRITICAL_KINDS


# --- the same source, in whose July every dossier bears its new unit's name -----------------------


def figures(world: World, ky: str) -> dict[tuple[str, str], tuple]:
    return {
        (ma, unit_code): numbers
        for ma, unit_code, *numbers in world.rows(
            "SELECT ma_chi_so, ma_don_vi, tu_so, mau_so, gia_tri FROM mart.chi_so "
            "WHERE ky = :ky AND ky_loai = 'thang'",
            ky=ky,
        )
    }


def renamed(world: World, *, june: bool, whole: bool) -> World:
    """June as it was sent then, unless it never came; July all over again or only what changed in it."""
    settings_ = {"per_month": 1200, "tu": "2025-04", "ky_dau": "2025-06", "den": "2025-07"}
    then, now = generate(Settings(**settings_)), generate(Settings(**settings_, ten_moi=True))
    organise(world)
    first, second = "20250701000000", "20250801000000"
    for dataset in ("don_vi", "tthc"):
        world.ingest(dataset, world.json(getattr(now, dataset)(den=second), thoi_diem=second))
    if june:
        # Sent in the evening of 30 June, when the units were still there.
        world.ingest("ho_so", world.json(then.ho_so(den=first), thoi_diem="20250630235959"))
    if whole:
        records = now.ho_so(den=second)
    else:
        seen = {record["MaHoSo"]: record for record in then.ho_so(den=first)}
        records = [
            r
            for r in now.ho_so(den=second)
            if seen.get(r["MaHoSo"], {}).get("NgayCapNhat") != r["NgayCapNhat"]
        ]
    assert not [r for r in records if r["DonViXuLy"].endswith("H59") and r["DonViXuLy"] != "000.99.99.H59"]
    world.ingest("ho_so", world.json(records, thoi_diem=second))
    world.refresh_all()
    return world


@pytest.fixture(scope="module", params=[True, False], ids=["whole July", "changes of July"])
def named_anew(request: pytest.FixtureRequest, make_world: Callable[[], World]) -> World:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CCHC_KY_DAU", "2025-06")
        return renamed(make_world(), june=True, whole=request.param)


def test_no_dossier_is_rejected_for_its_new_name(named_anew):
    assert named_anew.rows(
        "SELECT count(*) FROM ops.reject AS r WHERE r.rule_ids && '{HS14,HS14a}' "
        "AND r.masked_row ->> 'don_vi_xu_ly' <> '000.99.99.H59' AND cardinality(r.rule_ids) = 1"
    ) == [(0,)]
    assert named_anew.rows(
        "SELECT count(*) > 100 FROM core.ho_so WHERE don_vi_ngay_xuat LIKE '86.%' AND ma_don_vi LIKE '84.%'"
    ) == [(True,)]


def test_july_is_to_the_dossier_what_it_is_under_the_old_names(reformed, named_anew):
    assert figures(named_anew, "2025-07") == figures(reformed, "2025-07")


def test_open_stock_of_30_june_is_carried_over_under_the_new_names(reformed, named_anew):
    before, after = held(named_anew, "dang_giai_quyet", "2025-06"), held(named_anew, "ky_truoc", "2025-07")
    heirs = {r["ma_don_vi_cu"]: r["ma_don_vi_moi"] for r in file_rows(SUCCESSIONS) if r["nhan_ton"] == "1"}
    carried = Counter()
    for unit_code, number in before.items():
        if not unit_code.startswith("TONG"):
            carried[heirs.get(unit_code, unit_code)] += number
    assert {c: n for c, n in after.items() if not c.startswith("TONG") and n} == +carried
    assert before["TONG:toan_tinh"] == after["TONG:toan_tinh"] == sum(carried.values())
    # What came for the first time in July stands in June at who answers for it; all else where it was.
    late = named_anew.rows(
        "SELECT ma_don_vi, count(*) FROM core.ho_so WHERE ma_don_vi LIKE '86.%' "
        "AND ngay_tiep_nhan < '2025-07-01' AND ngay_ket_thuc > '2025-06-30' "
        "AND trang_thai_ho_so NOT IN (1, 3) AND coalesce(da_xoa, 0) <> 1 GROUP BY ma_don_vi"
    )
    assert {c: n for c, n in before.items() if c.startswith("86.") and n} == dict(late)
    truth = held(reformed, "dang_giai_quyet", "2025-06")
    assert before["TONG:toan_tinh"] == truth["TONG:toan_tinh"]
    assert sum(abs(before.get(c, 0) - n) for c, n in truth.items() if c.startswith("84.")) == sum(
        n for _, n in late
    )
    assert sum(n for _, n in late) < truth["TONG:toan_tinh"] / 20


def test_where_june_never_came_its_stock_is_complete_and_july_is_right(reformed, make_world):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CCHC_KY_DAU", "2025-06")
        world = renamed(make_world(), june=False, whole=True)
    assert figures(world, "2025-07") == figures(reformed, "2025-07")
    for ma in ("tiep_nhan", "da_giai_quyet", "dang_giai_quyet"):
        assert held(world, ma, "2025-06")["TONG:toan_tinh"] == held(reformed, ma, "2025-06")["TONG:toan_tinh"]


# --- any organisation -----------------------------------------------------------------------------


START, END = date(2025, 1, 1), date(2025, 5, 1)


MONTH_ENDS = [date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30)]


class Life:
    """An organisation and its history: when each unit lived, and who took over its open dossiers."""

    def __init__(self, levels: list[str]) -> None:
        self.level: dict[str, str] = {}
        self.days: dict[str, tuple[date | None, date | None]] = {}
        self.heir: dict[str, str] = {}
        self.steps: list[dict] = []
        for level in levels:
            self.found(level, None)

    def found(self, level: str, day: date | None) -> str:
        name = f"84.d{len(self.level)}"
        self.level[name], self.days[name] = level, (day, None)
        return name

    def living(self) -> list[str]:
        return [name for name, (_, end) in self.days.items() if end is None]

    def end(self, old: str, new: list[str], kind: str, day: date) -> None:
        self.days[old] = (self.days[old][0], day - timedelta(days=1))
        self.heir[old] = new[0]
        self.steps += [step(old, n, day.isoformat(), kind, str(int(n == new[0]))) for n in new]

    def answers(self, name: str, day: date) -> str:
        """Followed one by one, as a person would with the decisions in hand."""
        while (end := self.days[name][1]) is not None and end < day:
            name = self.heir[name]
        return name

    def alive(self, name: str, day: date) -> bool:
        begin, end = self.days[name]
        return (begin or date.min) <= day <= (end or date.max)

    def rows(self) -> list[dict]:
        return [
            unit(
                name,
                f"Đơn vị {name[4:]} đó",
                *("" if d is None else d.isoformat() for d in days),
                cap=self.level[name],
            )
            for name, days in self.days.items()
        ]


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Some units, and mergers, renames, splits and transfers on random days."""
    life = Life(draw(st.lists(st.sampled_from(["so_nganh", "huyen", "xa"]), min_size=2, max_size=5)))
    days = draw(
        st.lists(st.dates(START + timedelta(days=5), END), min_size=1, max_size=6, unique=True).map(sorted)
    )
    for day in days:
        living = life.living()
        kind = draw(st.sampled_from(["hop_nhat", "doi_ten", "chia_tach", "chuyen_giao"]))
        old = draw(st.permutations(living))
        if kind == "chuyen_giao" and len(old) > 1:
            life.steps.append(step(old[0], old[1], day.isoformat(), kind, "0"))
        elif kind == "chia_tach":
            heirs = [life.found(life.level[old[0]], day) for _ in range(draw(st.integers(2, 3)))]
            life.end(old[0], heirs, kind, day)
        elif kind == "doi_ten":
            life.end(old[0], [life.found(life.level[old[0]], day)], kind, day)
        elif kind == "hop_nhat" and len(old) > 1:
            # Into a new unit, or into one that goes on.
            goes_on = len(old) > 2 and draw(st.booleans())
            heir = old[2] if goes_on else life.found(life.level[old[0]], day)
            for merged in old[:2]:
                life.end(merged, [heir], kind, day)
    return life


FEW = settings(
    deadline=None,
    derandomize=True,
    # Looking for a smaller example takes minutes, and these are small.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.torture
def test_after_any_mergers_every_code_answers_at_exactly_one_living_unit_on_any_day(world):
    @settings(FEW, max_examples=often(60, 5))
    @given(lives())
    def check(life):
        empty(world)
        organise(world, write(world.folder / "ref", life.rows(), life.steps))
        turns = {date.fromisoformat(row["ngay_hieu_luc"]) for row in life.steps}
        days = sorted({START, END, *turns, *(day - timedelta(days=1) for day in turns)})
        for day in days:
            found = world.rows("SELECT ma_goc, ma_don_vi, con_hieu_luc FROM core.don_vi_tai_ngay(:d)", d=day)
            units = {goc: (answering, alive) for goc, answering, alive in found if goc != "84"}
            assert len(found) == len(units) + 1
            assert units == {
                name: (life.answers(name, day), life.alive(life.answers(name, day), day))
                for name in life.level
            }
            begun = [name for name, (begin, _) in life.days.items() if (begin or date.min) <= day]
            assert all(units[name][1] for name in begun)
        # As a source's list, without the files, where one unit takes over from each: the same answers.
        empty(world)
        names = ("HieuLucTu", "HieuLucDen")
        records = [
            listed(
                row["ma_don_vi"],
                row["ten_don_vi"],
                row["cap"],
                MaDonViKeThua=life.heir.get(row["ma_don_vi"]),
                **{
                    n: d and d.strftime("%Y%m%d")
                    for n, d in zip(names, life.days[row["ma_don_vi"]], strict=True)
                },
            )
            for row in life.rows()
        ]
        world.ingest("don_vi", world.json(records))
        for day in days:
            assert answers(world, day.isoformat()) == {name: life.answers(name, day) for name in life.level}

    check()


@st.composite
def dossiers_of(draw: st.DrawFn, life: Life) -> list[tuple[str, date, date | None]]:
    """(unit, received, ended or None): each received at a unit that was alive on that day."""
    found = []
    for _ in range(draw(st.integers(4, 12))):
        received = draw(st.dates(date(2024, 12, 1), END - timedelta(days=1)))
        unit_code = draw(st.sampled_from([name for name in life.level if life.alive(name, received)]))
        ended = draw(st.none() | st.dates(received, END - timedelta(days=1)))
        found.append((unit_code, received, ended))
    return found


@pytest.mark.long
@pytest.mark.torture
def test_after_any_mergers_no_dossier_is_lost_or_counted_twice(world):
    @settings(FEW, max_examples=often(40, 4))
    @given(st.data())
    def check(data):
        life = data.draw(lives())
        dossiers = data.draw(dossiers_of(life))
        empty(world)
        organise(world, write(world.folder / "ref", life.rows(), life.steps))
        world.ingest("tthc", world.json(PROCEDURES))
        rows = [
            DOSSIER
            | on(received.isoformat(), unit_code)
            | (
                {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": ended.strftime("%Y%m%d") + "100000"}
                if ended
                else {}
            )
            for unit_code, received, ended in dossiers
        ]
        # Later, and perhaps first, some of them come under the name of who answers then.
        again = [
            row | {"don_vi_xu_ly": life.answers(row["don_vi_xu_ly"], END), "ngay_cap_nhat": "20250501080000"}
            for row in rows
        ]
        files = [(rows, END.isoformat()), (again, "2025-05-02")]
        for lines, at in data.draw(st.permutations(files)):
            world.add(*lines, at=at)
        assert world.rows("SELECT * FROM ops.reject") == []
        world.refresh_all()
        before: Counter[str] | None = None
        for end in MONTH_ENDS:
            ky = end.strftime("%Y-%m")
            open_now, carried = Counter(), Counter()
            for unit_code, received, ended in dossiers:
                here = life.answers(unit_code, end)
                if received <= end and (ended is None or ended > end):
                    open_now[here] += 1
                if received < end.replace(day=1) and (ended is None or ended >= end.replace(day=1)):
                    carried[here] += 1
            for ma, expected in (("dang_giai_quyet", open_now), ("ky_truoc", carried)):
                figures = held(world, ma, ky)
                units = {c: n for c, n in figures.items() if not c.startswith("TONG") and n}
                assert units == dict(expected), (ma, ky)
                assert figures["TONG:toan_tinh"] == sum(expected.values())
                for level in ("so_nganh", "huyen", "xa"):
                    inside = sum(n for c, n in expected.items() if life.level[c] == level)
                    assert figures.get(f"TONG:{level}", 0) == inside
            if before is not None:
                moved = Counter()
                for unit_code, stock in before.items():
                    moved[life.answers(unit_code, end)] += stock
                assert moved == carried
            before = open_now

    check()


def test_the_months_of_a_chain_of_mergers_balance_by_hand(world):
    """Two communes merge on 1 March, the merged one is renamed on 1 April."""
    units = [
        unit("84.a", den="2025-02-28"),
        unit("84.b", den="2025-02-28"),
        unit("84.c", tu="2025-03-01", den="2025-03-31"),
        unit("84.d", tu="2025-04-01"),
    ]
    steps = [step("84.a", "84.c", "2025-03-01"), step("84.b", "84.c", "2025-03-01")]
    organise(
        world, write(world.folder / "ref", units, [*steps, step("84.c", "84.d", "2025-04-01", "doi_ten")])
    )
    world.ingest("tthc", world.json(PROCEDURES))
    done = {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": "20250320100000"}
    world.add(
        on("2025-02-03", "84.a"),
        on("2025-02-04", "84.a", **done),
        on("2025-02-05", "84.b"),
        on("2025-03-05", "84.c"),
        at="2025-05-01",
    )
    world.refresh_all()
    stock = {ky: held(world, "dang_giai_quyet", ky) for ky in ("2025-02", "2025-03", "2025-04")}
    total = ("TONG:xa", "TONG:toan_tinh")
    assert stock["2025-02"] == {"84.a": 2, "84.b": 1} | dict.fromkeys(total, 3)
    assert stock["2025-03"] == {"84.c": 3} | dict.fromkeys(total, 3)
    assert stock["2025-04"] == {"84.d": 3} | dict.fromkeys(total, 3)
    carried = {ky: held(world, "ky_truoc", ky) for ky in stock}
    for earlier, later in pairwise(stock):
        assert sum(stock[earlier].values()) == sum(carried[later].values())
    assert carried["2025-03"]["84.c"] == 3 and carried["2025-04"]["84.d"] == 3

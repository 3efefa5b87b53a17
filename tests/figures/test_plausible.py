"""What stands out from its own past: worked out by hand, and by the statistics module over random series."""

import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import pytest
import sqlalchemy as sa

from cchc.commands.plausible import print_plausibility
from cchc.figures.notes import Figure, add_note
from cchc.figures.plausible import plausibility
from cchc.figures.syncing import sync_definitions
from cchc.periods import Month, Period, parse_period
from cchc.vietnamese import figure, number, period
from tests.world import SO, XA

COUNT, RATE, POINTS = "tiep_nhan", "dung_han_06a", "T16"
# The month that is looked at; those before it come from the series.
MARCH = Month(2025, 3)
Say = Callable[..., list[sa.Row]]


@pytest.fixture(scope="module")
def warehouse(make_world) -> sa.Engine:
    world = make_world().dimensions()
    sync_definitions(world.engine)
    return world.engine


@pytest.fixture
def connection(warehouse) -> Iterator[sa.Connection]:
    """What a test puts in is taken out again."""
    with warehouse.connect() as connection:
        yield connection


INSERT = """
INSERT INTO mart.chi_so
(
    ky_loai, ky, tu_ngay, den_ngay, ma_chi_so, phien_ban, ma_don_vi, ten_don_vi, cap,
    tu_so, mau_so, gia_tri, ly_do_na, trang_thai, revision, as_of
)
SELECT
    :ky_loai, :ky, :start, :end, ma_chi_so, phien_ban, :unit, :unit, 'so_nganh',
    :tu_so, :mau_so, :value, :why, 'tam_tinh', 0, '2025-04-01'
FROM mart.dinh_nghia WHERE ma_chi_so = :ma
"""
A_PERIOD = "INSERT INTO mart.ky VALUES (:ky_loai, :ky, :start, :end) ON CONFLICT DO NOTHING"


def row_of(of: Period, ma: str, tu_so, mau_so=None, unit: str = SO) -> dict:
    """One figure as a refresh would write it; None for what no source told."""
    value, counted = tu_so, tu_so
    if ma == RATE:
        value = round(Decimal(100 * tu_so) / mau_so, 2) if mau_so else None
    if ma == POINTS:
        counted = None
    why = None if value is not None else "Không có"
    return {
        **{"ky_loai": of.ky_loai, "ky": of.ky, "start": of.start, "end": of.end, "ma": ma, "unit": unit},
        **{"tu_so": counted, "mau_so": mau_so, "value": value, "why": why},
    }


def put(connection: sa.Connection, *rows: dict) -> None:
    for statement in (A_PERIOD, INSERT):
        connection.execute(sa.text(statement), list(rows))


def month(months_before: int) -> Period:
    return parse_period("thang", MARCH.plus(-months_before).ky)


@pytest.fixture
def say(connection) -> Say:
    """What is found of the last of some months, oldest first: counts, or (numerator, denominator)."""

    def found(series: Sequence, ma: str = COUNT, unit: str = SO) -> list[sa.Row]:
        months = [parts if isinstance(parts, tuple) else (parts,) for parts in reversed(series)]
        put(connection, *(row_of(month(n), ma, *parts, unit=unit) for n, parts in enumerate(months)))
        return plausibility(connection, "thang", MARCH.ky, unit).findings

    return found


# By hand --------------------------------------------------------------------------------------

# Twelve months whose median is 100 (six at most 100, six at least 100) and whose deviations are
# 5 3 1 1 0 0 0 0 1 2 4 6, in order 0 0 0 0 1 1 1 2 3 4 5 6: median 1.
STEADY = [95, 97, 99, 99, 100, 100, 100, 100, 101, 102, 104, 106]


def test_a_count_far_from_its_median_is_told_with_its_numbers(say):
    # 0.6745 × (110 − 100) / 1 = 6.745
    [row] = say([*STEADY, 110])
    assert (row.phan, row.phat_hien, row.con_so, row.trung_vi, row.mad) == ("tu_so", "z", 110, 100, 1)
    assert (row.z, row.so_ky, row.ty_le_khong) == (Decimal("6.75"), 12, 0)
    assert (row.mau_so, row.mau_so_nho, row.so_khong_lien_tiep) == (None, False, 0)
    assert row.bang_chung == (
        "Tháng 03/2025: 110; trung vị 12 tháng trước 100 (thấp nhất 95, cao nhất 106), "
        "lệch 6,7 lần độ lệch thường thấy"
    )


@pytest.mark.parametrize("now", [95, 105])
def test_what_lies_within_the_bound_is_not_told(say, now):
    # 0.6745 × 5 = 3.3725; at 106 it would be 4.047.
    assert say([*STEADY, now]) == []


@pytest.mark.parametrize("now", [94, 106])
def test_either_direction_stands_out(say, now):
    [row] = say([*STEADY, now])
    assert row.z == (Decimal("4.05") if now > 100 else Decimal("-4.05"))


def test_what_is_older_than_twelve_months_does_not_count(say):
    # Thirteen months ago it was 110, too: nothing of it is said or compared.
    [row] = say([110, 110, 110, *STEADY, 110])
    assert (row.so_ky, row.cao_nhat) == (12, 106)


def test_with_less_than_six_months_nothing_is_claimed(say, connection):
    assert say([100, 101, 99, 100, 102, 1000]) == []
    found = plausibility(connection, "thang", MARCH.ky, SO)
    assert (found.compared, found.needed, found.says_something, found.figures) == (5, 6, False, 1)


def test_with_six_months_it_is(say, connection):
    # Median 100, deviations 0 0 1 1 2 3: 1.
    [row] = say([100, 101, 99, 100, 102, 97, 1000])
    assert (row.so_ky, row.mad) == (6, 1)
    assert plausibility(connection, "thang", MARCH.ky).says_something


def test_a_rate_is_told_with_its_denominator(say):
    # Rates 95 × 6, 94, 96, 94, 96, 93, 97: median 95, deviations 0 × 6, 1 × 4, 2, 2: median 0.5.
    # 0.6745 × (61.2 − 95) / 0.5 = −45.6. Denominators: eleven of 1000, one of 1010: median 1000, MAD 0,
    # mean deviation 10/12: (1250 − 1000) / (1.253314 × 10/12) = 239.365.
    rates = [950] * 6 + [940, 960, 940, 960, 930]
    [value, size] = say([*((n, 1000) for n in rates), (980, 1010), (765, 1250)], RATE)
    assert (value.phan, value.con_so, value.trung_vi) == ("gia_tri", Decimal("61.20"), 95)
    assert value.mau_so_thuong == 1000
    # 980 of 1010 are 97.03.
    assert value.bang_chung == (
        "Tháng 03/2025: 61,20 %; trung vị 12 tháng trước 95,00 % (thấp nhất 93,00, cao nhất 97,03), "
        "lệch 45,6 lần độ lệch thường thấy; mẫu số 1.250 so với thường 1.000"
    )
    assert (size.phan, size.mad, size.z) == ("mau_so", 0, Decimal("239.37"))
    assert size.bang_chung == (
        "Tháng 03/2025: mẫu số 1.250; trung vị 12 tháng trước 1.000 (thấp nhất 1.000, cao nhất 1.010), "
        "lệch 239,4 lần độ lệch thường thấy; tỷ lệ 61,20 % so với thường 95,00 %"
    )


def test_a_denominator_that_jumps_is_told_though_the_rate_is_as_always(say):
    # 95 of 100 each month, 99 and 101 now and then: median 100, MAD 0.5.
    sizes = [100, 100, 100, 101, 99, 100, 101, 99, 100, 101, 99, 100]
    [row] = say([*((size - 5, size) for size in sizes), (190, 200)], RATE)
    assert (row.phan, row.phat_hien, row.con_so) == ("mau_so", "z", 200)


def test_a_rate_of_few_dossiers_says_that_it_is_none(say):
    found = say([*[(95, 100), (94, 100), (96, 100)] * 4, (1, 3)], RATE)
    assert [(row.phan, row.mau_so_nho) for row in found] == [("gia_tri", True), ("mau_so", True)]
    assert found[0].bang_chung.endswith(
        "; mẫu số 3 so với thường 100; mẫu số dưới 30, quá ít để tỷ lệ nói lên điều gì"
    )


def test_where_all_months_were_alike_one_dossier_is_no_finding(say):
    assert say([*[(40, 40)] * 12, (39, 40)], RATE) == []
    # 599 of 600 are 99.83, which is 1.02 dossiers of 600 below 100 by its rounding.
    assert say([*[(600, 600)] * 12, (599, 600)], RATE, XA) == []


def test_where_all_months_were_alike_two_dossiers_are(say):
    [row] = say([*[(40, 40)] * 12, (38, 40)], RATE)
    assert (row.z, row.mad, row.phat_hien) == (None, 0, "z")
    assert row.bang_chung == (
        "Tháng 03/2025: 95,00 %; cả 12 tháng trước đều 100,00 %; mẫu số 40 so với thường 40"
    )


def test_points_are_looked_at_as_they_are(say):
    [row] = say([*[80, 81, 79] * 4, 60], POINTS)
    # Median 80, deviations 0 × 4, 1 × 8: 1. 0.6745 × 20 = 13.49.
    assert (row.phan, row.z, row.mau_so, row.mau_so_nho) == ("gia_tri", Decimal("-13.49"), None, False)
    assert row.bang_chung.startswith("Tháng 03/2025: 60,00 điểm; trung vị 12 tháng trước 80,00 điểm (")


# Zeros ----------------------------------------------------------------------------------------


def test_a_zero_that_is_not_usual_is_told(say):
    [row] = say([*STEADY, 0])
    assert (row.phat_hien, row.so_khong_lien_tiep, row.ty_le_khong) == ("khong", 1, 0)
    assert row.bang_chung == (
        "Tháng 03/2025: 0; trong 12 tháng trước đó không tháng nào bằng 0 hoặc trống; trung vị 12 tháng "
        "ấy 100 (thấp nhất 95, cao nhất 106), lệch 67,5 lần độ lệch thường thấy"
    )


def test_one_zero_in_ten_months_is_little_enough(say):
    [row] = say([5, 0, 6, 5, 7, 5, 4, 5, 6, 5, 0])
    assert (row.phat_hien, row.so_ky, row.ty_le_khong) == ("khong", 10, 10)
    assert "trong 10 tháng trước đó chỉ 1 tháng bằng 0 hoặc trống" in row.bang_chung


def test_one_zero_in_nine_months_is_usual(say):
    # Median 5, deviations 5 1 0 2 0 1 0 1 0: median 1; 0.6745 × 5 = 3.37, which does not stand out either.
    assert say([0, 6, 5, 7, 5, 4, 5, 6, 5, 0]) == []


def test_what_no_source_told_is_as_a_zero(say):
    [row] = say([*STEADY, None])
    assert (row.phat_hien, row.con_so, row.z) == ("khong", None, None)
    assert row.bang_chung.startswith(
        "Tháng 03/2025: không có giá trị; trong 12 tháng trước đó không tháng nào"
    )


def test_zeros_in_a_row_are_compared_with_what_was_before_the_first(say):
    [row] = say([*STEADY, 0, 0, 0])
    # Of the twelve months before two are of the row: ten are left, without 95 and 97.
    assert (row.phat_hien, row.so_khong_lien_tiep, row.so_ky) == ("khong_lien_tiep", 3, 10)
    assert (row.thap_nhat, row.ty_le_khong) == (99, 0)
    assert row.bang_chung.startswith(
        "Tháng 03/2025: 0, tháng thứ 3 liên tiếp bằng 0 hoặc trống; trong 10 tháng trước đó không tháng nào"
    )


def test_half_a_year_of_zeros_is_what_is_usual(say):
    # Six months are left before seven zeros, five before eight.
    [row] = say([*STEADY, *[0] * 7])
    assert (row.so_khong_lien_tiep, row.so_ky) == (7, 6)
    assert say([*STEADY, *[0] * 8], unit=XA) == []


def test_where_nothing_ever_was_nothing_stands_out(say):
    assert say([0] * 13) == []
    assert say([None] * 13, unit=XA) == []
    assert say([(0, 0)] * 13, RATE) == []


def test_a_month_without_dossiers_is_told_once(say):
    [row] = say([*[(95, 100), (94, 100), (96, 100)] * 4, (0, 0)], RATE)
    assert (row.phan, row.phat_hien, row.con_so, row.mau_so_nho) == ("mau_so", "khong", 0, False)


def test_a_rate_of_zero_is_told(say):
    [row] = say([*[(95, 100), (94, 100), (96, 100)] * 4, (0, 100)], RATE)
    assert (row.phan, row.phat_hien, row.con_so) == ("gia_tri", "khong", 0)


# What is compared -----------------------------------------------------------------------------


def test_quarters_are_compared_with_quarters(connection):
    for before, value in enumerate([500, 100, 101, 99, 100, 102, 97]):
        first = Month(2025, 1).plus(-3 * before)
        quarter = parse_period("quy", f"{first.year}-Q{first.month // 3 + 1}")
        put(connection, row_of(quarter, COUNT, value))
    put(connection, *(row_of(month(before), COUNT, 500) for before in range(13)))
    [row] = plausibility(connection, "quy", "2025-Q1").findings
    assert row.bang_chung.startswith("Quý 1/2025: 500; trung vị 6 quý trước 100 (thấp nhất 97, cao nhất 102)")


def test_the_year_to_date_is_not_compared_with_shorter_ones(connection):
    # What grows all year would stand out each January, and hide what does.
    for before in range(13):
        put(connection, row_of(parse_period("luy_ke", MARCH.plus(-before).ky), COUNT, 1 + before))
    found = plausibility(connection, "luy_ke", MARCH.ky)
    # March 2024 alone is as long; the year has not passed twelve times since.
    assert (found.findings, found.compared, found.says_something) == ([], 1, False)


def test_figures_of_another_version_of_the_definition_are_other_figures(say, connection):
    version = sa.text(
        "INSERT INTO mart.dinh_nghia SELECT (jsonb_populate_record(d, '{\"phien_ban\"\\: 99}')).* "
        "FROM mart.dinh_nghia AS d WHERE ma_chi_so = :ma; "
        "UPDATE mart.chi_so SET phien_ban = 99 WHERE ky = :ky"
    )
    assert len(say([*STEADY, 110])) == 1
    connection.execute(version, {"ma": COUNT, "ky": MARCH.ky})
    assert plausibility(connection, "thang", MARCH.ky, SO).findings == []


def test_each_unit_is_compared_with_itself(say, connection):
    say([*STEADY, 110])
    say([*(10 * n for n in STEADY), 1000], unit=XA)
    found = plausibility(connection, "thang", MARCH.ky)
    assert [row.ma_don_vi for row in found.findings] == [SO]
    assert (found.figures, found.compared) == (2, 12)


def test_what_is_noted_of_a_figure_stands_beside_its_findings(say, connection, capsys):
    say([*STEADY, 110])
    for kind, text in (("theo_doi", None), ("ghi_chu", "Đã hỏi."), ("ghi_chu", "Chờ trả lời.")):
        add_note(connection, Figure("thang", MARCH.ky, COUNT, SO), kind, text)
    found = plausibility(connection, "thang", MARCH.ky)
    [row] = found.findings
    assert (row.dang_theo_doi, row.so_ghi_chu) == (True, 2)
    print_plausibility(found, "thang", MARCH.ky)
    assert capsys.readouterr().out.splitlines() == [
        "Tháng 03/2025: 1 trong 1 con số khác thường so với 12 kỳ trước; 1 phát hiện, "
        "trong đó 0 của mẫu số nhỏ.",
        "",
        f"{SO} ({SO})",
        "  tiep_nhan Số hồ sơ tiếp nhận trong kỳ [đang theo dõi, 2 ghi chú]",
        f"    {row.bang_chung}",
    ]


# By an independent computation ----------------------------------------------------------------


def expected(past: list[float], now: float, floor: float) -> tuple[str, float | None] | None:
    """What is said of a number with these before it, newest first, and z: None when nothing."""
    streak = 0
    if now == 0:
        streak = 1
        while past and past[0] == 0:
            past = past[1:]
            streak += 1
    if len(past) < 6:
        return None
    middle = statistics.median(past)
    off = [abs(value - middle) for value in past]
    spread = statistics.median(off) / 0.6745 or 1.253314 * statistics.fmean(off)
    z = (now - middle) / spread if spread else None
    if streak and past.count(0) <= 0.1 * len(past):
        return ("khong" if streak == 1 else "khong_lien_tiep"), z
    if statistics.median(off) == 0 and abs(now - middle) <= floor:
        return None
    if z is None:
        return ("z", None) if now != middle else None
    return ("z", z) if abs(z) > 3.5 else None


def random_series(draw: random.Random) -> list[int]:
    """Counts as units have them: few or many, steady or not, with zeros, now and then with a jump."""
    size, spread = draw.choice([0, 1, 3, 20, 200, 5000]), draw.choice([0, 0.02, 0.2, 0.8])
    series = [max(0, round(draw.gauss(size, size * spread))) for _ in range(draw.randint(3, 16))]
    for at in range(len(series)):
        if draw.random() < draw.choice([0, 0.1, 0.4]):
            series[at] = 0
    if draw.random() < 0.4:
        series[-1] = round(series[-1] * draw.choice([0, 0.3, 0.5, 2, 4])) + draw.choice([0, 1, 2])
    if draw.random() < 0.2:
        series[-draw.randint(1, 3) :] = [0] * draw.randint(1, 3)
    return series


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_random_series_are_judged_as_the_statistics_module_judges_them(connection, record_property, seed):
    draw = random.Random(seed)
    wanted, rows = {}, []
    for n in range(150):
        unit, series = f"U{n:03}", random_series(draw)
        rows += [row_of(month(n), COUNT, count, unit=unit) for n, count in enumerate(reversed(series))]
        [now, *past] = [float(count) for count in reversed(series)]
        if found := expected(past[:12], now, 1.5):
            wanted[unit, "tu_so"] = found
        # The same counts as denominators, of which a part is in time.
        parts = [(draw.randint(count * 4 // 5, count), count) for count in series]
        rows += [row_of(month(n), RATE, *both, unit=unit) for n, both in enumerate(reversed(parts))]
        if found := expected(past[:12], now, 1.5):
            wanted[unit, "mau_so"] = found
        rates = [round(100 * part / whole, 2) if whole else None for part, whole in reversed(parts)]
        if rates[0] is not None:
            others = [rate for rate in rates[1:13] if rate is not None]
            if found := expected(others, rates[0], 150 / now):
                wanted[unit, "gia_tri"] = found
    put(connection, *rows)
    found = plausibility(connection, "thang", MARCH.ky).findings
    assert {(row.ma_don_vi, row.phan): row.phat_hien for row in found} == {
        key: kind for key, (kind, _) in wanted.items()
    }
    for row in found:
        z = wanted[row.ma_don_vi, row.phan][1]
        assert (row.z is None) == (z is None)
        assert z is None or abs(float(row.z) - z) < 0.006
    assert {kind for kind, _ in wanted.values()} == {"z", "khong", "khong_lien_tiep"}
    record_property("random series of figures", 450)


# Words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "of",
    [
        *(("thang", "2025-03"), ("luy_ke", "2025-12"), ("quy", "2025-Q4"), ("nua_nam", "2025-H1")),
        *(("nua_nam", "2025-H2"), ("nam", "2025"), ("ky_bao_cao", "2025-03"), ("ky_bao_cao", "2025-Q1")),
        *(("ky_bao_cao", "2025-H1"), ("ky_bao_cao", "2025-9T"), ("ky_bao_cao", "2025")),
    ],
    ids="-".join,
)
def test_a_period_has_the_name_that_pages_and_files_give_it(connection, of):
    assert connection.scalar(sa.text("SELECT core.ten_ky(:l, :k)"), {"l": of[0], "k": of[1]}) == period(*of)


@pytest.mark.parametrize("value", ["0", "0.5", "12", "-3.256", "1234.5", "1234567.891", "999999999999.99"])
def test_numbers_are_written_as_pages_and_files_write_them(connection, value):
    for places in (0, 1, 2):
        written = connection.scalar(
            sa.text("SELECT core.so_viet(CAST(:v AS numeric), :p)"), {"v": value, "p": places}
        )
        # Babel rounds halves to the even figure, PostgreSQL away from 0.
        assert written == number(round(Decimal(value) + Decimal("1e-9"), places), places)
    assert figure(Decimal("61.2"), "ty_le") == "61,20 %"


def test_the_thresholds_are_those_of_their_sources(connection):
    found = connection.execute(sa.text("SELECT * FROM mart.nguong_bat_thuong")).one()
    assert (found.he_so_mad, found.z_toi_da, found.he_so_lech) == (0.6745, 3.5, 1.253314)
    assert (found.so_ky_nhin_lai, found.so_ky_it_nhat, found.khong_toi_da) == (12, 6, 0.1)

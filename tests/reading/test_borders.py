"""Values at and beyond the borders of every column, into the tables: loaded or rejected, none raises."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cchc.contracts import Column, Contract, contract_of, contracts
from cchc.errors import BatchStopped
from cchc.judging.suites import rules_of
from cchc.judging.validation import validate
from cchc.loading.load import load
from tests.torture import often
from tests.world import DOCUMENT, DOSSIER, PROCEDURES, RATING, SO, STEP, UNITS, WORK, World, code

AT = "2025-05-10"


TEXTS = [
    *("", " ", "0", "-1", "NULL", "x" * 101, "x" * 2001, "ữ" * 3000, "\x00", "a\x00b", "a\x1b[1mb", "a\tb"),
    *(
        "\u202eabc",
        "\u200b",
        "１２",
        "😀",
        "𝟙",
        "a'b",
        'a"b',
        "a,b;c",
        "\\N",
        "\\.",
        "#REF!",
        "=1/0",
        "2.02503E+17",
    ),
    *(
        "0000-01",
        "9999-12",
        "1925-03",
        "2025-13",
        "２０２５-03",
        "{}",
        "[]",
        "null",
        "%s",
        ":b",
        "\x85",
        "\ufffe",
    ),
]
NUMBERS = [
    *(
        "0",
        "-1",
        "1",
        "32767",
        "32768",
        "99999",
        "2147483647",
        "2147483648",
        "9223372036854775808",
        "0.5",
        "1.000",
    ),
    *(
        "-32769",
        "-2147483649",
        "999999999999999",
        "1000000000000000",
        "1000000000001",
        "9" * 200,
        "1e400",
        "NaN",
    ),
    *(
        "Infinity",
        "１２",
        "٣",
        "1²",
        "x",
        "\x00",
        "1\x00",
        "--",
        "0x1F",
        "1_0",
        "-0",
        "+0",
        "0.0000001",
        "[]",
    ),
]
MOMENTS = [
    *(
        "00010101",
        "00010101000000",
        "0000-01-01",
        "0001-01-01",
        "0025-01-01",
        "1925-01-01",
        "1999-12-31 23:59:59",
    ),
    *(
        "20000101",
        "20250228235959",
        "2025-05-09",
        "20250510000000",
        "2025-05-11",
        "2026-01-01",
        "20350510",
        "2052-01-01",
    ),
    *(
        "2099-01-01",
        "9999-12-31",
        "9999-12-31T23:59:59Z",
        "99999-01-01",
        "4714-11-24 BC",
        "infinity",
        "-infinity",
    ),
    *(
        "epoch",
        "now",
        "\x00",
        "2025-03-05\x00",
        "２０２５-03-05",
        "20250230",
        "2025-03-05T24:00:00",
        "x" * 3000,
        "[]",
    ),
]
PROVIDED = [
    *("abc", "{}", "null", '"x"', "7", "[1]", "[[{}]]", "[null]", '[{"MaDonVi": []}]', "[" * 5000, "[NaN]"),
    *("[1e400]", '[[{"MaDonVi": "a", "MucDo": 4}]]'),
    *(
        json.dumps([{"MaDonVi": SO, "MucDo": "4", "HieuLucTu": None, "HieuLucDen": None} | change])
        for change in (
            *({"MaDonVi": v} for v in ([], {}, 1, True, "", " ", "x" * 3000, "a\x00", "\ud800", None)),
            *({"MucDo": v} for v in (0, 4, 4.5, 99999, 10**30, True, [], "4.0", "４", "", "\x00", None)),
            *(
                {name: v}
                for name in ("HieuLucTu", "HieuLucDen")
                for v in (*("0000-01-01", "00000101", "00010101", "10010101", "20520101", "99991231", ""),
                          *("20250230", 20250230, 20250101, [], "２０２５０１０１", "\x00", "9" * 30))
            ),
        )
    ),
]  # fmt: skip
# What JSON may hold in any column.
OTHERS = [True, False, [], {}, ["x"], {"a": [1]}, 10**25, 1.5, -1, 0, 2.02503e17]
BORDERS = {
    kind: [*values, *OTHERS]
    for kind, values in {
        **{"text": TEXTS, "int": NUMBERS, "number": NUMBERS},
        **{"timestamp": MOMENTS, "json": PROVIDED},
    }.items()
}
DECLARED = {
    "ma_so_lieu": "iso_dien_tu",
    "ten_so_lieu": "",
    "don_vi": SO,
    "ky": "2025-03",
    "gia_tri": "1",
    "chuc_danh": "Chuyên viên",
    "ngay_khai": "20250402080000",
    "mau": "1",
}
PROVIDED_BY = json.dumps(PROCEDURES[0]["DonViThucHien"])
GOOD = {
    "ho_so": {"ma_ho_so": code(1)} | DOSSIER,
    "danh_gia": {"ma_ho_so": code(1)} | RATING,
    "qua_trinh": {"ma_ho_so": code(1)} | STEP,
    "van_ban": {"ma_van_ban": "VB"} | DOCUMENT,
    "ho_so_cong_viec": {"ma_hscv": "HSCV"} | WORK,
    "khai_bao": DECLARED,
    "don_vi": UNITS[1] | {"theo_doi": "1", "ngay_cap_nhat": "20240101000000"},
    "tthc": {"ma_tthc": "1.100000", "ten_tthc": "Thủ tục", "don_vi_thuc_hien": PROVIDED_BY,
             "ngay_cap_nhat": "20240101000000"},
}  # fmt: skip


def of_batches(contract: Contract) -> set[str]:
    """Columns of which one wrong value stops the whole batch, by a rule of the suite."""
    rules = rules_of(contract.dataset).values()
    named = {
        name for rule in rules if rule.scope == "lo" and rule.severity == "critical" for name in rule.columns
    }
    return named | ({"mau", "ten_so_lieu"} if contract.dataset == "khai_bao" else set())


def at_the_borders(contract: Contract, columns: list[Column]) -> list[dict]:
    """A line for each border of each column: a good one, with a key of its own, and that cell."""
    good = dict.fromkeys((column.name for column in contract.staged), "") | GOOD[contract.dataset]
    lines = []
    for column in columns:
        for value in BORDERS[column.type]:
            number = len(lines) + 1
            # A declaration is told apart by its time.
            key = {
                "tthc": {"ma_tthc": f"1.1{number:05d}"},
                "khai_bao": {"ngay_khai": f"20250402{number // 60:02d}{number % 60:02d}00"},
            }.get(contract.dataset, {contract.key[0]: f"MA-{number}"})
            lines.append(good | key | {column.name: value})
    return lines


@pytest.fixture
def any_number_of_rejects(monkeypatch: pytest.MonkeyPatch) -> None:
    for dataset, contract in contracts().items():
        monkeypatch.setitem(contracts(), dataset, contract.model_copy(update={"reject_threshold_pct": 100}))


def settled(world: World, dataset: str, lines: list[dict]):
    """The batch of these lines, every one of them accepted, rejected or superseded."""
    batch_id = world.land(dataset, world.json(lines), at=AT)
    validate(world.engine, batch_id)
    batch, _ = load(world.engine, batch_id)
    assert batch.status == "loaded"
    assert batch.lines_read == len(lines)
    assert batch.lines_accepted + batch.lines_rejected + batch.lines_superseded == len(lines)
    return batch


@pytest.mark.long
@pytest.mark.parametrize("dataset", GOOD)
def test_every_column_at_its_borders_is_loaded_or_rejected(
    world: World, dataset: str, any_number_of_rejects, monkeypatch: pytest.MonkeyPatch
):
    world.dimensions()
    contract = contract_of(dataset)
    alone = of_batches(contract)
    batch = settled(
        world, dataset, at_the_borders(contract, [c for c in contract.staged if c.name not in alone])
    )
    assert batch.lines_accepted and batch.lines_rejected
    for column in contract.staged:
        if column.name in alone:
            try:
                settled(world, dataset, at_the_borders(contract, [column]))
            except BatchStopped as stop:
                assert any(rule in str(stop) for rule in rules_of(dataset))
    # Nor does what was loaded break the counting.
    monkeypatch.setenv("CCHC_KY_DAU", "2025-03")
    world.refresh_all()


def test_borders_are_drawn_for_every_dataset():
    assert set(GOOD) == set(contracts())
    assert set(BORDERS) == {column.type for contract in contracts().values() for column in contract.staged}


NESTED = {
    "TaiLieuNop": ("IsDeleted", "DuongDanTaiTepTin", "DuocSoHoa", "DuocTaiSuDung", "DuocLayTuKhoDMQG",
                   "MaGiayToSoHoa", "MaGiayToKhoQuocGia"),
    "DanhSachHoSoBoSung": ("NgayBoSung", "NgayTiepNhanBoSung"),
    "DanhSachGiayToKetQua": ("DuongDanTepTinKetQua", "GiayToId"),
    "DanhSachLePhi": ("Gia",),
    "DSKetNoiCSDL": ("MaCSDL",),
}  # fmt: skip


@pytest.mark.long
def test_every_field_of_every_nested_list_at_its_borders_is_counted_or_rejected(
    province: World, any_number_of_rejects
):
    good = {
        **{"MaTTHC": "1.000001", "TrangThaiHoSo": "4", "DonViXuLy": SO, "NgayTiepNhan": "20250305090000"},
        **{"NgayHenTra": "20250312090000", "NgayKetThucXuLy": None, "NgayCapNhat": "20250305090000"},
        **{name: [] for name in NESTED},
    }
    values = [*TEXTS, *NUMBERS, *MOMENTS, *OTHERS, None, 99999999999]
    lists = [
        {name: value}
        for name, fields in NESTED.items()
        for value in (
            *([{field: value}] for field in fields for value in values),
            *([{"NgayBoSung": "20250305090000", fields[-1]: value}] for value in values),
            *values,
            *([value] for value in values),
            [{fields[0]: "1"}] * 40_000,
        )
    ]
    lines = [{"MaHoSo": f"MA-{n}"} | good | change for n, change in enumerate(lists)]
    batch = settled(province, "ho_so", lines)
    assert batch.lines_accepted and batch.lines_rejected
    assert province.rows(
        "SELECT count(*) FROM core.ho_so WHERE tong_thoi_gian_bo_sung_phut < 0 OR tong_phi_le_phi < 0"
    ) == [(0,)]


def test_months_of_a_batch_are_those_of_its_good_lines(province: World, any_number_of_rejects):
    """A thousand dossiers with years of all kinds made 3,009 partitions."""
    years = [*range(1, 2000, 40), *range(2030, 9999, 200)]
    bad = [{"ngay_tiep_nhan": f"{year:04d}0305090000"} for year in years]
    batch = province.add(*bad, {}, at=AT)
    assert (batch.lines_accepted, batch.lines_rejected) == (1, len(years))
    partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'core.ho_so'::regclass"
    assert province.rows(partitions)[0][0] < 20
    province.refresh_all()


WIDTHS = {"smallint": 32_767, "integer": 2**31 - 1, "bigint": 2**63 - 1}


@pytest.mark.parametrize("dataset", GOOD)
def test_ranges_of_a_contract_fit_its_table(world: World, dataset: str):
    kinds = dict(
        world.rows(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = to_regclass(:t) AND attnum > 0",
            t=f"core.{dataset}",
        )
    )
    for column in contract_of(dataset).staged:
        if column.type in ("int", "number") and kinds.get(column.name) in WIDTHS:
            first, last = column.numbers()
            assert -WIDTHS[kinds[column.name]] <= first <= last <= WIDTHS[kinds[column.name]], column.name


HOSTILE = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text(alphabet="0123456789.,-+eE/: TZ", max_size=25),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes().map(str),
    st.booleans(),
    st.lists(st.text(max_size=3), max_size=2),
)


@pytest.mark.long
@pytest.mark.parametrize("dataset", ["ho_so", "don_vi"])
@pytest.mark.torture
def test_hostile_value_anywhere_is_loaded_or_rejected(world: World, dataset: str, any_number_of_rejects):
    world.dimensions()
    contract = contract_of(dataset)
    free = [column.name for column in contract.staged if column.name not in of_batches(contract)]
    good = GOOD[dataset]
    key = contract.key[0]

    @settings(
        max_examples=often(40, 2),
        deadline=None,
        derandomize=True,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.large_base_example,
            HealthCheck.data_too_large,
        ],
    )
    @given(st.lists(st.dictionaries(st.sampled_from(free), HOSTILE, max_size=2), min_size=20, max_size=40))
    def check(changes):
        every = dict.fromkeys((column.name for column in contract.staged), "")
        settled(
            world, dataset, [every | good | {key: f"MA-{n}"} | change for n, change in enumerate(changes)]
        )

    check()

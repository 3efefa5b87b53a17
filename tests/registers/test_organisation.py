"""The organisation: files that agree, names that resolve, units that are followed through mergers."""

import csv
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cchc.errors import BadDefinition
from cchc.loading.organisation import load_organisation
from cchc.registers.organisation import NAMES, SUCCESSIONS, UNITS, read_organisation
from cchc.registers.reference_files import REFERENCE
from tests.accidents import nothing_differs_after, session_ended
from tests.world import CONTENT, DOSSIER, PROCEDURES, World, code
from tools.tthc_simulator.defects import CRITICAL_KINDS
from tools.tthc_simulator.generate import Settings
from tools.tthc_simulator.source import generate

LAST_DAY, REFORM = "2025-06-30", "2025-07-01"
ORGANISATION = tuple(table for table in CONTENT if table.startswith("core.") and "tthc" not in table)[:7]

# The 41 communes on the old Trà Vinh land, from the 34-province file of vietnamese-provinces-database.
WARDS = {"29242": "Trà Vinh", "29254": "Nguyệt Hoá", "29263": "Long Đức", "29398": "Hoà Thuận"}
WARDS |= {"29512": "Duyên Hải", "29516": "Trường Long Hoà"}
COMMUNES = {
    **{"29266": "Càng Long", "29275": "An Trường", "29278": "Tân An", "29287": "Bình Phú"},
    **{"29302": "Nhị Long", "29308": "Cầu Kè", "29317": "An Phú Tân", "29329": "Phong Thạnh"},
    **{"29335": "Tam Ngãi", "29341": "Tiểu Cần", "29362": "Hùng Hoà", "29365": "Tập Ngãi"},
    **{"29371": "Tân Hoà", "29374": "Châu Thành", "29386": "Song Lộc", "29407": "Hưng Mỹ"},
    **{"29410": "Hoà Minh", "29413": "Long Hoà", "29416": "Cầu Ngang", "29419": "Mỹ Long"},
    **{"29431": "Vinh Kim", "29446": "Nhị Trường", "29455": "Hiệp Mỹ", "29461": "Trà Cú"},
    **{"29467": "Tập Sơn", "29476": "Lưu Nghiệp Anh", "29489": "Hàm Giang", "29491": "Đại An"},
    **{"29497": "Đôn Châu", "29506": "Long Hiệp", "29513": "Long Thành", "29518": "Long Hữu"},
    **{"29530": "Ngũ Lạc", "29533": "Long Vĩnh", "29536": "Đông Hải"},
}
DISTRICTS = {"842": 8, "844": 14, "845": 11, "846": 11, "847": 14, "848": 15, "849": 17, "850": 7, "851": 7}


def file_rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not next(iter(row.values())).startswith("#")]


def tone_on_the_other_vowel(name: str) -> str:
    """Hoà for Hòa: the domain notes and the files place the mark differently."""
    return name.replace("oà", "òa").replace("oá", "óa")


# --- the files as they are shipped --------------------------------------------------------------


def test_the_files_agree_with_each_other():
    found = read_organisation()
    assert len(found.units) == 280 and len(found.successions) == 140


def test_tra_vinh_has_9_districts_and_104_communes_in_the_right_districts():
    old = [unit for unit in file_rows(UNITS) if unit["ma_don_vi"].startswith("84.")]
    communes = [unit for unit in old if unit["cap"] == "xa"]
    assert Counter(unit["ma_don_vi_cha"] for unit in communes) == {f"84.{d}": n for d, n in DISTRICTS.items()}
    assert Counter(unit["loai"] for unit in communes) == {"xã": 85, "phường": 9, "thị trấn": 10}
    assert {u["ma_gso"] for u in old if u["cap"] == "huyen"} == set(DISTRICTS)
    assert {(u["hieu_luc_den"], u["da_kiem_chung"]) for u in old if u["cap"] in ("huyen", "xa")} == {
        (LAST_DAY, "1")
    }


def test_vinh_long_has_124_communes_of_which_41_are_on_the_old_land_and_followed():
    new = [u for u in file_rows(UNITS) if u["ma_don_vi"].startswith("86.") and u["cap"] == "xa"]
    assert Counter(unit["loai"] for unit in new) == {"xã": 105, "phường": 19}
    assert {unit["hieu_luc_tu"] for unit in new} == {REFORM}
    followed = {u["ma_gso"]: u["ten_don_vi"] for u in new if u["theo_doi"] == "1"}
    named = {c: f"Phường {n}" for c, n in WARDS.items()} | {c: f"Xã {n}" for c, n in COMMUNES.items()}
    assert len(named) == 41
    assert followed == {c: tone_on_the_other_vowel(n) for c, n in named.items()}


def test_every_commune_district_and_department_that_ends_hands_its_dossiers_on():
    units = {unit["ma_don_vi"]: unit for unit in file_rows(UNITS)}
    handing = [row for row in file_rows(SUCCESSIONS) if row["nhan_ton"] == "1"]
    heirs = {row["ma_don_vi_cu"]: row for row in handing}
    assert len(heirs) == len(handing)
    assert set(heirs) == {code for code, unit in units.items() if unit["hieu_luc_den"]}
    communes = [r for c, r in heirs.items() if units[c]["cap"] == "xa"]
    assert len(communes) == 104 and {row["da_kiem_chung"] for row in communes} == {"1"}
    assert {row["ma_don_vi_moi"] for row in communes} == {f"86.{c}" for c in WARDS | COMMUNES}
    # Who took over from a district is not known: each is an assumption and says so.
    districts = [r for c, r in heirs.items() if units[c]["cap"] == "huyen"]
    assert len(districts) == 9 and {row["da_kiem_chung"] for row in districts} == {"0"}
    assert all("giả định" in row["nguon"] for row in districts)


def test_departments_of_march_have_the_predecessors_that_were_reported():
    names = {unit["ma_don_vi"]: unit["ten_don_vi"] for unit in file_rows(UNITS)}
    merged = {
        (names[row["ma_don_vi_cu"]], names[row["ma_don_vi_moi"]])
        for row in file_rows(SUCCESSIONS)
        if row["ngay_hieu_luc"] == "2025-03-01"
    }
    assert merged == {
        ("Sở Kế hoạch và Đầu tư", "Sở Tài chính"),
        ("Sở Tài chính", "Sở Tài chính"),
        ("Sở Xây dựng", "Sở Xây dựng"),
        ("Sở Giao thông vận tải", "Sở Xây dựng"),
        ("Sở Khoa học và Công nghệ", "Sở Khoa học và Công nghệ"),
        ("Sở Thông tin và Truyền thông", "Sở Khoa học và Công nghệ"),
        ("Sở Nông nghiệp và Phát triển nông thôn", "Sở Nông nghiệp và Môi trường"),
        ("Sở Tài nguyên và Môi trường", "Sở Nông nghiệp và Môi trường"),
        ("Sở Nội vụ", "Sở Nội vụ"),
        ("Sở Lao động - Thương binh và Xã hội", "Sở Nội vụ"),
        ("Ban Dân tộc", "Sở Dân tộc và Tôn giáo"),
    }


def test_what_is_not_known_is_marked_and_not_invented():
    departments = [unit for unit in file_rows(UNITS) if unit["cap"] == "so_nganh"]
    assert {u["da_kiem_chung"] for u in departments if u["ma_don_vi"].startswith("86.")} == {"0"}
    unverified = [u for u in departments if u["da_kiem_chung"] == "0"]
    assert all("chưa kiểm chứng" in unit["nguon"] for unit in unverified)
    # The one identifier found in a public source is the province's.
    assert [u["ma_don_vi"] for u in file_rows(UNITS) if u["ma_dinh_danh"]] == ["84"]
    assert all(row["nguon"] for name in (UNITS, SUCCESSIONS, NAMES) for row in file_rows(name))


# --- files that contradict themselves -----------------------------------------------------------

HEADERS = {
    UNITS: list(file_rows(UNITS)[0]),
    SUCCESSIONS: list(file_rows(SUCCESSIONS)[0]),
    NAMES: ["ten_goi", "ma_don_vi", "hieu_luc_tu", "hieu_luc_den", "nguon"],
}


def unit(ma: str, ten: str = "", tu: str = "", den: str = "", cap: str = "xa", **values: str) -> dict:
    return {
        "ma_don_vi": ma,
        "ten_don_vi": ten or f"Xã {ma[3:].upper()}",
        "cap": cap,
        "ma_don_vi_cha": "84",
        "hieu_luc_tu": tu,
        "hieu_luc_den": den,
        "theo_doi": "1",
        "da_kiem_chung": "1",
        "nguon": "thử",
    } | values


def step(cu: str, moi: str, ngay: str, loai: str = "hop_nhat", nhan_ton: str = "1") -> dict:
    names = ("ma_don_vi_cu", "ma_don_vi_moi", "ngay_hieu_luc", "loai", "nhan_ton")
    return dict(zip(names, (cu, moi, ngay, loai, nhan_ton), strict=True)) | {
        "da_kiem_chung": "1",
        "nguon": "thử",
    }


def called(ten: str, ma: str, tu: str = "", den: str = "") -> dict:
    return {"ten_goi": ten, "ma_don_vi": ma, "hieu_luc_tu": tu, "hieu_luc_den": den, "nguon": "thử"}


PROVINCE = unit("84", "Tỉnh Thử", cap="toan_tinh", ma_don_vi_cha="")


def write(folder: Path, units: list[dict], steps: list[dict] = (), names: list[dict] = ()) -> Path:
    """The three files with these rows; the province stands in line 2 of the units."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in ((UNITS, [PROVINCE, *units]), (SUCCESSIONS, steps), (NAMES, names)):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADERS[name], restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


A, B = unit("84.a", den="2025-02-28"), unit("84.b", tu="2025-03-01")
JOINED = [A, B], [step("84.a", "84.b", "2025-03-01")], []


@pytest.mark.parametrize(
    ("units", "steps", "names", "says"),
    [
        ([unit("84.A b")], [], [], "don_vi.csv, line 3, column ma_don_vi"),
        ([unit("84.a", tu="2025-13-01")], [], [], "don_vi.csv, line 3, column hieu_luc_tu"),
        ([unit("84.a", cap="to")], [], [], "don_vi.csv, line 3, column cap"),
        ([unit("84.a", tu="2025-03-01", den="2025-02-01")], [], [], "is before hieu_luc_tu"),
        ([A, unit("84.a", tu="2025-02-28")], [], [], "lines 3 and 4: 84.a is described twice"),
        ([A, unit("84.a", tu="2025-03-02")], [], [], "lines 3 and 4: .* begins again on 2025-03-02"),
        (
            [unit("84.a", ma_gso="29001"), unit("84.b", tu="2025-03-01", ma_gso="29001")],
            [],
            [],
            "lines 3 and 4: .* same ma_gso 29001 at the same time",
        ),
        ([unit("84.a", ma_don_vi_cha="84.x")], [], [], "line 3, column ma_don_vi_cha: there is no unit 84.x"),
        ([unit("84.a", ma_don_vi_cha="")], [], [], "line 3: 84.a has no ma_don_vi_cha"),
        ([A, unit("84.c", ma_don_vi_cha="84.a")], [], [], "line 4: 84.c is valid on days on which 84.a"),
        (
            [unit("84.a", ma_don_vi_cha="84.b"), unit("84.b", ma_don_vi_cha="84.a")],
            [],
            [],
            "84.a is above itself",
        ),
        ([A, B], [step("84.a", "84.x", "2025-03-01")], [], "ke_thua.csv, line 2, column ma_don_vi_moi"),
        ([A, B], [step("84.a", "84.b", "2025-02-28")], [], "84.b is not valid on 2025-02-28"),
        ([A, B], [step("84.a", "84.b", "2025-03-02")], [], "Expected its last day to be 2025-03-01"),
        (
            [unit("84.a"), B],
            [step("84.a", "84.b", "2025-03-01")],
            [],
            "84.a ends on no known day in don_vi.csv",
        ),
        ([A, B], [step("84.a", "84.b", "2025-03-01", nhan_ton="0")], [], "line 2: 0 units take over"),
        (
            [A, B, unit("84.c")],
            [step("84.a", c, "2025-03-01", "chia_tach") for c in ("84.b", "84.c")],
            [],
            "lines 2, 3: 2 units take over",
        ),
        (
            [A, B],
            [step("84.a", "84.b", "2025-03-01", nhan_ton=n) for n in "10"],
            [],
            "lines 2, 3: the same succession of 84.a",
        ),
        ([A, B], [step("84.b", "84.a", "2025-02-01", "chuyen_giao")], [], "column nhan_ton: chuyen_giao"),
        (
            [A, B],
            [step("84.a", "84.b", "2025-04-01", "chuyen_giao", "0")],
            [],
            "nothing to hand over on 2025-04-01",
        ),
        # A circle: the way back cannot be, because what has ended does not come back.
        (
            [A, unit("84.b", den="2025-03-31")],
            [step("84.a", "84.b", "2025-03-01"), step("84.b", "84.a", "2025-04-01")],
            [],
            "line 3: 84.a is not valid on 2025-04-01",
        ),
        (*JOINED[:2], [called("Xã cũ", "84.x")], "ten_goi_khac.csv, line 2, column ma_don_vi"),
        (*JOINED[:2], [called("Xã cũ", "84.a", tu="2025-03-01")], "line 2: 84.a is never valid between"),
        (
            *JOINED[:2],
            [called("Hoà Thuỷ", "84.a"), called("hòa  thủy", "84.b", tu="2025-01-01")],
            "lines 2 and 3: 'hòa  thủy' stands twice",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_file_line_and_reason(tmp_path, units, steps, names, says):
    with pytest.raises(BadDefinition, match=says) as refused:
        read_organisation(write(tmp_path, units, steps, names))
    assert str(refused.value).startswith(("don_vi.csv", "ke_thua.csv", "ten_goi_khac.csv"))


def test_files_that_agree_and_remarks_in_them_are_read(tmp_path):
    folder = write(tmp_path, *JOINED[:2], [called("Xã cũ", "84.a"), called("Xã cũ", "84.b", tu="2025-03-01")])
    names = folder / NAMES
    # The same name for one unit after the other.
    names.write_text(names.read_text(encoding="utf-8").replace("Xã cũ,84.a,,", "Xã cũ,84.a,,2025-02-28"))
    with (folder / UNITS).open("a", encoding="utf-8") as file:
        file.write("# a remark, with a comma\n" + ",".join([""] * 12) + "\n")
    with pytest.raises(BadDefinition, match=r"don_vi\.csv, line 6, column ma_don_vi"):
        read_organisation(folder)
    text = (folder / UNITS).read_text(encoding="utf-8")
    (folder / UNITS).write_text(text.replace("," * 11, ""), encoding="utf-8")
    found = read_organisation(folder)
    assert list(found.units) == [2, 3, 4] and list(found.names) == [2, 3]


# --- loaded -------------------------------------------------------------------------------------


def organise(world: World, folder: Path = REFERENCE) -> list[str]:
    """Loads the reference files; returns the months that wait to be counted again."""
    return load_organisation(world.engine, world.folder / "landing", folder)[1]


@pytest.fixture(scope="module")
def shared(make_world: Callable[[], World]) -> World:
    world = make_world()
    organise(world)
    world.ingest("tthc", world.json(PROCEDURES))
    return world


@pytest.fixture
def organised(shared: World, tmp_path: Path) -> World:
    """A warehouse that knows the shipped organisation and no source's unit list; made once."""
    return World(shared.engine, tmp_path).without_dossiers()


def on(day: str, unit_name: str, number: int | None = None, **values: str) -> dict:
    """A dossier received at a unit on that day (yyyy-mm-dd)."""
    stamp = day.replace("-", "") + "090000"
    row = {"ngay_nop_ho_so": stamp, "ngay_tiep_nhan": stamp, "ngay_cap_nhat": stamp, "ngay_hen_tra": ""}
    row |= {"don_vi_xu_ly": unit_name} | values
    return row if number is None else row | {"ma_ho_so": code(number)}


def units_of(world: World, *names: tuple[str, str]) -> list[str]:
    """The units at which dossiers with these (unit as written, day of receipt) are loaded."""
    world.add(*(on(day, name) for name, day in names), at="2025-09-01")
    return [row[0] for row in world.rows("SELECT ma_don_vi FROM core.ho_so ORDER BY ma_ho_so")]


WRITTEN = [
    ("Xã Huyền Hội", "84.29278"),
    ("UBND xã Huyền Hội", "84.29278"),
    ("ỦY BAN NHÂN DÂN XÃ HUYỀN HỘI", "84.29278"),
    ("Uỷ ban nhân dân xã Huyền Hội", "84.29278"),
    ("Huyền Hội", "84.29278"),
    ("Xã Huyền Hội, Huyện Càng Long", "84.29278"),
    ("Huyền Hội - Càng Long", "84.29278"),
    ("UBND Xã Huyền Hội - Huyện Càng Long", "84.29278"),
    ("Xã Huyền Hội, huyện Càng Long, tỉnh Trà Vinh", "84.29278"),
    ("29278", "84.29278"),
    ("84.29278", "84.29278"),
    # Two wards bear the name; with the town it is one of them.
    ("Phường 1, Thành phố Trà Vinh", "84.29239"),
    ("UBND Phường 1, Thị xã Duyên Hải", "84.29512"),
    # A commune and a township of the same district, and a district.
    ("Xã Định An", "84.29494"),
    ("Thị trấn Định An", "84.29462"),
    ("Huyện Càng Long", "84.844"),
    ("UBND thị trấn Càng Long", "84.29266"),
    # Tone marks in both places, and letters with their marks apart.
    ("Xã Hoà Thuận", "84.29398"),
    ("Xã Hòa Thuận", "84.29398"),
    (unicodedata.normalize("NFD", "xã Lương Hòa A"), "84.29386"),
    # What a public list calls it otherwise stands in ten_goi_khac.csv.
    ("Xã Vĩnh Kim", "84.29431"),
    ("UBND xã Vĩnh Kim, Huyện Cầu Ngang", "84.29431"),
    ("Sở Tư pháp tỉnh Trà Vinh", "84.so-tu-phap"),
]


def test_a_unit_is_known_however_it_is_written(organised):
    found = units_of(organised, *((name, "2025-05-05") for name, _ in WRITTEN))
    assert dict(zip([name for name, _ in WRITTEN], found, strict=True)) == dict(WRITTEN)


@pytest.mark.parametrize(
    "name",
    ["Phường 1", "Định An", "Càng Long", "1", "Xã Không Có", "Tỉnh Trà Vinh", "Xã Huyền Hội, Huyện Cầu Kè"],
)
def test_a_name_that_means_no_unit_or_several_is_rejected_with_the_reason(organised, name):
    good = [on("2025-05-05", "Xã Huyền Hội") for _ in range(20)]
    batch = organised.add(*good, on("2025-05-05", name), at="2025-09-01")
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (21, 20, 1)
    reason = "Đơn vị xử lý không ứng với đúng một đơn vị còn hiệu lực vào ngày tiếp nhận"
    assert organised.rows("SELECT line_no, rule_ids, reasons FROM ops.reject WHERE batch_id = :b",
                          b=batch.batch_id) == [(22, ["HS14"], [reason])]  # fmt: skip


REUSED = [
    ("29242", "84.29242", "Phường 3", "Phường Trà Vinh"),
    ("29512", "84.29512", "Phường 1", "Phường Duyên Hải"),
    ("29266", "84.29266", "Thị trấn Càng Long", "Xã Càng Long"),
    ("29398", "84.29398", "Xã Hòa Thuận", "Phường Hòa Thuận"),
]


def test_a_reused_code_means_the_old_commune_until_30_june_and_the_new_one_after(organised):
    days = [(gso, day) for gso, *_ in REUSED for day in (LAST_DAY, REFORM)]
    expected = [f"{province}.{gso}" for gso, *_ in REUSED for province in ("84", "86")]
    assert units_of(organised, *days) == expected
    for gso, _, before, after in REUSED:
        assert organised.rows(
            "SELECT ten_don_vi FROM mart.don_vi WHERE ma_gso = :g ORDER BY hieu_luc_tu", g=gso
        ) == [(before,), (after,)]


def test_a_department_of_march_is_another_than_the_one_of_the_same_name_before(organised):
    days = [("2025-02-28"), ("2025-03-01"), (LAST_DAY), (REFORM)]
    assert units_of(organised, *(("Sở Tài chính", day) for day in days)) == [
        *("84.so-tai-chinh", "84.so-tai-chinh-2025", "84.so-tai-chinh-2025", "86.so-tai-chinh")
    ]


def answers(world: World, day: str) -> dict[str, str]:
    """Code → the unit that answers for it on that day."""
    rows = world.rows("SELECT ma_goc, ma_don_vi FROM core.don_vi_tai_ngay(:d)", d=day)
    assert len(rows) == len(dict(rows)), "a code answers at one unit"
    return dict(rows)


def test_units_are_asked_as_they_were_and_as_they_are_now(organised):
    chain = {
        "2025-02-28": "84.so-thong-tin-va-truyen-thong",
        "2025-03-01": "84.so-khoa-hoc-va-cong-nghe-2025",
        LAST_DAY: "84.so-khoa-hoc-va-cong-nghe-2025",
        REFORM: "86.so-khoa-hoc-va-cong-nghe",
        "2027-01-01": "86.so-khoa-hoc-va-cong-nghe",
    }
    for day, expected in chain.items():
        assert answers(organised, day)["84.so-thong-tin-va-truyen-thong"] == expected
    # On any day, everything that has begun is answered for by a unit that is alive.
    for day in chain:
        dead = organised.rows(
            "SELECT t.ma_goc FROM core.don_vi_tai_ngay(:d) AS t WHERE NOT t.con_hieu_luc AND EXISTS "
            "(SELECT 1 FROM core.don_vi AS d WHERE d.ma_don_vi = t.ma_goc AND d.valid_from <= :d)",
            d=day,
        )
        assert dead == []
    assert set(answers(organised, "2025-05-01")) == set(answers(organised, REFORM))


def test_bi_sees_what_is_verified_and_what_is_not(organised):
    assert organised.rows(
        "SELECT cap, da_kiem_chung, theo_doi, count(*) FROM mart.don_vi WHERE hieu_luc_den = 'infinity' "
        "GROUP BY 1, 2, 3 ORDER BY 1, 3"
    ) == [
        ("so_nganh", False, True, 15),
        ("toan_tinh", True, True, 1),
        ("xa", True, False, 83),
        ("xa", True, True, 41),
    ]
    steps = "SELECT loai, da_kiem_chung, count(*) FROM mart.ke_thua GROUP BY 1, 2 ORDER BY 1, 2"
    assert organised.rows(steps) == [
        ("chia_tach", False, 9),
        ("doi_ten", True, 4),
        ("hop_nhat", False, 15),
        ("hop_nhat", True, 112),
    ]


def test_who_answers_is_found_fast(organised):
    (plan,) = organised.rows(
        "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM core.don_vi_tai_ngay('2025-07-01')"
    )
    assert plan[0][0]["Execution Time"] < 30


# --- what a source says ---------------------------------------------------------------------------


def listed(ma: str, ten: str, cap: str = "xa", **values: str | None) -> dict:
    """A row of a source's unit list."""
    row = {"MaDonVi": ma, "TenDonVi": ten, "Cap": cap, "MaGSO": None, "HieuLucTu": "20200101"}
    row |= {"HieuLucDen": None, "MaDonViKeThua": None, "NgayCapNhat": "20240101000000"}
    return row | values


LISTED = [
    listed("S1", "UBND Xã A, Huyện H", MaGSO="29001"),
    listed("S2", "UBND xã B"),
    listed("S3", "Tên của riêng nguồn"),
    listed("S4", "Sở Chưa Có Trong Danh Mục", "so_nganh", HieuLucDen="20250331", MaDonViKeThua="S3"),
    listed("X5", "Mã chính thức", "so_nganh"),
    # Its GSO code is wrong at the source; an officer has said whom it means.
    listed("S6", "Xã A", MaGSO="29001"),
    listed("S7", "Cũng chưa có", HieuLucDen="20250331", MaDonViKeThua="S8"),
]
ON_FILE = [
    unit("84.29001", "Xã A", den="2025-03-31", ma_gso="29001"),
    unit("84.b", "Xã B"),
    unit("84.c", "Xã C"),
    unit("84.d", "Sở D", cap="so_nganh", ma_dinh_danh="x5"),
    unit("84.e", "Xã E", tu="2025-04-01", ma_gso="29001"),
]
STEPS = [step("84.29001", "84.e", "2025-04-01", "doi_ten")]
CALLED = [called("S3", "84.c"), called("S6", "84.b")]


def test_a_source_s_code_means_the_unit_of_the_files_that_an_alias_code_gso_or_name_tells(world):
    organise(world, write(world.folder / "ref", ON_FILE, STEPS, CALLED))
    world.ingest("don_vi", world.json(LISTED))
    assert world.rows(
        "SELECT ma_don_vi_nguon, ma_don_vi, khop_theo, valid_from::text, valid_to::text "
        "FROM core.don_vi_nguon ORDER BY 1, 4"
    ) == [
        # The source never said that the commune ended; the files did, and gave its code to the next.
        ("S1", "84.29001", "ma_gso", "2020-01-01", "2025-03-31"),
        ("S1", "84.e", "ma_gso", "2025-04-01", "infinity"),
        ("S2", "84.b", "ten", "2020-01-01", "infinity"),
        ("S3", "84.c", "ten_goi_khac", "2020-01-01", "infinity"),
        ("S6", "84.b", "ten_goi_khac", "2020-01-01", "infinity"),
        ("X5", "84.d", "ma", "2020-01-01", "infinity"),
    ]
    units = "SELECT ma_don_vi, ten_don_vi, valid_from::text, da_kiem_chung FROM core.don_vi"
    assert sorted(world.rows(f"{units} WHERE cap <> 'toan_tinh'")) == [
        ("84.29001", "Xã A", "-infinity", True),
        ("84.b", "Xã B", "-infinity", True),
        ("84.c", "Xã C", "-infinity", True),
        ("84.d", "Sở D", "-infinity", True),
        ("84.e", "Xã E", "2025-04-01", True),
        # Unknown to the files: a unit all the same, under the source's code, and not verified.
        ("S4", "Sở Chưa Có Trong Danh Mục", "2020-01-01", False),
        ("S7", "Cũng chưa có", "2020-01-01", False),
    ]
    # The source's heir of S4 is the unit that S3 means.
    assert answers(world, "2025-03-31")["S4"] == "S4"
    assert answers(world, "2025-04-01")["S4"] == "84.c"
    assert answers(world, "2025-03-31")["S1"] == "84.29001"
    assert answers(world, "2025-04-01")["S1"] == "84.e"
    # Nobody has ever heard of S8: the ended unit keeps its dossiers.
    assert answers(world, "2025-04-01")["S7"] == "S7"


def test_what_a_source_says_otherwise_is_shown_and_changes_nothing(world):
    folder = write(world.folder / "ref", ON_FILE, STEPS, CALLED)
    organise(world, folder)
    before = world.rows("SELECT * FROM mart.don_vi ORDER BY ma_don_vi, hieu_luc_tu")
    wrong = listed("S1", "Xã Tên Khác", "huyen", MaGSO="29001", HieuLucDen="20250228", MaDonViKeThua="S2")
    same = listed("S2", "UBND xã B, Tỉnh Thử")
    world.ingest("don_vi", world.json([wrong, same]))
    assert world.rows("SELECT * FROM mart.don_vi ORDER BY ma_don_vi, hieu_luc_tu") == before
    assert world.rows(
        "SELECT ma_don_vi_nguon, ma_don_vi, cot, gia_tri_nguon, gia_tri_tham_chieu "
        "FROM ops.don_vi_khac_tham_chieu ORDER BY cot"
    ) == [
        ("S1", "84.29001", "cap", "huyen", "xa"),
        ("S1", "84.29001", "hieu_luc_den", "2025-02-28", "2025-03-31"),
        ("S1", "84.29001", "ma_don_vi_ke_thua", "S2", "84.e"),
        ("S1", "84.29001", "ten_don_vi", "Xã Tên Khác", "Xã A"),
    ]
    # What the source calls it becomes a way to call it, and the dossiers go where the files say.
    world.ingest("tthc", world.json(PROCEDURES))
    assert units_of(world, ("Xã Tên Khác", "2025-02-01"), ("S1", "2025-02-28")) == ["84.29001"] * 2


def test_files_and_lists_in_any_order_give_the_same_organisation(world):
    folder = write(world.folder / "ref", ON_FILE, STEPS, CALLED)
    later = world.folder / "later"
    write(later, [*ON_FILE, unit("84.f", "Sở Chưa Có Trong Danh Mục", cap="so_nganh")], STEPS, CALLED)
    actions = {
        "files": lambda: organise(world, folder),
        "list": lambda: world.ingest("don_vi", world.json(LISTED)),
        "second list": lambda: world.ingest(
            "don_vi", world.json([listed("S2", "UBND xã B mới", NgayCapNhat="20250501000000")])
        ),
        "newer files": lambda: organise(world, later),
    }
    orders = [
        ["files", "newer files", "list", "second list"],
        ["second list", "files", "list", "newer files"],
        ["list", "second list", "newer files", "newer files"],
        ["list", "newer files", "files", "second list", "newer files"],
    ]
    seen = []
    for order in orders:
        empty(world)
        for name in order:
            actions[name]()
        seen.append(world.content(*ORGANISATION))
    assert all(content == seen[0] for content in seen[1:])
    # Files that come back to what they were give what they gave.
    organise(world, folder)
    assert world.rows("SELECT count(*) FROM core.don_vi WHERE ma_don_vi = '84.f'") == [(0,)]
    organise(world, later)
    assert world.content(*ORGANISATION) == seen[0]


def empty(world: World) -> None:
    """Forgets everything that was ever loaded."""
    world.without_dossiers()
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            "TRUNCATE core.ke_thua, core.ten_goi_khac, core.don_vi_khoa, core.don_vi_tra_loi, "
            "ops.batch CASCADE"
        )


def test_files_loaded_again_change_nothing_and_a_new_name_is_taken_up(world):
    folder = write(world.folder / "ref", ON_FILE, STEPS)
    organise(world, folder)
    before = world.content("ops.batch", *ORGANISATION)
    assert organise(world, folder) == []
    assert world.content("ops.batch", *ORGANISATION) == before
    world.ingest("tthc", world.json(PROCEDURES))
    good = [on("2025-02-01", "Xã B") for _ in range(20)]
    path = world.dossiers(*good, on("2025-02-01", "Xã Bê"))
    assert world.ingest("ho_so", path, "2025-02-10")[0].lines_rejected == 1
    # An officer adds the name; the same file is judged again and the line is accepted.
    organise(world, write(folder, ON_FILE, STEPS, [called("Xã Bê", "84.b")]))
    again = world.ingest("ho_so", path, "2025-02-10")[0]
    assert (again.lines_rejected, again.lines_accepted + again.lines_superseded) == (0, 21)
    held_at = "SELECT ma_don_vi, count(*) FROM core.ho_so GROUP BY ma_don_vi"
    assert world.rows(held_at) == [("84.b", 21)]


def test_rows_that_came_by_hand_first_are_the_reference_all_the_same(world):
    """As when a warehouse is built again from the landing area."""
    folder = write(world.folder / "ref", ON_FILE, STEPS)
    organise(world, folder)
    expected = world.content(*ORGANISATION)
    ((landed,),) = world.rows("SELECT landed_path FROM ops.batch")
    copy = world.text(Path(landed).read_bytes(), "jsonl")
    empty(world)
    world.ingest("don_vi", copy, at="2025-01-01")
    assert world.rows("SELECT DISTINCT ma_nguon FROM core.don_vi_phien_ban") == [("he_thong",)]
    organise(world, folder)
    assert world.content(*ORGANISATION) == expected


def test_a_unit_that_the_files_do_not_know_is_taken_over_by_them_with_its_dossiers(world):
    """A dossier loaded while only the source knew its unit counts at the unit that the files name later."""
    world.ingest("don_vi", world.json([listed("S2", "UBND xã B")]))
    world.ingest("tthc", world.json(PROCEDURES))
    world.add(on("2025-02-01", "S2"), at="2025-03-01")
    world.refresh_all()
    assert world.figure("dang_giai_quyet", "S2", "2025-02") == (1, None)
    changed = organise(world, write(world.folder / "ref", ON_FILE, STEPS))
    assert changed == ["2025-01", "2025-02"]
    world.refresh_all()
    assert world.figure("dang_giai_quyet", "84.b", "2025-02") == (1, None)
    assert world.rows("SELECT count(*) FROM mart.chi_so WHERE ma_don_vi = 'S2'") == [(0,)]


def test_a_corrected_successor_marks_the_months_from_its_day_on_and_no_other(world):
    units = [A, B, unit("84.c")]
    folder = write(world.folder / "ref", units, [step("84.a", "84.b", "2025-03-01")])
    organise(world, folder)
    world.ingest("tthc", world.json(PROCEDURES))
    world.add(on("2025-02-01", "84.a"), at="2025-05-01")
    world.refresh_all()
    assert world.figure("dang_giai_quyet", "84.b", "2025-03") == (1, None)
    changed = organise(world, write(folder, units, [step("84.a", "84.c", "2025-03-01")]))
    assert changed == ["2025-03", "2025-04"]
    world.refresh_all()
    assert world.figure("dang_giai_quyet", "84.b", "2025-03") == (0, None)
    assert world.figure("dang_giai_quyet", "84.c", "2025-03") == (1, None)
    assert world.figure("dang_giai_quyet", "84.a", "2025-02") == (1, None)


def test_a_row_that_the_suite_rejects_stops_the_files(world):
    many = [unit(f"84.t{n}") for n in range(30)]
    folder = write(world.folder / "ref", [*many, unit("84.g", "Xã Gá»Ÿ")])
    with pytest.raises(BadDefinition, match=r"don_vi\.csv: the suite don_vi rejected rows of batch"):
        organise(world, folder)
    assert world.rows("SELECT count(*) FROM core.don_vi") == [(0,)]
    assert world.rows("SELECT line_no, rule_ids FROM ops.reject") == [(33, ["DV28"])]


@pytest.mark.kill
def test_a_load_of_the_files_cut_at_any_statement_and_run_again(world):
    world.ingest("don_vi", world.json(LISTED))
    first = write(world.folder / "first", ON_FILE[:2], [])
    second = write(world.folder / "second", ON_FILE, STEPS, CALLED)
    cuts = nothing_differs_after(
        session_ended,
        world.engine,
        prepare=lambda: organise(world, first),
        job=lambda _: organise(world, second),
        seen=lambda: world.content(*ORGANISATION),
    )
    assert cuts > 8


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


def test_after_any_mergers_every_code_answers_at_exactly_one_living_unit_on_any_day(world):
    @settings(FEW, max_examples=12)
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
def test_after_any_mergers_no_dossier_is_lost_or_counted_twice(world):
    @settings(FEW, max_examples=10)
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
        world.add(*rows, at=END.isoformat())
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

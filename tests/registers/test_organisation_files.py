"""The files of the organisation: that they agree, and what is refused in them."""

from collections import Counter

import pytest

from cchc.errors import BadDefinition
from cchc.registers.organisation import NAMES, SUCCESSIONS, UNITS, read_organisation
from tests.registers.organisations import LAST_DAY, REFORM, A, B, called, file_rows, step, unit, write

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


JOINED = [A, B], [step("84.a", "84.b", "2025-03-01")], []


@pytest.mark.parametrize(
    ("units", "steps", "names", "says"),
    [
        ([unit("84.A b")], [], [], "don_vi.csv, line 3, column ma_don_vi"),
        ([unit("TONG:xa")], [], [], "don_vi.csv, line 3, column ma_don_vi"),
        (*JOINED[:2], [called("Tong: xã", "84.a")], "ten_goi_khac.csv, line 2, column ten_goi: .*TONG:"),
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
            "lines 2 and 3: \\(chữ, 9 ký tự\\) stands twice",
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

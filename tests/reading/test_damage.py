"""Wrongly decoded text is recognised by its kind, and genuine Vietnamese is not."""

import ast
import csv
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml

from cchc.reading import damage
from cchc.reading.damage import damage_of
from tests.world import World

ROOT = Path(__file__).parents[2]
# The genuine names stand beside the repository, or beside the folder that it is in.
SHARED = next(
    (p / "shared" / "data" for p in ROOT.parents if (p / "shared" / "data").is_dir()), ROOT / "none"
)
ACCENTED = re.compile("[à-ỹÀ-ỹ]")

# TCVN 5712:1993, VN3: the standard's letters in the order of their bytes.
TCVN3 = dict(
    zip(
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        bytes.fromhex(
            "a1a2a3a4a5a6a7a8a9aaabacadaeb5b6b7b8b9bbbcbdbec6c7c8c9cacbcccecfd0d1d2d3d4d5d6d7d8dcdddedf"
            "e1e2e3e4e5e6e7e8e9eaebecedeeeff1f2f3f4f5f6f7f8f9fafbfcfdfe"
        ).decode("latin-1"),
        strict=True,
    )
)
# VNI Windows: a letter is followed by its tone, or by its hat and tone in one.
VNI = {
    letter: base + mark
    for base, letters, marks in (
        ("a", "áàảãạâấầẩẫậăắằẳẵặ", "ùøûõïâáàåãäêéèúüë"),
        ("e", "éèẻẽẹêếềểễệ", "ùøûõïâáàåãä"),
        ("o", "óòỏõọôốồổỗộ", "ùøûõïâáàåãä"),
        ("u", "úùủũụ", "ùøûõï"),
        ("y", "ýỳỷỹ", "ùøûõ"),
        ("ô", "ớờởỡợ", "ùøûõï"),
        ("ö", "ứừửữự", "ùøûõï"),
        ("", "íìỉĩịơưỵđ", "íìæóòôöîñ"),
    )
    for letter, mark in zip(letters, marks, strict=True)
}


def tcvn3(text: str) -> str:
    # Capital letters with a tone have no byte: a font of capitals shows the small ones.
    return "".join(TCVN3.get(c, TCVN3.get(c.lower(), c)) for c in text)


def vni(text: str) -> str:
    return "".join(VNI.get(c) or (VNI[c.lower()].upper() if c.lower() in VNI else c) for c in text)


def read_as(codec: str, text: str) -> str:
    """UTF-8 read with another table, its unassigned bytes as in Latin-1."""
    return "".join(bytes([b]).decode(codec, "ignore") or chr(b) for b in text.encode())


def cp1258(text: str) -> str:
    """Windows-1258 read as Windows-1252: the tone stands behind its letter."""
    parts = []
    for c in text:
        try:
            c.encode("cp1258")
            parts.append(c)
        except UnicodeEncodeError:
            apart = unicodedata.normalize("NFD", c)
            tone = next((m for m in apart if m in "\u0300\u0301\u0303\u0309\u0323"), "")
            parts.append(unicodedata.normalize("NFC", apart.replace(tone, "")) + tone)
    return "".join(parts).encode("cp1258", "replace").decode("cp1252", "replace")


WAYS: dict[str, tuple[Callable[[str], str], str]] = {
    "TCVN3": (tcvn3, damage.TCVN3),
    "VNI": (vni, damage.VNI),
    "MacRoman": (lambda text: read_as("mac_roman", text), damage.MAC_ROMAN),
    "Windows-1252": (lambda text: read_as("cp1252", text), damage.UTF8_AS_WINDOWS),
    "Latin-1": (lambda text: text.encode().decode("latin-1"), damage.UTF8_AS_WINDOWS),
    "twice": (lambda text: read_as("cp1252", read_as("cp1252", text)), damage.UTF8_AS_WINDOWS),
    "read as 1258": (lambda text: read_as("cp1258", text), damage.UTF8_AS_WINDOWS),
    "DOS": (lambda text: read_as("cp437", text), damage.UTF8_AS_437),
    "1258 as 1252": (cp1258, damage.CP1258),
    "? for every accent": (lambda text: text.encode("ascii", "replace").decode(), damage.LOST),
    "? for what Latin-1 lacks": (lambda t: t.encode("latin-1", "replace").decode("latin-1"), damage.LOST),
    "box": (lambda text: ACCENTED.sub("\ufffd", text), damage.LOST),
    "HTML numbers": (lambda text: text.encode("ascii", "xmlcharrefreplace").decode(), damage.ESCAPED),
}  # fmt: skip


def strings(value: object) -> list[str]:
    """Every text of a YAML document."""
    if isinstance(value, dict):
        return [text for item in [*value, *value.values()] for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


@cache
def names() -> tuple[str, ...]:
    """The names and words of units, procedures and fields that the shared data and this repository hold."""
    found: set[str] = set()
    for path in [*SHARED.glob("*.csv"), *(ROOT / "sql" / "reference").glob("*.csv")]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            found.update(cell for row in csv.reader(file) for cell in row)
    for path in SHARED.glob("danh-sach-tthc-*.xlsx"):
        rows = openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True)
        found.update(str(cell) for row in rows for cell in row if cell)
    for path in (ROOT / "plugins" / "cchc" / "contracts").glob("*.yaml"):
        found.update(strings(yaml.safe_load(path.read_text("utf-8"))))
    # The simulators; other tools hold addresses of pages, with question marks.
    for path in (ROOT / "tools").glob("*simulat*/*.py"):
        if path.name != "defects.py":
            found.update(
                node.value
                for node in ast.walk(ast.parse(path.read_text("utf-8")))
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            )
    return tuple(sorted(unicodedata.normalize("NFC", name.strip()) for name in found))


def suspected(texts: list[str]) -> list[bool]:
    return pc.match_substring_regex(pa.array(texts, pa.string()), damage.SUSPECT).to_pylist()


def found_in(texts: list[str]) -> list[str | None]:
    """What the reader finds: it looks closely only at what its first look suspects."""
    return [damage_of(t) if odd else None for t, odd in zip(texts, suspected(texts), strict=True)]


@pytest.mark.long
def test_no_genuine_name_is_taken_for_damaged():
    texts = list(names())
    assert len(texts) > 200
    if SHARED.exists():
        assert len(texts) > 6000
    assert [(t, damage_of(t)) for t in texts if damage_of(t)] == []
    # The second look costs: the first one spares nearly all of them.
    assert sum(suspected(texts)) < len(texts) / 50


@pytest.mark.parametrize("way", WAYS)
def test_damaged_names_are_recognised_by_their_kind(way: str, record_property):
    damaging, kind = WAYS[way]
    # Of some letters a table shows the right ones: those are not damaged.
    texts = [name for name in names() if sum(damaging(c) != c for c in ACCENTED.findall(name)) >= 2]
    found = found_in([unicodedata.normalize("NFC", damaging(text)) for text in texts])
    recognised = sum(kind is not None for kind in found)
    share = recognised / len(texts)
    rightly = sum(k == kind for k in found) / len(texts)
    record_property("names with wrongly decoded letters, recognised", recognised)
    assert share >= 0.99, [t for t, k in zip(texts, found, strict=True) if k is None][:20]
    assert rightly >= 0.97, [(t, k) for t, k in zip(texts, found, strict=True) if k != kind][:20]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("S\u00eb X\u00a9y d\u00f9ng", damage.TCVN3),
        ("Tr\u00adêng häc", damage.TCVN3),
        ("UBND TØNH TRµ VINH", damage.TCVN3),
        ("Sôû Xaây döïng", damage.VNI),
        ("SÔÛ XAÂY DÖÏNG", damage.VNI),
        ("S·ªü X√¢y d·ª±ng", damage.MAC_ROMAN),
        ("Sá»Ÿ XÃ¢y dá»±ng", damage.UTF8_AS_WINDOWS),
        ("Cáº¥p giáº¥y phÃ©p", damage.UTF8_AS_WINDOWS),
        ("HoÃ\u00a0n thÃ\u00a0nh", damage.UTF8_AS_WINDOWS),
        ("SõÒ Xây dýòng", damage.CP1258),
        ("S? Xây d?ng", damage.LOST),
        ("C?p gi?y phép", damage.LOST),
        ("CẤP GI?Y PHÉP", damage.LOST),
        ("?ăng ký kết hôn", damage.LOST),
        ("Qu?n lý đ?t đai?", damage.LOST),
        ("S??? X??y d???ng", damage.LOST),
        ("???", damage.LOST),
        ("?? ???-??", damage.LOST),
        ("S\ufffd Xây d\ufffdng", damage.LOST),
        ("S□ Xây d□ng", damage.LOST),
        ("S&#7903; X&acirc;y d&#7921;ng", damage.ESCAPED),
        ("S\\u1edf X\\u00e2y", damage.ESCAPED),
        ("S%E1%BB%9F X%C3%A2y", damage.ESCAPED),
    ],
)  # fmt: skip
def test_samples_are_recognised(text: str, kind: str):
    assert found_in([text]) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "Có/Không?",
        "Có?Không",
        "Hồ sơ đã đủ thành phần chưa?",
        "Có phải nộp phí không? Nếu có thì ghi rõ mức phí.",
        "Nộp trực tuyến được không??",
        "Giấy phép lái xe hạng B?",
        "https://dichvucong.gov.vn/tra-cuu?ma=1&loai=2",
        "□ Có  □ Không",
        "XÃ HỘI, MÃ SỐ, ÂN HUỆ",
        "«Sổ tay cải cách»",
        "«XÃ»",
        "25 °C, 100 m², ½ ngày, ± 5 %, 3 × 4, § 5, © 2025",
        "·",
        "Nestlé, Citroën, São Paulo, Müller, Malmö",
        "Xã Đắk Plao, Krông Bông, Ea H'leo",
        "A&B; Tr & S",
        "Trường cao đẳng (CĐ) – đợt 2…",
        "Trả lời “Đạt” hay ‘Không’",
        "hồ sơ quá hạn, qua lại, hoà giải, thuỷ lợi, quý",
    ],
)
def test_what_looks_odd_and_is_meant_is_left_alone(text: str):
    assert damage_of(text) is None


def test_escapes_are_the_way_of_json():
    assert damage_of('{"ten": "S\\u1edf"}', escapes=False) is None


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("§¬n vÞ xö lý", "Đơn vị xử lý"),
        ("Ñôn vò xöû lyù", "Đơn vị xử lý"),
        ("ƒê∆°n v·ªã x·ª≠ l√Ω", "Đơn vị xử lý"),
        ("Ä\u0090Æ¡n vá»‹ xá»­ lÃ½", "Đơn vị xử lý"),
        ("Đơn vị xử lý", "Đơn vị xử lý"),
    ],
)
def test_messages_may_say_what_was_meant(shown: str, meant: str):
    assert damage.undamaged(shown) == meant


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("CÊp giÊy phÐp x©y dùng", damage.TCVN3),
        ("Caáp giaáy pheùp xaây döïng", damage.VNI),
        ("C·∫•p gi·∫•y ph√©p", damage.MAC_ROMAN),
        ("C?p gi?y phép xây d?ng", damage.LOST),
    ],
)
def test_a_damaged_name_is_rejected_and_its_damage_named(province: World, name: str, kind: str):
    batch = province.add(*[{}] * 40, {"ten_tthc": name}, {"ten_tthc": "Xin cấp phép được không?"})
    assert province.rows(
        "SELECT line_no, rule_ids, reasons FROM ops.reject WHERE batch_id = :b", b=batch.batch_id
    ) == [
        (
            42,
            ["HS28"],
            ["Chữ bị lỗi mã hoá (ví dụ Ã¡, áº¿): tệp không phải UTF-8 chuẩn: cột ten_tthc: " + kind],
        )
    ]

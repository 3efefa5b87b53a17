"""Every official file opened with LibreOffice: pages of the right size, with what they should show."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cchc.reports.files import official_files
from cchc.reports.standing import PROVINCE
from tests.world import SO

SOFFICE = shutil.which("soffice")
PDFTOTEXT, PDFINFO, PDFTOPPM = (shutil.which(name) for name in ("pdftotext", "pdfinfo", "pdftoppm"))
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not SOFFICE,
        reason="soffice is not here: apt-get install libreoffice-calc-nogui libreoffice-writer-nogui",
    ),
    pytest.mark.skipif(
        not (PDFTOTEXT and PDFINFO and PDFTOPPM),
        reason="pdftotext is not here: apt-get install poppler-utils",
    ),
]
LONGEST_S = 300
A4_LANDSCAPE, A4 = "842 x 595", "595 x 842"
# Kind and whose → the size of its pages, and what stands on them.
SHOWN = {
    ("bieu_06a", "toan_tinh"): (
        A4_LANDSCAPE,
        ("Biểu số II.06a/VPCP/KSTT", "Sở Xây dựng", "Trực tiếp", "(13)", "Người lập báo cáo"),
    ),
    ("phu_luc", "toan_tinh"): (A4_LANDSCAPE, ("PHỤ LỤC SỐ LIỆU", "62,50", "-37,50", "Chưa đạt")),
    ("du_thao", "toan_tinh"): (A4, ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "[Cán bộ viết:", "62,50 %")),
    ("bieu_06a", SO): (A4_LANDSCAPE, ("Đơn vị báo cáo: Sở Xây dựng", "Lĩnh vực một")),
    ("phu_luc", SO): (A4_LANDSCAPE, ("Các sở, ban, ngành", "Toàn tỉnh")),
    ("du_thao", SO): (A4, ("SỞ XÂY DỰNG",)),
    ("tre_han", SO): (A4_LANDSCAPE, ("DANH SÁCH HỒ SƠ TRỄ HẠN TRONG KỲ", "20/02/2025", "Đang xử lý")),
}


def run(*words: object, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=True, timeout=LONGEST_S
    )
    return done.stdout


@pytest.fixture(scope="module")
def opened(reported, tmp_path_factory) -> Path:
    """The files of March for the province and for a unit, each as PDF."""
    folder = tmp_path_factory.mktemp("opened")
    for unit in (PROVINCE, SO):
        for file in official_files(reported.engine, "thang", "2025-03", unit):
            (folder / file.name).write_bytes(file.content)
    files = sorted(path.name for path in folder.iterdir())
    # With a profile of its own it does not meet one that runs.
    profile = f"-env:UserInstallation=file://{folder}/profile"
    run(SOFFICE, profile, "--headless", "--convert-to", "pdf", *files, cwd=folder)
    return folder


@pytest.mark.parametrize(("kind", "of"), SHOWN)
def test_it_opens_and_shows_what_it_should_on_a4(opened, kind, of):
    [file] = opened.glob(f"{kind}_thang_2025-03_{of}.pdf")
    size, texts = SHOWN[kind, of]
    information = run(PDFINFO, file, cwd=opened)
    assert [round(float(n)) for n in re.findall(r"Page size:\s+([\d.]+) x ([\d.]+)", information)[0]] == [
        int(n) for n in size.split(" x ")
    ]
    # Blanks and line ends depend on the fonts that a machine has.
    text = re.sub(r"\s+", " ", run(PDFTOTEXT, "-layout", file, "-", cwd=opened))
    for wanted in texts:
        assert wanted in text, wanted
    assert "Tạm tính, lần sửa 0" in text
    assert not re.search(r"###|#NAME|#REF|#VALUE|Err:5", text)


def test_a_table_is_one_page_wide_and_is_not_empty_as_a_picture(opened):
    [file] = opened.glob("bieu_06a_thang_2025-03_toan_tinh.pdf")
    # One page for each of the three sheets.
    assert re.search(r"Pages:\s+3$", run(PDFINFO, file, cwd=opened), re.MULTILINE)
    run(PDFTOPPM, "-r", 50, "-gray", file, "seen", cwd=opened)
    pages = sorted(opened.glob("seen-*.pgm"))
    assert len(pages) == 3
    for page in pages:
        dark = sum(value < 128 for value in page.read_bytes()[20:])
        assert dark > 2_000

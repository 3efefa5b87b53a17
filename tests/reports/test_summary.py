"""The one-file summary: what the warehouse holds, drawn, with nothing to fetch and nothing to run."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa

from cchc.reports.summary import summary

# Every chart is drawn.
pytestmark = pytest.mark.long

# In these an address is fetched or followed.
FETCHING = ("src", "href", "xlink:href", "srcset", "action", "data", "poster", "background")


class Parts(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in FETCHING or name.startswith("on")]


def test_it_runs_and_fetches_nothing(connection):
    text = summary(connection)
    parts = Parts(text)
    assert parts.fetched == []
    assert not {"script", "iframe", "object", "embed", "link", "img"} & {*parts.tags}
    assert not re.search(r"@import|url\(", text)
    assert "default-src 'none'" in text


def test_it_shows_the_figures_of_the_newest_month(connection):
    """By hand: of ten dossiers four of six that ended did so in time, five of eight came online."""
    text = summary(connection)
    assert "Bảng điểm tháng 03/2025, toàn tỉnh: 5 chỉ tiêu đạt, 2 chưa đạt" in text
    for name, value in (("biểu II.06a", "66,67 %"), ("nộp trực tuyến trên tổng", "62,50 %")):
        assert re.search(rf"{name}[^\n]*</th>\n<td[^>]*>[^<]*</td>\n<td[^>]*>{value}</td>", text)
    assert "Tạm tính" in text


def test_its_charts_are_drawings_with_the_figures_in_them(connection):
    """Of two months there is one rate, what was handed in online: 2 of 2 in February, 5 of 8 in March."""
    drawings = re.findall(r"<svg.*?</svg>", summary(connection), re.DOTALL)
    texts = [{node.text for node in ElementTree.fromstring(svg).iter() if node.text} for svg in drawings]
    assert any("66,67 %" in words for words in texts[:1])
    assert any("62,50 %, đạt" in words for words in texts[:1])
    trends = [words for words in texts[1:] if {"02/2025", "03/2025"} <= words]
    assert trends and len(trends) == len(texts) - 1


def test_what_is_to_be_said_of_the_figures_comes_first(connection):
    text = summary(connection, "Số liệu <sinh> ra")
    assert '<p class="note">Số liệu &lt;sinh&gt; ra</p>' in text
    assert text.index("Số liệu &lt;sinh&gt; ra") < text.index("Bảng điểm")
    assert '<p class="note">' not in summary(connection)


def test_text_of_data_is_text(connection):
    """A name with markup in it, in the table and in the drawings."""
    connection.execute(
        sa.text("UPDATE mart.dinh_nghia SET ten = 'A <script>x</script> & B' WHERE ma_chi_so = 'T9'")
    )
    text = summary(connection)
    assert "<script" not in text
    assert "A &lt;script&gt;x&lt;/script&gt; &amp; B" in text


def test_without_figures_it_says_so(engine):
    with engine.connect() as empty:
        assert "Chưa có con số nào." in summary(empty)

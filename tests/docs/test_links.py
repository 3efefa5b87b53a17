"""Every relative link in the documentation leads somewhere, also the part behind #."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "tools").rglob("*.md")),
    ROOT / "bi" / "README.md",
]
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?\)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


def prose(text: str) -> str:
    """The text without code: brackets in it are no links, hashes in it no headings."""
    return re.sub(r"`[^`\n]*`", "``", FENCE.sub("", text))


def links(text: str) -> list[str]:
    return [target for target in LINK.findall(prose(text)) if not ELSEWHERE.match(target)]


def anchors(text: str) -> set[str]:
    """What a # may name: the headings as GitHub makes anchors of them."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*$", FENCE.sub("", text), re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = 0
        while (name := anchor if not number else f"{anchor}-{number}") in found:
            number += 1
        found.add(name)
    return found


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for target in links(page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        named = (
            anchors(goal.read_text(encoding="utf-8")) if goal.suffix == ".md" and goal.is_file() else set()
        )
        if not goal.exists() or (anchor and anchor not in named):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page):
    assert broken(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "there.md").write_text("# A heading, twice\n\n# A heading, twice\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](there.md) [b](there.md#a-heading-twice-1) [c](#here) [d](https://example.com/x)\n"
        "`[e](no.md)` [f](no.md) [g](there.md#nothing) [h](#nothing) [`i`](gone/)\n"
        "```\n[j](no.md)\n# None\n```\n[k](#none)\n",
        encoding="utf-8",
    )
    assert broken(page) == ["no.md", "there.md#nothing", "#nothing", "gone/", "#none"]


def test_every_page_can_be_reached_from_the_readme():
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.is_file():
            continue
        reached.add(page)
        paths = [link.partition("#")[0] for link in links(page.read_text(encoding="utf-8"))]
        waiting += [(page.parent / path).resolve() for path in paths if path]
    assert set(PAGES) <= reached

"""The README and the pages that list parts of the house name those that there are."""

import re
from pathlib import Path

from tools import dag_docs

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKE = re.compile(r"(?:^|`)make ([a-z][a-z-]*)", re.MULTILINE)
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES.append(ROOT / "bi" / "README.md")


def test_the_readme_is_read_in_one_sitting():
    assert len(README.splitlines()) <= 160


def test_the_readme_lists_dags_with_their_display_names_and_leads_to_all():
    with dag_docs.read_dags() as bag:
        dags = {(dag.dag_id, dag.dag_display_name) for dag in bag.dags.values()}
    listed = set(re.findall(r"^\| `(\w+)` \| (Nạp[^|]*?|Tính[^|]*?) \|", README, re.MULTILINE))
    assert len(listed) >= 6
    assert listed <= dags
    # Of one more source system the README need not tell; docs/dags.md, which is generated, does.
    assert "(docs/dags.md)" in README


def test_every_make_command_in_the_docs_exists():
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = {
        (page.name, target) for page in PAGES for target in MAKE.findall(page.read_text(encoding="utf-8"))
    }
    assert ("README.md", "demo") in named
    assert {found for found in named if found[1] not in targets} == set()


def test_the_architecture_names_every_package():
    package = ROOT / "plugins" / "cchc"
    folders = {file.parent.name for file in package.glob("*/__init__.py")}
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert folders == set(re.findall(r"^\| `(\w+)/` \|", page, re.MULTILINE))


def test_every_decision_has_context_decision_consequences_and_is_listed():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    pages = sorted(folder.glob("[0-9]*.md"))
    assert pages
    for number, page in enumerate(pages, 1):
        text = page.read_text(encoding="utf-8")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], page.name
        title = re.match(r"# (\d+)\. (.+)\n", text)
        assert title and page.name.startswith(f"{number:04d}-") and int(title[1]) == number, page.name
        assert f"- [{number:04d}]({page.name}) {title[2]}\n" in index, page.name

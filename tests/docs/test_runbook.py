"""The runbook has a page for every way a pull or a batch can stop, as the code that stops it says."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from airflow.sdk import RetryAction, exceptions

from cchc import errors
from cchc.errors import CchcError
from cchc.flow.policy import RETRY_POLICY
from tests.docs.test_links import ROOT, anchors

PAGE = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
CODE = ROOT / "plugins" / "cchc"
# Who runs a command, a migration or asks for rows is told at once; no pull and no batch stops.
ASKED_BY_HAND = (
    *("commands/", "database_objects.py", "database_roles.py", "catalogue.py"),
    *("figures/drill.py", "figures/notes.py", "declarations/form.py", "publication/"),
)
# What the client of a source says itself with its words of them.
TOLD_AS = {
    "NoAnswer": "SourceUnavailable",
    "NoPage": "SourceUnavailable",
    "NotTrusted": "SourceRefused",
    "TooLong": "SourceUnavailable",
    "TooManyParts": "SourceRefused",
    "TooMuch": "SourceRefused",
}
KINDS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, CchcError)
}
SAYS = ("What happened", "Figures", "What to do")
# What Airflow says of a task that it ends itself.
OF_AIRFLOW = ("AirflowTaskTimeout", "AirflowTaskTerminated")


@dataclass
class Section:
    """What stands below a heading, and which errors it is the page of: class → words, none for all others."""

    anchor: str
    text: str
    errors: dict[str, list[str]] = field(default_factory=dict)


def sections() -> list[Section]:
    found = []
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        [anchor] = anchors(f"## {part.partition(chr(10))[0]}")
        section = Section(anchor, part)
        if told := re.search(r"^Errors: (.*?)\n\n", part, re.MULTILINE | re.DOTALL):
            words: list[str] = []
            for name, phrase in re.findall(r"`(\w+)`|\*([^*]+)\*", " ".join(told[1].split())):
                if name:
                    words = section.errors.setdefault(name, [])
                else:
                    words.append(phrase)
        found.append(section)
    return found


PAGES = [section for section in sections() if section.errors]


def words_of(node: ast.expr) -> str:
    """The text of an argument; … for what is only known when it is raised."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(words_of(part) if isinstance(part, ast.Constant) else "…" for part in parts)
        case ast.BinOp(left=left, right=right):
            return words_of(left) + words_of(right)
    return "…"


def stops() -> Iterator[tuple[str, str, str]]:
    """Where, of which class and in which words the package raises an error of its own."""
    for file in sorted(CODE.rglob("*.py")):
        name = file.relative_to(CODE).as_posix()
        if name.startswith(ASKED_BY_HAND):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "")
            if called in KINDS | TOLD_AS.keys() | {"OSError"}:
                kind = TOLD_AS.get(called, called)
                yield f"{name}:{node.lineno}", kind, " ".join(words_of(a) for a in node.args)


STOPS = list(stops())


def pages_of(kind: str, words: str) -> list[str]:
    """The pages that name words of the error, else the one of its class."""
    named = [p.anchor for p in PAGES if any(phrase in words for phrase in p.errors.get(kind, []))]
    return named or [p.anchor for p in PAGES if p.errors.get(kind) == []]


def test_the_code_stops_in_many_ways():
    assert len(STOPS) > 180
    # Each of these is raised somewhere, or else it would not be looked for here.
    assert {kind for _, kind, _ in STOPS} == KINDS | {"OSError"}


def test_every_way_has_one_page():
    pages = {stop: pages_of(*stop[1:]) for stop in STOPS}
    assert {stop: found for stop, found in pages.items() if len(found) != 1} == {}


def test_every_page_quotes_what_is_said():
    """A message that was changed is found under its new words."""
    assert [
        (page.anchor, kind, phrase)
        for page in PAGES
        for kind, phrases in page.errors.items()
        for phrase in phrases
        if not any(kind == found and phrase in words for _, found, words in STOPS)
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.anchor)
def test_a_page_says_what_happened_what_it_means_and_what_to_do(page):
    parts = [re.search(rf"\*\*{label}\.\*\*(.{{30,}})", page.text) for label in SAYS]
    assert all(parts), SAYS
    assert [part.start() for part in parts] == sorted(part.start() for part in parts)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_alert_names_the_page_of_the_error(kind):
    assert pages_of(kind, "") == [getattr(errors, kind).page]


def test_what_is_tried_again_and_what_is_not_has_a_page_that_says_so():
    for rule in RETRY_POLICY.rules:
        name = rule.exception if isinstance(rule.exception, str) else rule.exception.__name__
        kind = name.rpartition(".")[2]
        [anchor] = pages_of(kind, "")
        [text] = [page.text for page in PAGES if page.anchor == anchor]
        said = "tried again" if rule.action == RetryAction.RETRY else "not tried again"
        assert said in " ".join(text.split()), (kind, anchor)


@pytest.mark.parametrize("name", OF_AIRFLOW)
def test_what_airflow_ends_itself_has_a_page(name):
    assert issubclass(getattr(exceptions, name), BaseException)
    assert len(pages_of(name, "")) == 1


def test_every_rule_that_stops_a_batch_is_on_its_page():
    rules = {
        rule["meta"]["rule_id"]
        for file in (ROOT / "expectations").glob("*.json")
        for rule in json.loads(file.read_text(encoding="utf-8"))["expectations"]
        if rule["severity"] == "critical" and rule["meta"]["pham_vi"] == "lo"
    }
    [page] = [page.text for page in PAGES if page.anchor == "a-batch-is-stopped"]
    assert len(rules) > 10
    assert {rule for rule in rules if f"`{rule}`" not in page} == set()

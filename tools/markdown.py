"""Pages that are written from the repository itself: tables, and whether a page is up to date."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; line breaks and bars in cells do no harm."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell(text) for text in line)} |" for line in lines)


def cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def write_or_check(page: Path, text: str, check: bool) -> int:
    """Writes the page, or with `check` leaves it alone; returns 1 when it was stale and stays so."""
    if page.exists() and page.read_text(encoding="utf-8") == text:
        return 0
    if check:
        print(f"docs/{page.name} is stale: run `make docs`.", file=sys.stderr)
        return 1
    page.write_text(text, encoding="utf-8")
    print(f"Wrote docs/{page.name}.")
    return 0

"""Follows a guide of docs/ to the letter: its blocks become files of a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.forked import run_module
from tests.migrating import ROOT

FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# How the paragraph above a block says what the block is, the last words of it.
WAYS = {
    "append": re.compile(r"Append to `(?P<path>[^`]+)`:$"),
    "replace": re.compile(r"[Ii]n `(?P<path>[^`]+)`, in place of the lines? that begins? alike:$"),
    "insert": re.compile(r"[Ii]n `(?P<path>[^`]+)`, after the line `(?P<line>[^`]+)`:$"),
    "create": re.compile(r"`(?P<path>[^`]+\.\w+)`(?:; [^`]*|, [^`]*)?[.:]$"),
}
LEFT_OUT = shutil.ignore_patterns(
    *(".git", ".venv", ".venv-superset", ".venv-peers", ".cchc", "node_modules"),
    *(".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis", ".env"),
)


class NotInGuide(AssertionError):
    """The guide leaves a step to the reader's imagination."""


@dataclass(frozen=True)
class Block:
    """A block of a guide and the last paragraph of prose above it."""

    kind: str
    text: str
    lead: str


@dataclass
class Copy:
    """A copy of the repository in `root`. `touched`: the files that blocks of a guide made or changed."""

    root: Path
    touched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        shutil.copytree(ROOT, self.root, ignore=LEFT_OUT, dirs_exist_ok=True)
        # As `make venv` leaves it: the Makefile finds this very Python there and installs nothing.
        python = self.root / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
        python.chmod(0o755)
        (self.root / ".venv" / ".installed").touch()

    @property
    def environment(self) -> dict[str, str]:
        """As in a shell of the clone: nothing of the process that tests."""
        mine = ("AIRFLOW", "CCHC_", "PYTEST", "PYTHONPATH", "MAKE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
        path = os.pathsep.join([str(self.root / "plugins"), str(self.root)])
        return kept | {"PYTHONPATH": path, "AIRFLOW_HOME": str(self.root / ".airflow"), "NO_PROXY": "*"}

    def write(self, block: Block) -> None:
        """Does with a block what the words above it say."""
        way, found = next(
            ((way, match) for way, words in WAYS.items() if (match := words.search(block.lead))), ("", None)
        )
        if found is None:
            raise NotInGuide(f"Where does this {block.kind} block go?\n{block.lead}\n{block.text[:200]}")
        name = found["path"]
        file = self.root / name
        if way == "create":
            if file.exists():
                raise NotInGuide(f"{name} is there already.")
            if not file.parent.is_dir():
                raise NotInGuide(f"There is no folder for {name}.")
            file.write_text(block.text, encoding="utf-8")
        elif not file.is_file():
            raise NotInGuide(f"There is no {name} to change.")
        else:
            before = file.read_text(encoding="utf-8")
            changed = {"append": _appended, "insert": _inserted, "replace": _replaced}[way]
            file.write_text(changed(before, block.text, found.groupdict().get("line", "")), encoding="utf-8")
        if name not in self.touched:
            self.touched.append(name)

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs a command in the copy; fails with what it printed."""
        done = subprocess.run(
            words,
            cwd=self.root,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-6000:]}"
        return done

    def shell(self, line: str, **variables: str) -> str:
        return self.run("bash", "-c", line, **variables).stdout

    def python(self, *words: str, **variables: str) -> str:
        return self.run(sys.executable, *words, **variables).stdout

    def module(self, name: str, *words: str, **variables: str) -> str:
        """As `python("-m", name, …)`, forked: what it prints."""
        done = run_module(name, *words, cwd=self.root, env=self.environment | variables, timeout_s=600)
        assert done.returncode == 0, f"{name} {' '.join(words)}\n{(done.stdout + done.stderr)[-6000:]}"
        return done.stdout

    def check_style(self) -> None:
        """`make lint` as far as the guide's files go: all of it is checked elsewhere."""
        python = [name for name in self.touched if name.endswith(".py")]
        sql = [name for name in self.touched if name.endswith(".sql")]
        # What `alembic revision` has written has to be in style as well.
        python += [str(file) for file in (self.root / "sql" / "migrations" / "versions").glob("0100_*.py")]
        if python:
            self.python("-m", "ruff", "check", *python)
            self.python("-m", "ruff", "format", "--check", *python)
        if sql:
            self.python("-m", "sqlfluff", "lint", *sql)


def blocks(page: str) -> list[Block]:
    """The blocks of docs/<page>, in order."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = []
    end = 0
    for match in FENCE.finditer(text):
        prose = text[end : match.start()].strip().split("\n\n")[-1]
        found.append(Block(match["kind"], match["text"], " ".join(prose.split())))
        end = match.end()
    return found


def commands(page: str) -> list[str]:
    """The command lines of docs/<page>, in order, without their comments."""
    shells = "".join(block.text for block in blocks(page) if block.kind == "sh")
    whole = shells.replace("\\\n", " ")
    return [line for line in whole.splitlines() if line.strip() and not line.startswith("#")]


def follow(copy: Copy, page: str) -> None:
    """Writes every block of the guide that is no command; a file to try things with is not counted."""
    for block in blocks(page):
        if block.kind != "sh":
            copy.write(block)
    copy.touched = [name for name in copy.touched if "/" in name]


def only(page: str, *beginning: str) -> list[str]:
    """The guide's command lines that begin so, each of them; what a test does must stand in the guide."""
    found = [line for start in beginning for line in commands(page) if line.startswith(start)]
    if len(found) != len(beginning):
        raise NotInGuide(f"docs/{page} has commands {commands(page)}, expected one for each of {beginning}.")
    return found


def _appended(before: str, text: str, _line: str) -> str:
    return f"{before.rstrip()}\n\n\n{text}"


def _inserted(before: str, text: str, after: str) -> str:
    lines = before.splitlines(keepends=True)
    places = [n for n, line in enumerate(lines, 1) if line.strip() == after]
    if len(places) != 1:
        raise NotInGuide(f"The line {after!r} stands {len(places)} times in the file.")
    return "".join([*lines[: places[0]], text, *lines[places[0] :]])


def _replaced(before: str, text: str, _line: str) -> str:
    lines = before.splitlines()
    for new in text.splitlines():
        beginning = re.split(r"[,\]]", new)[0]
        places = [n for n, line in enumerate(lines) if re.split(r"[,\]]", line)[0] == beginning]
        if len(places) != 1:
            raise NotInGuide(f"{len(places)} lines of the file begin with {beginning!r}.")
        lines[places[0]] = new
    return "\n".join([*lines, ""])

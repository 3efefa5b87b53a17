"""A program that is forked from the tests is told and does what it would when started."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import run_module

TELLS = """
import json, logging, os, sys, warnings
import cchc
print(json.dumps({
    "argv": sys.argv[1:], "cwd": os.getcwd(), "given": os.environ.get("GIVEN"), "name": __name__,
    "cchc": cchc.__file__, "tests": [m for m in sys.modules if m.split(".")[0] in ("tests", "tools")],
    "handlers": len(logging.root.handlers), "read": sys.stdin.read(),
}))
print("beside", file=sys.stderr)
sys.exit({end})
"""


@pytest.fixture
def program(tmp_path: Path):
    """Writes a program `told` and a package `cchc` of its own; returns how to run it, either way."""
    (tmp_path / "cchc").mkdir()
    (tmp_path / "cchc" / "__init__.py").touch()

    def run(text: str, *, forked: bool) -> subprocess.CompletedProcess[str]:
        (tmp_path / "told.py").write_text(text, encoding="utf-8")
        env = {"PATH": os.environ["PATH"], "GIVEN": "một"}
        if forked:
            return run_module("told", "a", "-b", cwd=tmp_path, env=env)
        command = [sys.executable, "-m", "told", "a", "-b"]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("end", ["0", "7", "None", "'what is wrong'"])
def test_it_is_told_and_ends_as_when_it_is_started(program, tmp_path: Path, end: str):
    forked, started = (program(TELLS.replace("{end}", end), forked=way) for way in (True, False))
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        started.returncode,
        started.stdout,
        started.stderr,
    )
    told = json.loads(forked.stdout)
    assert told["cchc"] == str(tmp_path / "cchc" / "__init__.py")
    assert (told["argv"], told["given"], told["tests"]) == (["a", "-b"], "một", [])


def test_an_error_ends_it_and_not_the_tests(program):
    failed = program("raise ValueError('why')", forked=True)
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1] == "ValueError: why"


def test_it_is_killed_when_it_takes_too_long(tmp_path: Path):
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(60)\n")
    done = run_module("slow", cwd=tmp_path, env={}, timeout_s=0.2)
    assert done.returncode == -signal.SIGKILL

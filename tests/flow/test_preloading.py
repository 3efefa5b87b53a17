"""Workers begin with the code of tasks, and tasks have the code that is there when they begin."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.local.settings import REPO

FLOW = REPO / "plugins" / "cchc" / "flow"
# Pages are those of the web server, not of tasks.
OF_TASKS = [path for path in FLOW.glob("*.py") if path.name != "pages.py"]


def run(program: str, plugins: Path, tmp_path: Path) -> list[str]:
    """The lines that a new process prints, into which the executor's part was imported."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={
            **{"PATH": os.defpath, "PYTHONPATH": str(plugins), "AIRFLOW_HOME": str(tmp_path / "airflow")},
            **{"GX_ANALYTICS_ENABLED": "false", "PYTHONUTF8": "1"},
        },
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [line.removeprefix("said ") for line in done.stdout.splitlines() if line.startswith("said ")]


def imported_by_tasks() -> set[str]:
    """The package's modules that the flow names, wherever it imports them."""
    return {
        node.module
        for path in OF_TASKS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cchc.")
    }


@pytest.mark.long
def test_what_tasks_import_is_there_before_there_are_workers_but_no_words_of_files(tmp_path: Path):
    program = f"""
import sys
read = []
def opened(event, about):
    if event == "open" and str(about[0]).startswith({str(REPO)!r}):
        read.append(str(about[0]))
from cchc.flow import preloading
sys.addaudithook(opened)
preloading.preload()
for name in sys.modules:
    print("said", name)
for name in read:
    if "/.venv/" not in name and not name.endswith((".py", ".pyc")) and "/__pycache__/" not in name:
        print("said", "read:", name)
"""
    said = run(program, REPO / "plugins", tmp_path)
    assert not imported_by_tasks() - {*said}
    assert not [line for line in said if line.startswith("read:")]


@pytest.mark.long
@pytest.mark.parametrize("edit", ["changed", "added", "removed", "untouched"])
def test_a_task_has_the_code_as_it_is_when_it_begins(tmp_path: Path, edit: str):
    plugins = tmp_path / "plugins"
    shutil.copytree(REPO / "plugins" / "cchc", plugins / "cchc", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "sql").symlink_to(REPO / "sql")
    (tmp_path / "expectations").symlink_to(REPO / "expectations")
    (plugins / "cchc" / "of_nobody.py").write_text("")
    edits = {
        "changed": "periods.write_text(periods.read_text() + '\\nOF_TODAY = 1\\n')",
        "added": "(periods.parent / 'new_today.py').write_text('')",
        "removed": "(periods.parent / 'of_nobody.py').unlink()",
        "untouched": "pass",
    }
    program = f"""
import os, sys
from pathlib import Path
from cchc.flow import preloading
preloading.preload()
from cchc import periods as before
periods = Path({str(plugins / "cchc" / "periods.py")!r})
{edits[edit]}
sys.stdout.flush()
child = os.fork()
if not child:
    from cchc import periods as now
    from cchc.judging import judge
    print("said", now is before, hasattr(now, "OF_TODAY"), judge._preloaded)
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
from cchc import periods as here
print("said", here is before)
"""
    told = {
        "changed": "False True False",
        "added": "False False False",
        "removed": "False False False",
        "untouched": "True False True",
    }
    # What it was copied from goes on as it was.
    assert run(program, plugins, tmp_path) == [told[edit], "True"]

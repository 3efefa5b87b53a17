"""The shape of the package: imports one way, one writer of ops.batch, datasets found by listing."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cchc.contracts import contracts, datasets_of
from cchc.sources.register import SYSTEMS, system_of

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "plugins" / "cchc"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE = 400
WRITES_BATCH = re.compile(r"(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+ops\.batch\b", re.IGNORECASE)


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Checks the imports of the package in a repository or a copy of it."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", root / "pyproject.toml"],
        cwd=root / "plugins",
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_go_one_way():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("new", ["moi.py", "moi/__init__.py"])
def test_module_that_no_layer_names_is_seen(tmp_path, new):
    shutil.copytree(PACKAGE, tmp_path / "plugins" / "cchc", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    file = tmp_path / "plugins" / "cchc" / new
    file.parent.mkdir(exist_ok=True)
    file.write_text('"""New."""\n', "utf-8")
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    assert "cchc.moi" in done.stdout + done.stderr


def test_all_but_flow_is_forbidden_to_import_airflow():
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    [contract] = [c for c in linter["contracts"] if c.get("forbidden_modules") == ["airflow"]]
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {
        f.parent.name for f in PACKAGE.glob("*/__init__.py")
    }
    assert set(contract["source_modules"]) == {f"cchc.{name}" for name in modules - {"__init__", "flow"}}


def test_only_one_module_writes_batches():
    python = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if WRITES_BATCH.search(path.read_text("utf-8"))
    }
    sql = [
        path
        for path in (ROOT / "sql").rglob("*.sql")
        # A new column is filled once for the rows that are there.
        if "migrations" not in path.parts and WRITES_BATCH.search(path.read_text("utf-8"))
    ]
    assert python == {"batches.py"}
    assert sql == []


@pytest.mark.parametrize(
    "folder", [f for f in sorted(PACKAGE.iterdir()) if (f / "__init__.py").exists()], ids=lambda f: f.name
)
def test_a_sub_package_says_in_one_sentence_what_it_is_for(folder):
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    assert text
    assert "\n" not in text
    assert text.endswith(".")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_has_one_job(path):
    source = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(source)), "no docstring"
    assert len(source.splitlines()) <= LONGEST_MODULE
    assert path.stem not in ("utils", "common", "helpers")


def test_every_dataset_has_its_files_and_every_file_its_dataset():
    for folder, pattern in (("sql/load", "*.sql"), ("sql/look_up", "*.sql"), ("expectations", "*.json")):
        shared = {"version_ranges"}
        assert {path.stem for path in (ROOT / folder).glob(pattern)} - shared == set(contracts()), folder
    again = {path.stem for path in (ROOT / "sql" / "load_again").glob("*.sql")}
    assert again - {"registers_before", "reopen", "successors", "take_back"} == set(datasets_of("fact"))


def test_every_fact_with_a_unit_is_opened_again_when_units_are_corrected():
    reopened = (ROOT / "sql" / "load_again" / "reopen.sql").read_text("utf-8")
    for dataset in datasets_of("fact"):
        # Ratings and the history are looked up by their dossier.
        if contracts()[dataset].unit and dataset not in ("danh_gia", "qua_trinh"):
            assert f"core.{dataset}\n" in reopened, dataset


def test_every_pulled_dataset_names_a_source_system():
    pulled = {contract.api.system for contract in contracts().values() if contract.api}
    assert pulled == set(SYSTEMS)


@pytest.mark.parametrize("code", SYSTEMS)
def test_a_source_system_has_a_client_of_its_own(code):
    client = system_of(code).connect("http://127.0.0.1:1", "id", "secret")
    assert client.code == code
    assert client.suffix.startswith(".")

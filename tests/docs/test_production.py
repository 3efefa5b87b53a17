"""docs/production.md keeps up with what it describes."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from tools import dag_docs

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
# Sources that read their settings from the environment.
READERS = [*(ROOT / "plugins" / "cchc").rglob("*.py"), *(ROOT / "sql" / "migrations").glob("*.py")]


@pytest.fixture(scope="module")
def dag_ids() -> set[str]:
    with dag_docs.read_dags() as bag:
        return set(bag.dags)


def test_it_unpauses_every_dag(dag_ids):
    [words] = re.findall(r"^docker compose exec \S+ airflow (dags unpause .+)$", PAGE, re.MULTILINE)
    # Imported only now that reading the DAGs has told Airflow where its home is.
    asked = import_module("airflow.cli.cli_parser").get_parser().parse_args(shlex.split(words))
    # Without --yes the command waits for an answer.
    assert (asked.treat_dag_id_as_regex, asked.yes) == (True, True)
    assert {dag_id for dag_id in dag_ids if re.fullmatch(asked.dag_id, dag_id)} == dag_ids
    assert "catch_up_chi_so" in dag_ids


def test_it_lists_every_variable_that_the_package_reads():
    used = {name for file in READERS for name in re.findall(r"\bCCHC_[A-Z_]+\b", file.read_text("utf-8"))}
    assert "CCHC_LANDING_DIR" in used
    listed = set(re.findall(r"`(CCHC_[A-Z_]+)`", PAGE[PAGE.index("## Configuration") :]))
    assert used <= listed


def test_nothing_has_to_be_pasted_into_python():
    assert "python -c" not in PAGE

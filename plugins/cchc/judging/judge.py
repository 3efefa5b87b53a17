"""Child process in which Great Expectations judges a batch; called by cchc.judging.validation.

Great Expectations takes two seconds and 200 MB to import. In a process of its own that happens
while the lines are still being copied, and the memory is given back at the end. Reads one JSON object
from standard input and prints one: counts only, never a value of a row.
"""

import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from pathlib import Path
from subprocess import PIPE, Popen
from types import ModuleType
from typing import Any

from cchc.database_errors import hide_words, words_of
from cchc.errors import CchcError

# Great Expectations imports these for tests of distributions and their charts, which no suite of ours has.
# That is a third of its start.
IMPORTED_LATER = ("scipy.stats", "altair")


class Judge:
    """A judge that is getting ready, and then judges one batch."""

    def __init__(self, process: Popen[bytes]) -> None:
        self._process = process

    def judge(
        self, url: str, view: str, suite: dict[str, Any], parameters: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """Rule id → {success, observed} for every expectation of the suite; `view` is in staging.

        Raises CchcError when the suite could not be run.
        """
        request = {"url": url, "view": view, "suite": suite, "parameters": parameters}
        answer, errors = self._process.communicate(json.dumps(request).encode())
        lines = answer.decode("utf-8", "replace").splitlines()
        if self._process.returncode or not lines:
            raise CchcError(
                f"Great Expectations could not judge {view}: the process ended with "
                f"{self._process.returncode}: {_last_line(errors)}"
            )
        outcomes: dict[str, dict[str, Any]] = json.loads(lines[-1])
        return outcomes


def _last_line(errors: bytes) -> str:
    return (errors.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1][:400]


@contextmanager
def getting_ready() -> Iterator[Judge]:
    """Starts the child, which imports Great Expectations at once; ends it in any case."""
    process = Popen(
        [sys.executable, "-m", "cchc.judging.judge"],
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"GX_ANALYTICS_ENABLED": "false"},
    )
    try:
        yield Judge(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def run_suite(
    url: str, view: str, suite: dict[str, Any], parameters: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """What Judge.judge returns, in this process."""
    gx = _great_expectations()
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_postgres("warehouse", connection_string=url)
    # It has two: one that looks at the table, one that counts.
    for engine in (source.get_engine(), source.get_execution_engine().engine):
        hide_words(engine)
    try:
        result = (
            source.add_table_asset("batch", table_name=view)
            .add_batch_definition_whole_table("all")
            .get_batch()
            .validate(
                gx.ExpectationSuite(**suite),
                result_format="BASIC",
                expectation_parameters=parameters,
            )
        )
    finally:
        source.get_engine().dispose()
    return {
        _rule_id(outcome): {
            "success": bool(outcome.success),
            "observed": outcome.result.get("observed_value"),
            "error": _raised(outcome.exception_info),
        }
        for outcome in result.results
    }


def _raised(info: dict[str, Any]) -> str | None:
    """The message of what was raised instead of judging, by the rule itself or by what it counts."""
    found = [info, *(each for each in info.values() if isinstance(each, dict))]
    messages = [each["exception_message"] for each in found if each.get("raised_exception")]
    return " ".join(" ".join(messages).split()) or "no reason given" if messages else None


def _rule_id(outcome: Any) -> str:
    rule_id: str = outcome.expectation_config.meta["rule_id"]
    return rule_id


def _great_expectations() -> ModuleType:
    """Imports it, with the project's own expectations: heavy, the reason for the process."""
    if not any(isinstance(finder, _Later) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Later())
    import great_expectations  # noqa: PLC0415

    import cchc.judging.row_rules  # noqa: F401, PLC0415

    return great_expectations


class _Later:
    """Finds modules that are executed when something in them is first used."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, *_: object) -> ModuleSpec | None:
        if fullname not in IMPORTED_LATER:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def main() -> None:
    warnings.simplefilter("ignore")
    _great_expectations()  # before there is anything to judge
    try:
        print(json.dumps(run_suite(**json.load(sys.stdin))), flush=True)
    except Exception as error:
        # Not the traceback: Great Expectations quotes the address with its password, and more.
        sys.exit(words_of(error))
    # Python would take half a second to take apart what was imported.
    os._exit(0)


if __name__ == "__main__":
    main()

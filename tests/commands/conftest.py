"""The commands as people give them, with a warehouse and a stand-in for Airflow around them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cchc.commands import runs as waiting
from cchc.commands.app import main
from tests.commands.stand_in import Airflow, answering
from tests.world import World


@pytest.fixture
def cchc(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs one command in this process: (exit code, output, error output)."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def warehouse(province: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """A province that the commands find by their environment."""
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", province.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CCHC_LANDING_DIR", str(tmp_path / "landing"))
    return province


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Airflow]:
    """A stand-in for Airflow that the commands find by their environment; its runs succeed."""
    stand_in = Airflow(lambda _: {"state": "success"})
    monkeypatch.setattr(waiting, "POLL_S", 0.01)
    with answering(stand_in) as address:
        monkeypatch.setenv("CCHC_AIRFLOW_URL", address)
        monkeypatch.setenv("CCHC_AIRFLOW_USER", "cchc")
        monkeypatch.setenv("CCHC_AIRFLOW_PASSWORD", "dung")
        yield stand_in

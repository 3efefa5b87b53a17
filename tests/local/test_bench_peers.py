"""Other tools beside the pipeline: which are measured, what they are given, what is said of them."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.console import Console

from tools.bench import peers as bench_peers

STAND_IN = """import json, os, sys
from pathlib import Path
path, columns, folder = sys.argv[1:]
Path("left-behind").touch()
given = {name: os.environ.get(name) for name in (
    "HOME", "DLT_DATA_DIR", "DESTINATION__POSTGRES__CREDENTIALS", "RUNTIME__DLTHUB_TELEMETRY", "PYTHONPATH")}
print("dlt says something")
print(json.dumps({"rows": int(Path(path).read_text()), "keys": 3, "cwd": os.getcwd(), "given": given,
    "columns": json.loads(columns)}))
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export, and a program instead of dlt's that finds as many rows as the export says."""
    program = tmp_path / "program.py"
    program.write_text(STAND_IN)
    monkeypatch.setattr(bench_peers, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(bench_peers, "PROGRAM", program)
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", "postgresql+psycopg2://postgres:a%40b@127.0.0.1:1/bench_dlt")
    monkeypatch.setenv("PYTHONPATH", "plugins")
    return tmp_path / "ho_so.csv"


def said(rows: int, pipeline_s: float, dlt_s: float, to_sql: dict) -> list[str]:
    stages = {"import": 1.0, "extract": 2.0, "normalize": 0.0, "load": dlt_s - 3.0}
    dlt = {"seconds": dlt_s, "stages": stages, "version": "1.31.0", "rows": rows - 1, "keys": rows - 1}
    console = Console(file=io.StringIO(), width=200)
    bench_peers.report(console, rows, pipeline_s, {"dlt": dlt, "to_sql": to_sql})
    return console.file.getvalue().splitlines()


def test_other_tools_are_measured_only_when_asked_for(monkeypatch):
    for text in (None, ""):
        if text is None:
            monkeypatch.delenv("PEERS", raising=False)
        else:
            monkeypatch.setenv("PEERS", text)
        assert bench_peers.asked_for() == []
    monkeypatch.setenv("PEERS", "1")
    assert bench_peers.asked_for() == ["dlt", "to_sql"]


def test_a_network_that_is_away_keeps_only_dlt_from_being_measured(tmp_path):
    """Nothing listens at this address: make says what failed and what to do, and goes on to the bench."""
    for name in ("Makefile", "tools/peers/requirements.lock"):
        copy = tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((bench_peers.ROOT / name).read_bytes())
    (tmp_path / ".venv").symlink_to(bench_peers.ROOT / ".venv")
    away = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        ["make", "-o", ".venv/.installed", ".venv-peers/.installed"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if "proxy" not in name.lower()} | away,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "dlt could not be installed into .venv-peers, for what stands above" in done.stderr
    assert "make bench PEERS=1" in done.stderr
    assert not (tmp_path / ".venv-peers" / ".installed").exists()


@pytest.mark.parametrize("broken", ["gone", "ends"])
def test_a_tool_that_cannot_be_run_says_where_it_is_and_what_to_do(stand_in, monkeypatch, broken):
    stand_in.write_text("3")
    says = r"^dlt was not measured: .*python.*\. Delete .*/\.venv-peers and run make bench PEERS=1 again"
    if broken == "ends":
        bench_peers.PROGRAM.write_text("raise ImportError('No module named dlt')")
    else:
        monkeypatch.setattr(bench_peers, "PYTHON", stand_in.parent / "bin" / "python")
    with pytest.raises(SystemExit, match=says):
        bench_peers.dlt(str(stand_in))
    assert not stand_in.with_name("dlt").exists()


def test_what_a_tool_could_not_do_keeps_no_other_from_being_measured(monkeypatch):
    def child(name: str, *_: str, **__: str) -> dict:
        if name == "dlt":
            raise subprocess.CalledProcessError(1, name)
        return {"seconds": 8.0, "rows": 100_000}

    monkeypatch.setattr(bench_peers, "child", child)
    found = bench_peers.measured(["dlt", "to_sql"], "ho_so.csv", lambda name: f"postgresql:///{name}")
    assert found.keys() == {"to_sql"}
    console = Console(file=io.StringIO(), width=200)
    bench_peers.report(console, 1_000_000, 10.0, found)
    assert console.file.getvalue().splitlines() == [
        "dlt: not measured, for what stands above",
        "pandas.to_sql, load only: 80.0 s, extrapolated from 100,000; to_sql / pipeline: 8.00",
    ]


def test_make_installs_other_tools_only_when_asked_for():
    def installs(*words: str) -> bool:
        # -W: as if the lock were new.
        lock = "tools/peers/requirements.lock"
        done = subprocess.run(
            ["make", "-n", "-o", ".venv/.installed", "-W", lock, "bench", *words],
            cwd=bench_peers.ROOT,
            env={name: value for name, value in os.environ.items() if name != "PEERS"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "-m tools.bench" in done.stdout
        return f"--require-hashes -q \\\n  -r {lock}" in done.stdout

    assert installs("PEERS=1")
    assert not installs()
    assert not installs("PEERS=2")


def test_dlt_is_given_what_the_pipeline_keeps_and_a_home_of_its_own(stand_in):
    stand_in.write_text("3")
    found = bench_peers.dlt(str(stand_in))
    folder = str(stand_in.parent / "dlt")
    assert found["cwd"] == folder
    assert found["given"] == {
        "HOME": folder,
        "DLT_DATA_DIR": folder,
        "DESTINATION__POSTGRES__CREDENTIALS": "postgresql://postgres:a%40b@127.0.0.1:1/bench_dlt",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "PYTHONPATH": None,
    }
    assert not Path(folder).exists()
    # 43 columns of a dossier, of them 6 of persons and 2 names of what has a code.
    assert len(found["columns"]) == 35
    assert not found["columns"].keys() & {"chu_ho_so", "so_dien_thoai", "email", "ten_tthc", "ten_linh_vuc"}
    assert found["columns"]["ma_ho_so"] == "text"
    assert found["columns"]["ngay_cap_nhat"] == "timestamp"


def test_a_load_that_left_two_rows_of_a_dossier_is_no_measurement(stand_in):
    stand_in.write_text("4")
    with pytest.raises(SystemExit, match=r"^dlt left 4 rows of 3 dossiers\. Expected one of each\.$"):
        bench_peers.dlt(str(stand_in))
    assert not stand_in.with_name("dlt").exists()


def test_pandas_loads_the_first_lines_as_they_are(dsn, tmp_path, monkeypatch):
    file = tmp_path / "ho_so.csv"
    file.write_text('"ma_ho_so","so_lan"\n"H1",007\n"H2",\n"H3",1\n', encoding="utf-8")
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", dsn)
    monkeypatch.setattr(bench_peers, "TO_SQL_ROWS", 2)
    found = bench_peers.to_sql(str(file))
    assert found["rows"] == 2
    assert found["seconds"] > 0
    engine = sa.create_engine(dsn)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM public.ho_so ORDER BY 1").all()
    engine.dispose()
    assert rows == [("H1", "007"), ("H2", None)]


def test_the_time_of_all_rows_is_extrapolated_in_proportion():
    assert bench_peers.extrapolated(8.4, 100_000, 1_000_000) == pytest.approx(84)
    assert bench_peers.extrapolated(8.4, 100_000, 100_000) == pytest.approx(8.4)


def test_a_tool_is_said_to_take_as_many_times_as_long_as_the_pipeline():
    # 1,000,000 rows: 10 times 8 s = 80 s, 8 times the pipeline's 10 s.
    part = {"seconds": 8.0, "rows": 100_000}
    assert said(1_000_000, 10.0, 50.0, part) == [
        "dlt 1.31.0, merge, load only: 50.0 s = import 1.0 + extract 2.0 + normalize 0.0 + load 47.0; "
        "999,999 rows, one of each dossier; dlt / pipeline: 5.00  (goal at 1,000,000: ≥ 5: reached)",
        "pandas.to_sql, load only: 80.0 s, extrapolated from 100,000; to_sql / pipeline: 8.00",
    ]
    dlt, to_sql = said(1_000, 10.0, 49.9, {"seconds": 1.0, "rows": 1_000})
    assert dlt.endswith("dlt / pipeline: 4.99  (goal at 1,000,000: ≥ 5: not reached)")
    assert to_sql == "pandas.to_sql, load only: 1.0 s, measured; to_sql / pipeline: 0.10"

"""The command line `python -m cchc …`: what it does, and in one line what is wrong with what it was given."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cchc.commands.airflow_api import error_in, task_log_file
from cchc.commands.app import check
from cchc.errors import CchcError
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.sources.incoming import sha256_of
from tests.figures.by_hand import on
from tests.world import SO, XA

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
NEVER_STARTED = "http://127.0.0.1:9"
FINISHED = {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": "20250311100000"}


# --- wrong arguments --------------------------------------------------------------------------

WRONG = [
    (
        ["ingest", "hoso", "x.csv"],
        r"DATASET='hoso' is no dataset\. Expected one of don_vi, .*; near: ho_so\.",
    ),
    (["ingest", "Hồ sơ", "x.csv"], r"DATASET='Hồ sơ' is no dataset\. Expected one of don_vi, "),
    (["ingest", "ho_so", "/khong/co.csv"], r"FILE=/khong/co\.csv: there is no such file\. Expected the path"),
    (["ingest", "ho_so", "/tmp"], r"FILE=/tmp: there is no such file"),
    (
        ["ingest", "ho_so", "/etc/passwd"],
        r"FILE=/etc/passwd: no header row of dataset ho_so found .* Expected",
    ),
    (["ingest", "ho_so", "~khong_co_ai/x.csv"], r"FILE=~khong_co_ai/x\.csv: no path of a file\. Expected"),
    (["ingest", "ho_so", "a\0b"], r"FILE='a\\x00b': no path of a file"),
    (["ingest", "ho_so", "a" * 5000], r"FILE=a{5000}: no path of a file"),
    (["ingest", "ho_so", "a\nb"], r"FILE='a\\nb': there is no such file"),
    (["refresh", "0000-01"], r"KY='0000-01' is no month\. Expected YYYY-MM"),
    (["refresh", "9999-12"], r"KY='9999-12' is no month"),
    (["form", "Sở Xây dựng", "0000-01"], r"KY='0000-01' is no month"),
    (
        ["forms", "2025-13"],
        r"KY='2025-13' is no period\. Expected a month \(2025-03\), a quarter \(2025-Q1\)",
    ),
    (["forms", "2025-9T", "--ky-loai", "quy"], r"KY='2025-9T' is no period of kind quy\. Expected"),
    (["forms", "2025", "--ky-loai", "nm"], r"KY_LOAI='nm' is no kind of period\. .*near: nam"),
    (["rows", "T9", "0001-01"], r"KY='0001-01' is no period of kind thang"),
    (["rows", "T9", "0000", "--ky-loai", "nam"], r"KY='0000' is no period of kind nam"),
    (["plausible", "--ky", "2025-13"], r"KY='2025-13' is no period of kind thang"),
    (["plausible", "--ky", "2025-Q1"], r"KY='2025-Q1' is no period of kind thang"),
    (["plausible", "--ky", "2025-Q5", "--ky-loai", "quy"], r"KY='2025-Q5' is no period of kind quy"),
    (["refresh", "2025-13"], r"KY='2025-13' is no month\. Expected YYYY-MM, for example 2025-03\."),
    (["refresh", "tháng 3"], r"KY='tháng 3' is no month"),
    (["form", "Sở Xây dựng", "2025"], r"KY='2025' is no month"),
    (["rows", "t9", "2025-03"], r"MA='t9' is no indicator\. Expected one of T1, .*; near: T9"),
    (
        ["rows", "T9", "2025-Q1"],
        r"KY='2025-Q1' is no period of kind thang\. Expected thang or luy_ke with 2025-03",
    ),
    (["rows", "T9", "2025-03", "--ky-loai", "quy"], r"KY='2025-03' is no period of kind quy\. Expected"),
    (["rows", "T9", "2025-03", "--ky-loai", "thag"], r"KY_LOAI='thag' is no kind of period\. .*near: thang"),
    (
        ["rows", "T9", "2025-03", "--phan", "tu"],
        r"PHAN='tu' is no part of a figure\. Expected one of tu_so, mau_so",
    ),
]
MISSING = [
    ([], "Missing command"),
    (["nap"], "No such command 'nap'"),
    (["ingest"], "Missing argument 'DATASET'"),
    (["ingest", "ho_so"], "Missing argument 'FILE'"),
    (["plausible"], "Missing option '--ky'"),
    (["refresh", "2025-03", "--nhanh"], "No such option: --nhanh"),
]


@pytest.mark.parametrize(
    ("words", "says"), WRONG, ids=lambda value: ascii(" ".join(value)[:60]) if isinstance(value, list) else ""
)
def test_a_wrong_argument_is_answered_in_one_line_with_what_is_accepted(cchc, monkeypatch, words, says):
    for variable in ("CCHC_WAREHOUSE_DSN", "CCHC_AIRFLOW_URL"):
        monkeypatch.delenv(variable, raising=False)
    code, out, told = cchc(*words)
    assert (code, out) == (1, "")
    (line,) = told.splitlines()
    assert re.match(says, line), line
    # The local stack asks before it starts anything.
    with pytest.raises(CchcError, match=says):
        check(words)


@pytest.mark.parametrize(("words", "says"), MISSING)
def test_a_command_that_is_not_complete_is_answered_in_one_line(cchc, words, says):
    code, out, told = cchc(*words)
    assert (code, out) == (2, "")
    (line,) = told.splitlines()
    assert says in line


def test_a_right_command_passes_the_check_without_warehouse_and_airflow(tmp_path):
    export = tmp_path / "a.csv"
    export.write_text("ma_don_vi,ten_don_vi,cap\n1,Sở,so_nganh\n", encoding="utf-8")
    assert check(["ingest", "don_vi", str(export)]) is None
    assert check(["rows", "T9", "2025-Q1", "TONG:xa", "--phan", "con_lai", "--ky-loai", "quy"]) is None
    assert check(["form", "Sở Xây dựng", "2025-03", "--out", "x.xlsx"]) is None
    assert check(["refresh", "2025-03"]) is None


def test_a_missing_environment_is_named(cchc, monkeypatch):
    for variable in ("CCHC_WAREHOUSE_DSN", "CCHC_AIRFLOW_URL", "CCHC_AIRFLOW_USER", "CCHC_AIRFLOW_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)
    assert cchc("verify")[2].startswith("CCHC_WAREHOUSE_DSN is not set. Expected the warehouse as postgresql")
    assert cchc("refresh", "2025-03")[2].startswith(
        "CCHC_AIRFLOW_URL, CCHC_AIRFLOW_USER, CCHC_AIRFLOW_PASSWORD "
    )


def test_a_warehouse_that_is_away_or_not_migrated_is_told_in_one_line(cchc, monkeypatch, empty_database):
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", "postgresql+psycopg2://cchc:bi-mat@127.0.0.1:9/cchc")
    code, _, told = cchc("rows", "T9", "2025-03", SO)
    assert code == 1
    assert len(told.splitlines()) == 1
    assert "Connection refused" in told
    assert "bi-mat" not in told
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", empty_database)
    code, _, told = cchc("form", "Sở Xây dựng", "2025-03")
    assert (code, len(told.splitlines())) == (1, 1)
    assert "The warehouse is not migrated" in told


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe", "the file is empty"),
        (b"a" * 60_000_000, "line 1 is longer than"),
        (b"ten,diem\n" + b"a" * 2_000_000, "no header row of dataset ho_so found"),
        (b'"' + b"a" * 200_000 + b'",b\n1,2\n', "no header row of dataset ho_so found"),
    ],
    ids=["BOM only", "one line", "a long line", "a long cell"],
)
def test_a_file_that_is_no_table_is_told_in_one_line(cchc, tmp_path, content, says):
    (path := tmp_path / "a.csv").write_bytes(content)
    code, out, told = cchc("ingest", "ho_so", path)
    assert (code, out) == (1, "")
    (line,) = told.splitlines()
    assert line.startswith(f"FILE={path}: {says}")


def test_links_in_a_circle_are_told_in_one_line(cchc, tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "a")
    code, _, told = cchc("ingest", "ho_so", tmp_path / "a")
    assert (code, told) == (1, f"FILE={tmp_path}/a: no path of a file. Expected the path of an export.\n")


@pytest.mark.parametrize("to", ["khong/co/phieu.xlsx", ".", "", "/dev/full"])
def test_a_file_that_cannot_be_written_is_told_in_one_line(cchc, warehouse, tmp_path, monkeypatch, to):
    warehouse.ingest("ho_so", warehouse.dossiers({}), at="2025-05-10")
    warehouse.refresh_all()
    (work := tmp_path / "work").mkdir()
    monkeypatch.chdir(work)
    asked = {"OUT": ("form", "Sở Xây dựng", "2025-03", "--out", to)}
    asked["CSV"] = ("rows", "tiep_nhan", "2025-03", "--csv", to)
    for variable, words in asked.items():
        code, out, told = cchc(*words)
        assert (code, out) == (1, "")
        (line,) = told.splitlines()
        assert line.startswith(f"{variable}={to or '.'}: cannot be written (")
    assert list(work.iterdir()) == []


@pytest.mark.parametrize(
    ("variable", "value", "words", "says"),
    [
        ("CCHC_WAREHOUSE_DSN", "garbage", ["verify"], "CCHC_WAREHOUSE_DSN: The warehouse's address is none."),
        (
            "CCHC_WAREHOUSE_DSN",
            "postgresql+psycopg2://cchc:bi-mat@h:cong/cchc",
            ["verify"],
            "CCHC_WAREHOUSE_DSN: The warehouse's address is none. Expected postgresql+psycopg2://user",
        ),
        (
            "CCHC_WAREHOUSE_DSN",
            "postgresql://cchc:bi-mat@127.0.0.1:9/cchc?khong=co",
            ["verify"],
            "The warehouse of CCHC_WAREHOUSE_DSN: invalid dsn",
        ),
        ("CCHC_AIRFLOW_URL", "garbage", ["refresh", "2025-03"], "CCHC_AIRFLOW_URL='garbage' is no address."),
        ("CCHC_AIRFLOW_URL", "http://h:cong", ["refresh", "2025-03"], "CCHC_AIRFLOW_URL='http://h:cong' is"),
        (
            "CCHC_AIRFLOW_URL",
            "http://[",
            ["refresh", "2025-03"],
            "CCHC_AIRFLOW_URL='http://[' is no address.",
        ),
        ("CCHC_AIRFLOW_URL", f"http://{'a' * 70}", ["refresh", "2025-03"], "CCHC_AIRFLOW_URL='http://aaa"),
        ("CCHC_KY_DAU", "garbage", ["rows", "T9", "2025-03"], "CCHC_KY_DAU='garbage' is no month."),
    ],
)
def test_a_variable_that_is_wrong_is_named_in_one_line(
    cchc, warehouse, monkeypatch, variable, value, words, says
):
    monkeypatch.setenv("CCHC_AIRFLOW_USER", "cchc")
    monkeypatch.setenv("CCHC_AIRFLOW_PASSWORD", "dung")
    monkeypatch.setenv(variable, value)
    code, out, told = cchc(*words)
    assert (code, out) == (1, "")
    (line,) = told.splitlines()
    assert line.startswith(says)
    assert "bi-mat" not in line


def test_it_is_a_program_without_tracebacks(warehouse):
    done = subprocess.run(
        [sys.executable, "-m", "cchc", "rows", "T9", "2025-13"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


# --- form, rows, reference --------------------------------------------------------------------


def test_form_writes_the_units_form_and_near_names_of_a_unit_that_is_none(
    cchc, warehouse, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    code, out, _ = cchc("form", "sở  xây dựng", "2025-03")
    assert code == 0
    assert out.startswith("khai_bao_sở_xây_dựng_2025-03.xlsx: Sở Xây dựng, 2025-03.\n")
    assert (tmp_path / "khai_bao_sở_xây_dựng_2025-03.xlsx").stat().st_size > 3_000
    code, _, told = cchc("form", "Sở Xây dung", "2025-03")
    (line,) = told.splitlines()
    assert code == 1
    assert line.startswith("UNIT='Sở Xây dung' is no unit of 2025-03.")
    assert "near: Sở Xây dựng" in line


def test_form_names_a_file_so_that_a_shell_takes_it_as_one_word(cchc, warehouse, tmp_path):
    path = tmp_path / "phiếu; touch x.xlsx"
    code, out, _ = cchc("form", "Sở Xây dựng", "2025-03", "--out", path)
    assert code == 0
    command = out.splitlines()[-1].partition(" (")[0]
    assert shlex.split(command) == ["make", "ingest", "DATASET=khai_bao", f"FILE={path}"]


def test_forms_writes_the_files_of_a_period_for_this_user_only(cchc, warehouse, tmp_path):
    warehouse.add(FINISHED, {"don_vi_xu_ly": XA})
    warehouse.refresh_all()
    folder = tmp_path / "moi" / "quy 1"
    code, out, told = cchc("forms", "2025-Q1", "--don-vi", SO, "--out", folder)
    assert (code, told) == (0, "")
    names = [f"{kind}_quy_2025-Q1_{SO}" for kind in ("bieu_06a", "phu_luc", "tre_han")]
    names = sorted([*(f"{name}.xlsx" for name in names), f"du_thao_quy_2025-Q1_{SO}.docx"])
    assert sorted(path.name for path in folder.iterdir()) == names
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    lines = out.splitlines()
    assert len(lines) == 4
    assert all("Tạm tính, lần sửa 0; phản ánh thay đổi" in line for line in lines)
    # The province has no list of dossiers.
    assert cchc("forms", "2025-03", "--ky-loai", "ky_bao_cao", "--out", folder)[0] == 0
    assert {path.name for path in folder.iterdir()} - set(names) == {
        "bieu_06a_ky_bao_cao_2025-03_toan_tinh.xlsx",
        "phu_luc_ky_bao_cao_2025-03_toan_tinh.xlsx",
        "du_thao_ky_bao_cao_2025-03_toan_tinh.docx",
    }


def test_forms_writes_nothing_where_there_are_no_figures_or_no_such_unit(cchc, warehouse, tmp_path):
    warehouse.add(FINISHED)
    warehouse.refresh_all()
    folder = tmp_path / "khong_co"
    for words, says in (
        (["2031-01"], "The warehouse has no figures of thang 2031-01"),
        (["2025-03", "--don-vi", "Sở Xây"], f"DON_VI='Sở Xây' is no unit. .*; near: {SO}"),
    ):
        code, out, told = cchc("forms", *words, "--out", folder)
        assert (code, out) == (1, "")
        (line,) = told.splitlines()
        assert re.match(says, line), line
    assert not folder.exists()
    code, out, told = cchc("forms", "2025-03", "--out", "/dev/null")
    assert (code, out) == (1, "")
    assert told == "OUT=/dev/null: cannot be written (File exists). Expected a folder.\n"


def test_rows_lists_the_rows_and_writes_all_of_them(cchc, warehouse, tmp_path):
    warehouse.ingest("ho_so", warehouse.dossiers(*[FINISHED] * 50, {}), at="2025-05-10")
    warehouse.refresh_all()
    table = tmp_path / "rows.csv"
    code, out, _ = cchc("rows", "tiep_nhan", "2025-03", "--csv", table)
    assert code == 0
    assert out.splitlines()[-1] == "51 rows (tu_so; provisional, as of today)"
    assert len(pd.read_csv(table)) == 51
    assert (
        cchc("rows", "tiep_nhan", "2025-03")[1]
        .splitlines()[-1]
        .startswith("51 rows (tu_so; provisional, as of today), 11 more not shown")
    )
    assert cchc("rows", "tiep_nhan", "2025-03", XA)[0] == 0


def test_plausible_lists_what_is_unlike_the_months_before(cchc, warehouse):
    before = [on(f"0{month}05") for month in range(1, 7)]
    warehouse.add(*before * 3, *[on("0705")] * 12, at="2025-08-01")
    warehouse.refresh_all()
    code, out, _ = cchc("plausible", "--ky", "2025-07", "--don-vi", SO)
    first, _, unit, *lines = out.splitlines()
    assert code == 0
    assert re.match(
        r"Tháng 07/2025: \d+ trong \d+ con số khác thường so với 6 kỳ trước; \d+ phát hiện", first
    )
    assert unit == f"Sở Xây dựng ({SO})"
    at = next(n for n, line in enumerate(lines) if line.startswith("  tiep_nhan "))
    assert lines[at + 1] == "    Tháng 07/2025: 12; cả 6 tháng trước đều 3"
    # What had nothing all the time has nothing to tell.
    assert cchc("plausible", "--ky", "2025-07", "--don-vi", XA)[1].count("\n") == 1


def test_plausible_says_when_nothing_can_be_said(cchc, warehouse):
    warehouse.add(on("0205"), *[on("0305")] * 12)
    warehouse.refresh_all()
    code, out, _ = cchc("plausible", "--ky", "2025-03")
    # January and February are counted.
    few = "kho chỉ có 2 kỳ trước cùng loại, cùng độ dài, cần ít nhất 6."
    assert (code, out) == (0, f"Tháng 03/2025: chưa kết luận được gì, {few}\n")
    assert cchc("plausible", "--ky", "2031-01")[1] == "Tháng 01/2031: kho chưa có con số nào.\n"


def test_rows_of_a_unit_that_is_none_name_near_ones(cchc, warehouse):
    code, out, told = cchc("rows", "tiep_nhan", "2025-03", "Sở Xây dựng 1")
    (line,) = told.splitlines()
    assert (code, out) == (1, "")
    assert line.startswith("DON_VI='Sở Xây dựng 1' is no unit. Expected TONG:toan_tinh, TONG:so_nganh")
    assert f"near: {SO} (Sở Xây dựng)" in line


# --- ingest and refresh through Airflow -------------------------------------------------------


def test_ingest_hands_a_copy_to_the_dag_prints_what_came_of_it_and_takes_the_copy_away(
    cchc, warehouse, airflow, tmp_path
):
    export = warehouse.dossiers(FINISHED, {})
    handed: list[Path] = []

    def runs_the_tasks(run: dict[str, Any]) -> dict[str, Any]:
        if not handed:
            (path,) = (tmp_path / "landing" / "incoming").rglob("*.*")
            handed.append(path)
            assert run["conf"]["sha256"] == sha256_of(path)
            assert path.read_bytes() == export.read_bytes()
            batch_id = warehouse.land("ho_so", path, at="2025-05-10")
            validate(warehouse.engine, batch_id)
            load(warehouse.engine, batch_id)
            warehouse.refresh_all()
        return {"state": "success"}

    airflow.becomes = runs_the_tasks
    code, out, told = cchc("ingest", "ho_so", export, "--extracted-at", "2025-05-10T08:00:00")
    assert (code, told) == (0, "")
    (run,) = airflow.triggered
    assert run["dag_id"] == "ingest_file"
    assert run["conf"]["extracted_at"] == "2025-05-10T08:00:00"
    (path,) = handed
    assert path.is_relative_to(tmp_path / "landing" / "incoming")
    assert path.name == export.name
    assert list((tmp_path / "landing" / "incoming").iterdir()) == []
    assert "Các lô / batches" in out
    assert "loaded" in out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_ingest_that_is_ended_takes_its_copy_away(warehouse, airflow, tmp_path, number):
    airflow.becomes = lambda _: {"state": "running"}
    program = subprocess.Popen(
        # Whoever runs the tests may ignore them, as nohup does.
        ["env", "--default-signal", sys.executable, "-m", "cchc", "ingest", "ho_so", warehouse.dossiers({})],
        env=os.environ | {"PYTHONPATH": str(ROOT / "plugins")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 60
        while not airflow.triggered:
            assert program.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        incoming = tmp_path / "landing" / "incoming"
        assert len([*incoming.rglob("*.*")]) == 1
        program.send_signal(number)
        told = program.communicate(timeout=30)[1]
    finally:
        program.kill()
        program.wait()
    assert (program.returncode, told) == (128 + number, b"")
    assert list(incoming.iterdir()) == []


def test_a_file_that_is_already_where_files_are_taken_from_is_not_copied(
    cchc, warehouse, airflow, monkeypatch, tmp_path
):
    monkeypatch.setenv("CCHC_INGEST_DIRS", str(tmp_path))
    export = warehouse.dossiers({})
    assert cchc("ingest", "ho_so", export)[0] == 0
    assert airflow.triggered[0]["conf"]["sha256"] == sha256_of(export)
    assert not (tmp_path / "landing").exists()
    assert export.exists()


def test_refresh_triggers_the_months_partition_and_prints_it(cchc, warehouse, airflow):
    code, out, _ = cchc("refresh", "2025-03")
    assert code == 0
    assert [(run["dag_id"], run["partition_key"]) for run in airflow.triggered] == [
        ("refresh_chi_so", "2025-03")
    ]
    assert "Tháng 2025-03: 0 con số / figures, 0 đã đổi / changed." in out


def test_reconcile_waits_for_the_comparison_and_prints_what_is_not_equal(cchc, warehouse, airflow):
    airflow.dags.add("reconcile_nguon")
    insert = (
        "INSERT INTO ops.reconciliation (dataset, as_of, month, source_total, core_total, rejected_total, "
        "state) VALUES ('ho_so', '2025-05-01', '2025-02', 7, 7, 0, 'equal'), "
        "('ho_so', '2025-05-01', '2025-03', 1234, 1230, 1, 'differs'), "
        "('ho_so', '2025-05-01', '', NULL, 2, 0, 'unknown')"
    )

    def compares(run: dict[str, Any]) -> dict[str, Any]:
        with warehouse.engine.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM ops.reconciliation; {insert}")
        return {"state": "failed"}

    airflow.becomes = compares
    code, out, told = cchc("reconcile")
    assert (code, len(told.splitlines())) == (1, 1)
    assert [run["dag_id"] for run in airflow.triggered] == ["reconcile_nguon"]
    (row,) = [line for line in out.splitlines() if "2025-03" in line]
    assert row.replace("│", " ").split() == [
        *("ho_so", "2025-05-01", "00:00", "2025-03", "differs", "1.234", "1.230", "1"),
    ]
    assert "(không rõ)" in out and "2025-02" not in out
    assert "1 tháng bằng nhau / months are equal, 2 not." in out


TASK = {
    "dag_id": "ingest_file",
    "dag_run_id": "manual__0",
    "task_id": "validate",
    "map_index": -1,
    "try_number": 1,
    "state": "failed",
}


def test_a_failed_run_is_told_by_the_error_of_its_task_and_where_its_log_is(
    cchc, warehouse, airflow, monkeypatch, tmp_path
):
    airflow.becomes = lambda _: {"state": "failed"}
    airflow.failed = [TASK]
    airflow.log = [
        {"event": "::group::Log message source details"},
        {"event": "DAG bundles loaded", "level": "info"},
        {
            "event": "Task failed with exception",
            "level": "error",
            "error_detail": [
                {
                    "exc_type": "BatchStopped",
                    "exc_value": "batch 7 is stopped:\n HS03 (12 lines)",
                    "frames": [],
                },
                {"exc_type": "KeyError", "exc_value": "'x'", "frames": []},
            ],
        },
        {"event": "Task instance in failure state", "level": "error"},
    ]
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(tmp_path / "logs"))
    code, _, told = cchc("ingest", "ho_so", warehouse.dossiers({}))
    assert code == 1
    address = os.environ["CCHC_AIRFLOW_URL"]
    assert told == (
        "batch 7 is stopped: HS03 (12 lines) (task ingest_file.validate, log: "
        f"{address}/dags/ingest_file/runs/manual__0/tasks/validate)\n"
    )
    log = tmp_path / "logs/dag_id=ingest_file/run_id=manual__0/task_id=validate/attempt=1.log"
    log.parent.mkdir(parents=True)
    log.touch()
    assert cchc("refresh", "2025-03")[2].endswith(f"log: {log})\n")
    assert list((tmp_path / "landing" / "incoming").iterdir()) == []


def test_what_keeps_airflow_from_running_it_is_told_in_one_line(cchc, warehouse, airflow, monkeypatch):
    airflow.paused = {"refresh_chi_so"}
    assert "The DAG refresh_chi_so is paused" in cchc("refresh", "2025-03")[2]
    airflow.dags = {"ingest_file"}
    assert "does not know the DAG refresh_chi_so" in cchc("refresh", "2025-03")[2]
    monkeypatch.setenv("CCHC_AIRFLOW_PASSWORD", "sai")
    code, _, told = cchc("refresh", "2025-03")
    assert code == 1
    assert told == "Airflow refused the user cchc (401): Invalid credentials\n"
    assert airflow.triggered == []


@pytest.mark.long
def test_an_airflow_that_does_not_answer_is_told_in_one_line(cchc, warehouse, monkeypatch):
    monkeypatch.setenv("CCHC_AIRFLOW_URL", NEVER_STARTED)
    monkeypatch.setenv("CCHC_AIRFLOW_USER", "cchc")
    monkeypatch.setenv("CCHC_AIRFLOW_PASSWORD", "dung")
    assert cchc("refresh", "2025-03")[2] == f"Airflow at {NEVER_STARTED} does not answer (ConnectionError).\n"


def test_what_is_not_airflow_is_told_in_one_line(cchc, warehouse, airflow):
    address = os.environ["CCHC_AIRFLOW_URL"]
    answer = airflow.answer
    airflow.answer = lambda *_: (200, ["trang chủ"])
    assert cchc("refresh", "2025-03")[2] == f"What answers at {address} is not Airflow: it gives no token.\n"
    airflow.answer = lambda method, path, body: (
        answer(method, path, body) if "token" in path else (200, b"<p>")
    )
    assert cchc("refresh", "2025-03")[2] == (
        f"What answers GET /dags/refresh_chi_so at {address} is not Airflow: it sends no JSON.\n"
    )


def test_waiting_ends_with_the_time_limit(cchc, warehouse, airflow):
    airflow.becomes = lambda _: {"state": "running"}
    code, _, told = cchc("refresh", "2025-03", "--timeout", "0.05")
    assert code == 1
    (line,) = told.splitlines()
    assert line.startswith("The time limit is over and this was still waited for: refresh_chi_so · ")
    assert ", 0 of 1 runs ended · " in line
    assert line.endswith("with more time by --timeout SECONDS.")


def test_the_error_of_a_log(tmp_path, monkeypatch):
    assert error_in([]) is None
    assert error_in([{"event": "a", "level": "info"}]) is None
    assert (
        error_in([{"event": "killed\nby 9", "level": "error"}, {"event": "b", "level": "info"}])
        == "killed by 9"
    )
    other = {"event": "failed", "error_detail": [{"exc_type": "KeyError", "exc_value": "'ky'"}]}
    assert error_in([other]) == "KeyError: 'ky'"
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(tmp_path))
    mapped = TASK | {"task_id": "g.t", "map_index": 2, "try_number": 3}
    assert task_log_file(mapped) is None
    log = tmp_path / "dag_id=ingest_file/run_id=manual__0/task_id=g.t/map_index=2/attempt=3.log"
    log.parent.mkdir(parents=True)
    log.touch()
    assert task_log_file(mapped) == log

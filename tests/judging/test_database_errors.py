"""What the database says of a failing step is told without the words that quote a row."""

import copy
import traceback
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from cchc.contracts import contract_of
from cchc.errors import BadFile, CchcError, WarehouseRefused, WarehouseUnavailable
from cchc.judging import suites, validation
from cchc.judging.judge import getting_ready
from cchc.judging.validation import validate
from cchc.loading import load as loading
from cchc.loading.load import load
from cchc.reading import staging
from cchc.sources.landing import land_file
from cchc.warehouse import copy_text, engine_of
from tests.world import World

# What people write into fields where it does not belong.
# A number of telephone would not even be staged.
PHONE = "ngõ 19 số 85"
NAME = "Phòng Kiểm Thử Kín"
TOLD = "its words are not shown, they may quote a row"


def all_words(error: BaseException | None) -> str:
    """Everything that a traceback could print, whether or not it was suppressed."""
    words = []
    while error is not None:
        words += [str(error), repr(error), *map(str, error.args), *traceback.format_exception(error)]
        error = error.__cause__ or error.__context__
    return "\n".join(words)


@pytest.fixture
def silent(province: World, postgres) -> Callable[[BaseException], None]:
    """Asserts that nothing of a row stands in an error, in ops, or in what the server logged since."""
    logged = postgres.log.stat().st_size

    def check(error: BaseException) -> None:
        with province.engine.connect() as connection:
            tables = ("batch", "validation_result", "reject", "line_finding")
            kept = [
                connection.scalar(sa.text(f"SELECT json_agg(t)::text FROM ops.{table} AS t"))
                for table in tables
            ]
        with postgres.log.open("rb") as log:
            log.seek(logged)
            server = log.read().decode("utf-8", "replace")
        for where, text in {"error": all_words(error), "ops": str(kept), "server log": server}.items():
            assert PHONE not in text, where
            assert NAME not in text, where

    return check


def land(province: World, rows: int = 3) -> int:
    """Dossiers that a unit received whose name is told nowhere else, with a number, in a batch."""
    return province.land(
        "ho_so", province.dossiers(*[{"don_vi_tiep_nhan": f"{NAME} {PHONE}"}] * rows), at="2025-05-10"
    )


def test_a_value_that_copy_refuses(province: World, monkeypatch, silent):
    columns = staging.staged_columns
    changed = lambda contract: columns(contract) | {"don_vi_tiep_nhan": "integer"}  # noqa: E731
    monkeypatch.setattr(staging, "staged_columns", changed)
    batch_id = land(province)
    with pytest.raises(WarehouseRefused) as told:
        validate(province.engine, batch_id)
    words = str(told.value)
    assert words.startswith(f"batch {batch_id} (ho_so, ")
    assert "the database failed while staging its lines: SQLSTATE 22P02 (InvalidTextRepresentation)" in words
    assert f"at column don_vi_tiep_nhan; {TOLD}. The step was undone. " in words
    assert "tell whoever maintains it this line" in words
    assert len(words.splitlines()) == 1
    assert province.rows("SELECT status FROM ops.batch WHERE batch_id = :b", b=batch_id) == [("landed",)]
    silent(told.value)


def test_an_error_of_what_copy_reads_is_not_repeated_by_the_server(province: World, silent):
    """PostgreSQL is told of it and says it again, with the row at which it was."""

    class Rows:
        def __init__(self) -> None:
            self.left = [f"{NAME}\n".encode()]

        def read(self, _size: int) -> bytes:
            if self.left:
                return self.left.pop()
            raise ValueError(f"cannot parse {PHONE}")

    with pytest.raises(Exception) as told, province.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE dong (ten text)")
        copy_text(connection, "dong", ["ten"], Rows())
    assert "SQLSTATE 57014 (QueryCanceled)" in str(told.value)
    # The reader's own error is its reader's to tell; this one is the database's.
    told.value.__context__ = told.value.__cause__ = None
    silent(told.value)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("SELECT CAST(don_vi_tiep_nhan AS integer) FROM raw_rows", "22P02"),
        ("SELECT CAST(don_vi_tiep_nhan AS timestamp) FROM raw_rows", "22007"),
        ("SELECT CAST(don_vi_tiep_nhan AS jsonb) FROM raw_rows", "22P02"),
        (
            "CREATE TEMP TABLE mot (ten text PRIMARY KEY) ON COMMIT DROP; "
            "INSERT INTO mot SELECT don_vi_tiep_nhan FROM raw_rows",
            "23505",
        ),
        (
            "CREATE TEMP TABLE ngan (ten text CHECK (length(ten) < 3)) ON COMMIT DROP; "
            "INSERT INTO ngan SELECT don_vi_tiep_nhan FROM raw_rows",
            "23514",
        ),
    ],
)
def test_a_value_that_loading_refuses(province: World, monkeypatch, silent, wrong, code):
    batch_id = land(province)
    validate(province.engine, batch_id)
    monkeypatch.setattr(loading, "load_sql", lambda *_: f"{wrong}; SELECT 1")
    with pytest.raises(WarehouseRefused, match="while loading its lines into core") as told:
        load(province.engine, batch_id)
    assert f"SQLSTATE {code} (" in str(told.value)
    silent(told.value)
    # It was undone, and goes on with the right SQL.
    monkeypatch.undo()
    assert load(province.engine, batch_id)[0].lines_accepted == 3


def test_names_of_things_are_told(province: World, monkeypatch):
    batch_id = land(province)
    validate(province.engine, batch_id)
    monkeypatch.setattr(loading, "load_sql", lambda *_: "SELECT khong_co FROM raw_rows")
    with pytest.raises(WarehouseRefused, match=r'SQLSTATE 42703 .*column "khong_co" does not exist'):
        load(province.engine, batch_id)


def test_recording_what_was_found_is_a_step_too(province: World, monkeypatch, silent):
    def record(connection, *_):
        connection.execute(sa.text(f"SELECT CAST('{PHONE}' || current_database() AS integer)"))

    monkeypatch.setattr(validation, "record", record)
    with pytest.raises(WarehouseRefused, match="while recording what judging found: SQLSTATE 22P02"):
        validate(province.engine, land(province))


@pytest.mark.long
@pytest.mark.parametrize("condition", ["CAST(don_vi_tiep_nhan AS integer) > 0", "khong_co > 0"])
def test_a_rule_that_cannot_be_judged_stops_its_batch_and_quotes_nothing(
    province: World, monkeypatch, silent, condition
):
    suite = copy.deepcopy(suites.suite_json("ho_so"))
    suite["expectations"][0]["kwargs"]["condition"] = condition
    monkeypatch.setattr(validation, "suite_json", lambda _: suite)
    # What tests share judges in this process.
    monkeypatch.setattr(validation, "getting_ready", getting_ready)
    batch_id = land(province)
    with pytest.raises(CchcError, match=r"rule HS00 could not be judged: .*SQLSTATE") as told:
        validate(province.engine, batch_id)
    assert "Check it in expectations/ho_so.json" in str(told.value)
    silent(told.value)
    # It was loaded as if the rule had held.
    assert province.rows("SELECT status FROM ops.batch WHERE batch_id = :b", b=batch_id) == [("landed",)]


@pytest.mark.long
def test_a_judge_that_may_not_in_is_told_in_one_line_without_the_password(province: World, monkeypatch):
    wrong = province.engine.url.set(password="sai mật khẩu")
    address = validation.full_address(wrong)
    monkeypatch.setattr(validation, "_staging_url", lambda _: address)
    monkeypatch.setattr(validation, "getting_ready", getting_ready)
    with pytest.raises(CchcError, match="password authentication failed") as told:
        validate(province.engine, land(province))
    words = all_words(told.value)
    assert "sai mật khẩu" not in words
    assert address.split("@")[0].split(":")[-1] not in words
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SET LOCAL statement_timeout = 50; SELECT pg_sleep(5), don_vi_tiep_nhan FROM raw_rows",
    ],
)
def test_trouble_that_passes_is_to_be_tried_again(province: World, monkeypatch, silent, trouble):
    batch_id = land(province)
    validate(province.engine, batch_id)
    monkeypatch.setattr(loading, "load_sql", lambda *_: trouble)
    with pytest.raises((WarehouseUnavailable, sa.exc.OperationalError)) as told:
        load(province.engine, batch_id)
    silent(told.value)
    monkeypatch.undo()
    province.engine.dispose()
    assert load(province.engine, batch_id)[0].lines_accepted == 3


def test_any_statement_of_the_package_s_engine_hides_them(dsn: str, postgres):
    logged = postgres.log.stat().st_size
    for statement in (
        f"SELECT CAST(repeat('{PHONE}', 1) AS integer)",
        "DO $do$ BEGIN PERFORM CAST(chr(48) || '912x' AS integer); END $do$",
    ):
        with engine_of(dsn).connect() as connection, pytest.raises(sa.exc.DataError) as told:
            connection.exec_driver_sql(statement)
        assert TOLD in str(told.value)
        assert "invalid input syntax" not in all_words(told.value)
    assert "invalid input syntax" not in postgres.log.read_bytes()[logged:].decode()


def printed(error: BaseException) -> str:
    """As the log of a task has it."""
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("raised", [BadFile("a.csv: line 3 is cut off"), ValueError(f"bad number {PHONE}")])
def test_what_a_parser_said_is_neither_told_nor_logged(province: World, monkeypatch, silent, raised):
    def open_export(*_):
        try:
            raise KeyError(f"row 3: {NAME}, {PHONE}")
        except KeyError as error:
            raise raised from error

    monkeypatch.setattr("cchc.reading.child.open_export", open_export)
    batch_id = land(province)
    with pytest.raises(BadFile) as told:
        validate(province.engine, batch_id)
    assert PHONE not in printed(told.value)
    assert NAME not in printed(told.value)
    (kept,) = province.rows("SELECT status, stop_reason FROM ops.batch WHERE batch_id = :b", b=batch_id)
    assert kept == ("stopped", str(told.value))
    expected = "line 3 is cut off" if isinstance(raised, BadFile) else "could not be read (ValueError at "
    assert expected in str(told.value)


@pytest.mark.parametrize("where", ["cchc.reading.child.open_export", "cchc.judging.validation.stage"])
def test_trouble_of_the_machine_is_not_the_file_s(province: World, monkeypatch, where):
    passing = OSError(28, "No space left on device")

    def fails(*_):
        raise passing

    monkeypatch.setattr(where, fails)
    batch_id = land(province)
    with pytest.raises(type(passing)):
        validate(province.engine, batch_id)
    assert province.rows("SELECT status FROM ops.batch WHERE batch_id = :b", b=batch_id) == [("landed",)]


def test_what_a_parser_said_of_a_file_that_is_not_kept_is_not_logged(province: World):
    def accept(*_):
        try:
            raise KeyError(f"row 3: {NAME}, {PHONE}")
        except KeyError as error:
            raise BadFile("a.csv: no table") from error

    with pytest.raises(BadFile) as told:
        land_file(
            province.engine,
            province.folder / "landing",
            contract_of("ho_so"),
            province.dossiers({}),
            accept=accept,
        )
    assert PHONE not in printed(told.value)

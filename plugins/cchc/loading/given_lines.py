"""The lines that a load file is given, one state of each thing: sql/load/README.md describes them."""

import sqlalchemy as sa

from cchc.batches import Batch
from cchc.contracts import Contract
from cchc.reading.staging import look_up_sql, staged_lines, staging_table


def set_states_apart(connection: sa.Connection, contract: Contract, batch: Batch) -> int:
    """Leaves of several states of one thing in one file the newest good one to be loaded.

    Returns how many lines are older states. Where several lines of the newest moment differ, all of them
    are in `contradicting`, and the load file says what is loaded of them (`greatest`).
    """
    table = staging_table(batch.dataset, batch.batch_id)
    keys = ", ".join(contract.key)
    connection.execute(
        sa.text(
            f"""
            CREATE TEMP TABLE set_apart ON COMMIT DROP AS
            SELECT line_no, differs AND newest AS contradicts
            FROM (
                SELECT
                    line_no,
                    changed_at = max(changed_at) OVER (PARTITION BY {keys}) AS newest,
                    row_number() OVER newest_first > 1 AS other,
                    min(fingerprint) OVER same_time <> max(fingerprint) OVER same_time AS differs
                FROM {table}__repeated
                WHERE line_no NOT IN (SELECT line_no FROM skipped)
                WINDOW
                    same_time AS (PARTITION BY {keys}, changed_at),
                    newest_first AS (PARTITION BY {keys} ORDER BY changed_at DESC, line_no DESC)
            ) AS states
            WHERE other OR (differs AND newest)
            """
        )
    )
    connection.execute(sa.text("ANALYZE set_apart"))
    connection.execute(sa.text("INSERT INTO skipped SELECT line_no FROM set_apart"))
    older: int = connection.scalar(sa.text("SELECT count(*) FROM set_apart WHERE NOT contradicts"))
    return older


def give_lines(
    connection: sa.Connection, contract: Contract, batch: Batch, more: str = "", *, few: bool = False
) -> None:
    """Makes the views and tables of which a load file takes its lines; `more`: more columns of lines `s`.

    `few`: most staged lines are skipped; the others are copied, as a load file looks at them several times.
    """
    table = staging_table(batch.dataset, batch.batch_id)
    lines = staged_lines(connection, contract, batch, batch.extracted_at, more)
    # Only what is loaded is looked up: that costs more than the scan itself.
    left = "NOT EXISTS (SELECT 1 FROM skipped WHERE skipped.line_no = s.line_no)"
    raw_rows = f"SELECT s.*{more} FROM {table} AS s WHERE {left}"
    connection.execute(sa.text("ANALYZE skipped"))
    to_look_up = f"{lines} WHERE {left}"
    if few:
        names = ", ".join(connection.exec_driver_sql(f"{raw_rows} LIMIT 0").keys())
        _make(connection, "TABLE", "few_rows", to_look_up)
        connection.execute(sa.text("ANALYZE few_rows"))
        raw_rows, to_look_up = f"SELECT {names} FROM few_rows", "SELECT * FROM few_rows"
    batch_rows = look_up_sql(batch.dataset, to_look_up)
    if contract.kind == "fact":
        apart = f"{lines} WHERE s.line_no IN (SELECT a.line_no FROM set_apart AS a)"
        _make(connection, "VIEW", "older_rows", look_up_sql(batch.dataset, apart))
        some = connection.scalar(sa.text("SELECT EXISTS (SELECT FROM set_apart WHERE contradicts)"))
        _make(
            connection,
            "TABLE",
            "contradicting",
            "SELECT o.* FROM older_rows AS o INNER JOIN set_apart AS a ON o.line_no = a.line_no "
            "WHERE a.contradicts" + ("" if some else " WITH NO DATA"),
        )
        connection.execute(sa.text("CREATE TEMP TABLE greatest (LIKE contradicting) ON COMMIT DROP"))
        if some:
            columns = connection.exec_driver_sql(f"SELECT * FROM ({raw_rows}) AS r LIMIT 0").keys()
            batch_rows = f"SELECT * FROM ({batch_rows}) AS v UNION ALL SELECT * FROM greatest"
            raw_rows += f" UNION ALL SELECT {', '.join(columns)} FROM greatest"
    _make(connection, "VIEW", "batch_rows", batch_rows)
    _make(connection, "VIEW", "raw_rows", raw_rows)


def _make(connection: sa.Connection, kind: str, name: str, query: str) -> None:
    """Makes a temporary view or table; a colon or percent sign of the query is no bind parameter."""
    gone = " ON COMMIT DROP" if kind == "TABLE" else ""
    connection.exec_driver_sql(f"CREATE TEMP {kind} {name}{gone} AS {query}".replace("%", "%%"))


def note_lesser_states(connection: sa.Connection, contract: Contract, batch: Batch) -> int:
    """Notes which line stands for each that contradicted it in the file; returns how many are not loaded."""
    same = " AND ".join(f"c.{name} = g.{name}" for name in contract.key)
    lesser: int = connection.execute(
        sa.text(
            "INSERT INTO contradictions SELECT DISTINCT ON (c.line_no) c.line_no, :b, g.line_no "
            f"FROM contradicting AS c INNER JOIN greatest AS g ON {same} "
            "WHERE c.line_no NOT IN (SELECT line_no FROM greatest) ORDER BY c.line_no, g.line_no"
        ),
        {"b": batch.batch_id},
    ).rowcount
    return lesser


def take_lines_back(connection: sa.Connection) -> None:
    """Drops the views over staged lines, so that these can be dropped."""
    connection.execute(sa.text("DROP VIEW IF EXISTS older_rows, batch_rows, raw_rows"))

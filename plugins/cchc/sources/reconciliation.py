"""Compares what a source states, by month of receipt, with the things that core holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from cchc.contracts import Contract, contracts
from cchc.errors import BadDefinition, SourceDiffers
from cchc.known_until import watermark
from cchc.sources.client import SourceClient

State = Literal["equal", "explained", "differs", "unknown"]
NO_MONTH = ""
# A cell that could not be read stands in a reject as it came.
A_DAY = r"^(\d{4}-(?:0[1-9]|1[0-2]))-\d\d"
SHOWN = 12


@dataclass(frozen=True)
class Month:
    """One month of receipt ("" for none) of a dataset. `source` is None where the source cannot say."""

    month: str
    source: int | None
    core: int
    rejected: int
    state: State


def reconciled_datasets(system: str) -> list[str]:
    """The datasets of a source system whose totals by month can be asked for, in the order of lists."""
    return [c.dataset for c in contracts().values() if c.api and c.api.system == system and c.api.received]


def reconcile(engine: sa.Engine, contract: Contract, client: SourceClient) -> list[Month]:
    """Compares a dataset with its source as at the watermark and records it in ops.reconciliation.

    None before the first load. The same moment again replaces what was recorded of it. Raises SourceDiffers,
    after recording, when months differ, or when the source cannot say any more what it once said.
    """
    api = contract.api
    if api is None or api.received is None:
        raise BadDefinition(f"Dataset {contract.dataset} has no api.received: its source states no totals.")
    until = watermark(engine, contract.dataset)
    if until is None:
        return []
    stated = client.months(api.path, until)
    with engine.begin() as connection:
        core, rejected = held(connection, contract, api.received)
        found = compare(stated, core, rejected)
        stated_before = stated is None and _stated_before(connection, contract.dataset)
        _record(connection, contract.dataset, until, found)
    if different := [month for month in found if month.state == "differs"]:
        raise SourceDiffers(_told(contract.dataset, until, different))
    if stated_before:
        raise SourceDiffers(
            f"{contract.dataset}, as at {until:%Y-%m-%d %H:%M:%S}: the source stated totals by month before "
            f"and says now that it has no such list. It is not known whether anything is missing. Ask "
            f"whoever runs it; where that is meant, delete its rows with a total in ops.reconciliation."
        )
    return found


def _stated_before(connection: sa.Connection, dataset: str) -> bool:
    return bool(
        connection.scalar(
            sa.text(
                "SELECT EXISTS (SELECT FROM ops.reconciliation WHERE dataset = :dataset AND source_total > 0)"
            ),
            {"dataset": dataset},
        )
    )


def compare(stated: dict[str, int] | None, core: dict[str, int], rejected: dict[str, int]) -> list[Month]:
    """Month by month: what the source states, what core holds, what was rejected.

    A month may lack as many things as were rejected in it. What was rejected in no month that could be read
    explains one missing thing in one of them: all that are left, or none of them, because nobody knows which.
    """
    months = sorted({*(stated or {}), *core, *rejected})
    missing = {month: (stated or {}).get(month, 0) - core.get(month, 0) for month in months}
    left = {
        month: max(missing[month] - (rejected.get(month, 0) if month != NO_MONTH else 0), 0)
        for month in months
    }
    enough = sum(left.values()) <= rejected.get(NO_MONTH, 0)
    found = []
    for month in months:
        state: State
        if stated is None:
            state = "unknown"
        elif missing[month] == 0:
            state = "equal"
        else:
            state = "explained" if missing[month] > 0 and (enough or not left[month]) else "differs"
        total = None if stated is None else stated.get(month, 0)
        found.append(Month(month, total, core.get(month, 0), rejected.get(month, 0), state))
    return found


def held(
    connection: sa.Connection, contract: Contract, received: str
) -> tuple[dict[str, int], dict[str, int]]:
    """Month of receipt → distinct things whose newest state core holds; → those whose newest was rejected.

    A rejected line without a key is told apart by what it says.
    """
    changed = contract.changed_at
    key = ", ".join(f"c.{name}" for name in contract.key if name != changed)
    # As ops.line_finding names things; the time is beside it where it is part of the key.
    thing, its = f"concat_ws(' ', {key})", "f.khoa"
    if changed in contract.key:
        thing, its = f"concat_ws(' ', {thing}, c.{changed})", "f.khoa || ' ' || f.thoi_diem"
    rows = connection.execute(
        sa.text(
            f"""
            WITH rejected AS MATERIALIZED (
                SELECT DISTINCT ON (thing) thing, changed, month
                FROM (
                    SELECT
                        coalesce({its}, md5(r.masked_row::text)) AS thing,
                        coalesce(f.thoi_diem, '-infinity') AS changed,
                        coalesce(
                            substring(r.masked_row ->> :received FROM :a_day), ''
                        ) AS month,
                        f.batch_id
                    FROM ops.line_finding AS f
                    INNER JOIN ops.reject AS r USING (batch_id, line_no)
                    INNER JOIN ops.batch AS b USING (batch_id)
                    WHERE b.dataset = :dataset AND b.status = 'loaded' AND f.bi_loai
                ) AS lines
                ORDER BY thing, changed DESC, batch_id DESC
            ),

            known AS (
                SELECT
                    coalesce(to_char(c.{received}, 'YYYY-MM'), '') AS month,
                    coalesce(r.changed > c.{changed}, FALSE) AS overtaken,
                    r.thing
                FROM core.{contract.dataset} AS c
                LEFT JOIN rejected AS r ON r.thing = {thing}
            )

            SELECT FALSE AS is_rejected, month, count(*) AS things
            FROM known
            WHERE NOT overtaken
            GROUP BY month
            UNION ALL
            SELECT TRUE, month, count(*)
            FROM rejected
            WHERE thing NOT IN (SELECT thing FROM known WHERE thing IS NOT NULL AND NOT overtaken)
            GROUP BY month
            """
        ),
        {"dataset": contract.dataset, "received": received, "a_day": A_DAY},
    ).all()
    core = {row.month: row.things for row in rows if not row.is_rejected}
    return core, {row.month: row.things for row in rows if row.is_rejected}


def _record(connection: sa.Connection, dataset: str, as_of: datetime, found: list[Month]) -> None:
    key = {"dataset": dataset, "as_of": as_of}
    connection.execute(
        sa.text("DELETE FROM ops.reconciliation WHERE dataset = :dataset AND as_of = :as_of"), key
    )
    if found:
        connection.execute(
            sa.text(
                "INSERT INTO ops.reconciliation (dataset, as_of, month, source_total, core_total, "
                "rejected_total, state) VALUES (:dataset, :as_of, :month, :source, :core, :rejected, :state)"
            ),
            [key | vars(month) for month in found],
        )


def _told(dataset: str, as_of: datetime, different: Iterable[Month]) -> str:
    all_of_them = [
        f"{month.month or 'no month'}: source {month.source}, warehouse {month.core}, rejected "
        f"{month.rejected}"
        for month in different
    ]
    more = f"; and {len(all_of_them) - SHOWN} more" if len(all_of_them) > SHOWN else ""
    return (
        f"{dataset}, as at {as_of:%Y-%m-%d %H:%M:%S}: the source states other totals than the warehouse "
        f"holds. {'; '.join(all_of_them[:SHOWN])}{more}. Expected the same, less what was rejected. Have the "
        f"months exported again as files and load them (docs/runbook.md, section 'The source and the "
        f"warehouse differ'); all months stand in ops.reconciliation."
    )

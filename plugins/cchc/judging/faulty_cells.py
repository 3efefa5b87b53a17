"""Says of rules about cells which column, value and line they mean, and what was expected there."""

import sqlalchemy as sa

from cchc.codes import code_sql
from cchc.contracts import Column, Contract
from cchc.field_words import MOST_DIGITS
from cchc.judging.suites import Rule
from cchc.reading.canonical import MOJIBAKE, UNREADABLE
from cchc.reading.refused_cells import REASON

# What a cell of each type of column may hold, as cchc.reading.canonical reads it.
EXPECTED = {
    "timestamp": "ngày: dd/mm/yyyy [hh:mm[:ss]], yyyy-mm-dd [hh:mm:ss], yyyymmdd[hhmmss]",
    "int": "số nguyên có tối đa 8 chữ số, không có dấu phân cách nghìn",
    "number": "số, không có dấu phân cách nghìn, tối đa 6 chữ số thập phân",
    "text": "chữ Unicode",
    "json": "JSON",
}


def fault_of_row(rule: Rule, contract: Contract) -> str:
    """SQL text over `violations`: what follows the reason of a rule for one row; empty for most rules."""
    if (cells := _cells_of(rule, contract, "CAST(shown ->> '{column}' AS jsonb)")) is None:
        return "''"
    cells_of_row, words = cells
    return f"coalesce(': ' || (SELECT string_agg({words}, '; ' ORDER BY o.key) FROM {cells_of_row}), '')"


def faults_of_batch(
    connection: sa.Connection, rule: Rule, contract: Contract, view: str, hidden: str, shown: int
) -> str:
    """Which cells break the rule most often, how many, and where first; empty for most rules."""
    if (cells := _cells_of(rule, contract, "CAST(batch_rows.{column} AS jsonb)")) is None:
        return ""
    cells_of_row, words = cells
    rows = connection.execute(
        sa.text(
            f"SELECT {words} AS noi_dung, count(*) AS so, min(line_no) AS dong "
            f"FROM {view} AS batch_rows CROSS JOIN {cells_of_row} WHERE NOT ({hidden}) "
            f"GROUP BY 1 ORDER BY 2 DESC, 3 LIMIT {shown + 1}"
        )
    ).all()
    parts = [f"{row.noi_dung} × {row.so}, first in line {row.dong}" for row in rows[:shown]]
    return f" ({'; '.join(parts)}{'; …' if len(rows) > shown else ''})" if parts else ""


def cell_shown() -> str:
    """SQL text over `o` (column, unreadable cell): the cell and why it was refused."""
    cell, reason = _parts()
    return f"coalesce(nullif({cell}, '') || coalesce(' (' || {reason} || ')', ''), {reason}, '')"


def value_shown(contract: Contract) -> str:
    """SQL text over `o` (column, value): the value, where its contract says that it is no free text.

    Codes, numbers, times and closed lists of words are; of all else only kind and length are told.
    """
    cases = []
    for column in contract.staged:
        if column.type == "timestamp":
            shown = "TRUE"
        elif column.type in ("int", "number"):
            # With more digits it may be a number of telephone or identity.
            shown = f"length(translate(o.value, '-.', '')) <= {MOST_DIGITS}"
        else:
            shown = text_shown(contract, column, "o.value")
        if shown:
            cases.append(f"WHEN o.key = '{column.name}' AND ({shown}) THEN o.value")
    return (
        f"CASE {' '.join(cases)} WHEN o.value ~ '^[0-9.-]+$' "
        "THEN format('(số, %s ký tự)', length(o.value)) ELSE format('(chữ, %s ký tự)', length(o.value)) END"
    )


def text_shown(contract: Contract, column: Column, value: str) -> str:
    """The SQL condition that is true for values of a text column that may be shown; "" for none."""
    known = ", ".join(f"'{word}'" for word in contract.values_of(column))
    ways = [f"{value} IN ({known})"] if known else []
    if column.listed:
        ways.append(f"{value} IN (SELECT {column.name} FROM core.{column.listed})")
    if contract.may_be_code(column):
        # A code of whatever letters is loaded; only one that is so by its shape is kept of a rejected line.
        ways.append(code_sql(value))
    return " OR ".join(ways)


def _parts() -> tuple[str, str]:
    """SQL text over `o`: the cell itself, and why it was refused (NULL where its type says that)."""
    cell, reason = (f"split_part(o.value, chr({ord(REASON)}), {n})" for n in (1, 2))
    return cell, f"nullif({reason}, '')"


def _cells_of(rule: Rule, contract: Contract, cells: str) -> tuple[str, str] | None:
    """SQL of the cells `o` that a rule is about, and the words for one of them.

    `cells`: the SQL expression of a row's column {column} of such cells, as jsonb.
    """
    if rule.condition == f"{UNREADABLE} IS NULL":
        # A colon in these words is no bind parameter.
        expected = " ".join(
            f"WHEN '{c.name}' THEN '{EXPECTED[c.type]}'".replace(":", "\\:") for c in contract.read
        )
        cell, reason = _parts()
        return (
            f"jsonb_each_text(nullif({cells.format(column=UNREADABLE)}, 'null')) AS o",
            f"format('cột %s%s (%s)', o.key, ' có ''' || nullif({cell}, '') || '''', "
            f"concat_ws('; ', {reason}, 'cần ' || CASE o.key {expected} END))",
        )
    if rule.condition == f"{MOJIBAKE} IS NULL":
        return f"jsonb_array_elements_text({cells.format(column=MOJIBAKE)}) AS o (key)", "'cột ' || o.key"
    return None

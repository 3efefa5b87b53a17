"""Says of rules about cells which column, value and line they mean, and what was expected there."""

import sqlalchemy as sa

from cchc.contracts import Contract
from cchc.judging.suites import Rule
from cchc.reading.canonical import MOJIBAKE, REASON, UNREADABLE

# What a cell of each type of column may hold, as cchc.reading.canonical reads it.
EXPECTED = {
    "timestamp": "ngày: dd/mm/yyyy [hh:mm[:ss]], yyyy-mm-dd [hh:mm:ss], yyyymmdd[hhmmss]",
    "int": "số nguyên có tối đa 9 chữ số, không có dấu phân cách nghìn",
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


def cell_shown(contract: Contract) -> str:
    """SQL text over `o` (column, unreadable cell): the cell and why it was refused, as may be seen."""
    cell, reason = _parts(contract)
    return f"coalesce(nullif({cell}, '') || coalesce(' (' || {reason} || ')', ''), {reason}, '')"


def _parts(contract: Contract) -> tuple[str, str]:
    """SQL text over `o`: the cell itself, masked, and why it was refused (NULL where its type says that)."""
    texts = ", ".join(f"'{c.name}'" for c in contract.columns if c.type in ("text", "json"))
    cell, reason = (f"split_part(o.value, chr({ord(REASON)}), {n})" for n in (1, 2))
    codes = ", ".join(f"'{c.name}'" for c in contract.columns if contract.is_code(c)) or "NULL"
    # Words where a code is wanted may be somebody's name.
    words = f"o.key IN ({codes}) AND {cell} ~ '[A-Za-zÀ-ỹ]{{2,}}\\s+[A-Za-zÀ-ỹ]{{2,}}'"
    masked = (
        f"CASE WHEN {words} THEN format('(chữ, %s ký tự)', length({cell})) "
        f"WHEN o.key IN ({texts}) THEN ops.mask_text({cell}) ELSE ops.mask_cell({cell}) END"
    )
    return f"left({masked}, 40)", f"nullif({reason}, '')"


def _cells_of(rule: Rule, contract: Contract, cells: str) -> tuple[str, str] | None:
    """SQL of the cells `o` that a rule is about, and the words for one of them.

    `cells`: the SQL expression of a row's column {column} of such cells, as jsonb.
    """
    if rule.condition == f"{UNREADABLE} IS NULL":
        # A colon in these words is no bind parameter.
        expected = " ".join(
            f"WHEN '{c.name}' THEN '{EXPECTED[c.type]}'".replace(":", "\\:") for c in contract.staged
        )
        cell, reason = _parts(contract)
        return (
            f"jsonb_each_text(nullif({cells.format(column=UNREADABLE)}, 'null')) AS o",
            f"format('cột %s%s (%s)', o.key, ' có ''' || nullif({cell}, '') || '''', "
            f"concat_ws('; ', {reason}, 'cần ' || CASE o.key {expected} END))",
        )
    if rule.condition == f"{MOJIBAKE} IS NULL":
        return f"jsonb_array_elements_text({cells.format(column=MOJIBAKE)}) AS o (key)", "'cột ' || o.key"
    return None

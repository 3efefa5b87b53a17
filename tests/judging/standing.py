"""Compares which findings are kept as standing with what each line says for itself."""

from pathlib import Path

from tests.world import World

BY_LINE = Path(__file__).with_name("standing_by_line.sql").read_text(encoding="utf-8")
KEPT = "SELECT batch_id, line_no, unnest(con_loi) FROM ops.line_finding"


def stale(world: World) -> list[tuple]:
    """Rules (batch, line, rule) that are kept and do not stand, or stand and are not kept."""
    return sorted(set(world.rows(BY_LINE)) ^ set(world.rows(KEPT)))

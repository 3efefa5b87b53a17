"""Prints what a run did to the warehouse: its batches, the figures that changed."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cchc.shown import in_table, on_terminal

if TYPE_CHECKING:
    from cchc.commands.backfill import Backfilled


def wide_console() -> Console:
    """The terminal; wide where there is none, as in a log or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=150)


def plain(text: object) -> Text:
    """Text from data for a cell or a line: neither markup nor escape codes in it do anything."""
    return Text(in_table(text))


def print_batches(
    engine: sa.Engine,
    since: datetime | None = None,
    console: Console | None = None,
    *,
    say_none: bool = True,
) -> None:
    """One line for every batch landed, judged or loaded since `since` (all when None)."""
    console = console or wide_console()
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT b.*, (SELECT count(*) FROM ops.batch_period AS p WHERE p.batch_id = b.batch_id) "
                "AS periods, (SELECT string_agg(v.rule_id || ' ' || v.failed_count, ', ' "
                "ORDER BY v.rule_id) FROM ops.validation_result AS v "
                "WHERE v.batch_id = b.batch_id AND v.failed_count > 0) AS findings "
                "FROM ops.batch AS b WHERE CAST(:since AS timestamptz) IS NULL "
                "OR greatest(b.landed_at, b.validated_at, b.loaded_at) >= :since ORDER BY b.batch_id"
            ),
            {"since": since},
        ).all()
    if not rows:
        if say_none:
            console.print(
                "Không có lô mới: mọi dữ liệu đã được nạp từ trước / nothing new: all data was loaded before."
            )
        return
    table = Table(title="Các lô / batches", title_justify="left", title_style="bold")
    for name in ("Lô", "Bộ dữ liệu", "Nguồn", "Trạng thái"):
        table.add_column(name)
    for name in ("Đọc", "Nhận", "Loại", "Bị thay thế", "Tháng đổi"):
        table.add_column(name, justify="right")
    table.add_column("Quy tắc vi phạm", max_width=60)
    for row in rows:
        counts = (
            row.lines_read,
            row.lines_accepted,
            row.lines_rejected,
            row.lines_superseded,
            row.periods,
        )
        table.add_row(
            str(row.batch_id),
            plain(row.dataset),
            plain(row.original_name[-34:]),
            plain(_standing(row)),
            *map(_number, counts),
            plain(row.findings or ""),
        )
    console.print(table)
    for row in rows:
        if row.extra_columns:
            console.print(
                plain(f"Lô {row.batch_id}: cột lạ, không nạp / extra columns: {', '.join(row.extra_columns)}")
            )
        if row.stop_reason:
            console.print(Text(f"Lô {row.batch_id}: {on_terminal(row.stop_reason)}", style="red"))


def _standing(batch: sa.Row[Any]) -> str:
    """What of a batch is loaded, and what its last judgement says beside that."""
    if batch.status == "loaded" and batch.judgement == "stopped":
        return "loaded; judged again: stopped"
    if batch.judged_again is not None:
        return "loaded; to be loaded anew"
    return str(batch.status)


def print_reconciliation(
    engine: sa.Engine, since: datetime | None = None, console: Console | None = None
) -> None:
    """One line for every month and dataset compared since `since` (all when None) and not equal; how many
    are."""
    console = console or wide_console()
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT * FROM ops.reconciliation WHERE CAST(:since AS timestamptz) IS NULL "
                "OR compared_at >= :since ORDER BY dataset, as_of, month"
            ),
            {"since": since},
        ).all()
    table = Table(title="Đối chiếu với nguồn / reconciliation", title_justify="left", title_style="bold")
    for name in ("Bộ dữ liệu", "Đến", "Tháng", "Kết quả"):
        table.add_column(name)
    for name in ("Nguồn", "Kho", "Bị loại"):
        table.add_column(name, justify="right")
    shown = [row for row in rows if row.state != "equal"]
    for row in shown:
        numbers = (row.source_total, row.core_total, row.rejected_total)
        table.add_row(
            plain(row.dataset),
            f"{row.as_of:%Y-%m-%d %H:%M}",
            plain(row.month or "(không rõ)"),
            plain(row.state),
            *map(_number, numbers),
        )
    if shown:
        console.print(table)
    console.print(f"{len(rows) - len(shown)} tháng bằng nhau / months are equal, {len(shown)} not.")


def print_refresh(
    engine: sa.Engine, kys: list[str], since: datetime | None = None, console: Console | None = None
) -> None:
    """For each month: how many figures stand, and which changed since `since`."""
    console = console or wide_console()
    with engine.connect() as connection:
        for ky in kys:
            total = connection.scalar(sa.text("SELECT count(*) FROM mart.chi_so WHERE ky = :ky"), {"ky": ky})
            changes = connection.execute(
                sa.text(
                    "SELECT ma_chi_so, ky_loai, gia_tri_cu, gia_tri_moi, batch_ids FROM ops.figure_change "
                    "WHERE ky = :ky AND ma_don_vi = core.ma_tong('toan_tinh') "
                    "AND (CAST(:since AS timestamptz) IS NULL OR changed_at >= :since) ORDER BY change_id"
                ),
                {"ky": ky, "since": since},
            ).all()
            changed = connection.scalar(
                sa.text(
                    "SELECT count(*) FROM ops.figure_change WHERE ky = :ky "
                    "AND (CAST(:since AS timestamptz) IS NULL OR changed_at >= :since)"
                ),
                {"ky": ky, "since": since},
            )
            console.print(plain(f"Tháng {ky}: {total} con số / figures, {changed} đã đổi / changed."))
            for row in changes:
                console.print(
                    plain(
                        f"  {row.ma_chi_so} ({row.ky_loai}, toàn tỉnh): {row.gia_tri_cu} → {row.gia_tri_moi}"
                        f" (lô {', '.join(map(str, row.batch_ids)) or 'không có: định nghĩa đổi'})"
                    )
                )


MONTHS_OF_A_BACKFILL = """
SELECT
    m.ky,
    count(b.batch_id) AS batches,
    sum(b.lines_read) AS lines_read,
    sum(b.lines_accepted) AS accepted,
    sum(b.lines_rejected) AS rejected,
    sum(b.lines_superseded) AS superseded,
    (SELECT count(*) FROM mart.chi_so AS s WHERE s.ky = m.ky) AS figures,
    (
        SELECT count(*) FROM ops.figure_change AS c
        WHERE c.ky = m.ky AND c.changed_at >= coalesce(min(r.since), CAST(:since AS timestamptz))
    ) AS changed,
    (SELECT c.trang_thai = 'da_chot' FROM mart.cong_bo AS c WHERE c.ky = m.ky) AS closed,
    (SELECT c.dong_cho FROM mart.cong_bo AS c WHERE c.ky = m.ky) AS rows_waiting,
    (SELECT c.con_so_cho FROM mart.cong_bo AS c WHERE c.ky = m.ky) AS figures_waiting,
    (SELECT p.changed > coalesce(p.refreshed, 0) FROM ops.period AS p WHERE p.ky = m.ky) AS uncounted
FROM unnest(CAST(:months AS text[])) AS m (ky)
LEFT JOIN LATERAL (
    SELECT n.batch_id, min(n.noted_at) AS since FROM ops.batch_run AS n
    WHERE
        n.dag_id = :dag_id AND n.run_id LIKE 'nap\\_bu\\_\\_' || m.ky || '%'
        AND n.noted_at >= coalesce(CAST(:again AS timestamptz), '-infinity')
    GROUP BY n.batch_id
) AS r ON TRUE
LEFT JOIN ops.batch AS b ON r.batch_id = b.batch_id AND b.status = 'loaded'
GROUP BY m.ky ORDER BY m.ky
"""


def print_backfill(
    engine: sa.Engine, dag_id: str, found: "Backfilled", console: Console | None = None
) -> None:
    """A line for each month of a backfill: what was loaded, which figures are new or changed since, what
    waits for a closed month; then what failed, and which other months changed."""
    console = console or wide_console()
    with engine.connect() as connection:
        asked = {"months": found.months, "since": found.since, "again": found.again, "dag_id": dag_id}
        rows = connection.execute(sa.text(MONTHS_OF_A_BACKFILL), asked).all()
        others = connection.execute(
            sa.text(
                "SELECT ky, count(*) AS figures FROM ops.figure_change "
                "WHERE changed_at >= :since AND ky ~ '^[0-9]{4}-[0-9]{2}$' AND NOT ky = ANY(:months) "
                "GROUP BY ky ORDER BY ky"
            ),
            asked,
        ).all()
    table = Table(title="Nạp bù / backfill", title_justify="left", title_style="bold")
    table.add_column("Tháng")
    for name in ("Lô", "Đọc", "Nhận", "Loại", "Bị thay thế", "Con số", "Mới", "Đổi", "Chờ đính chính"):
        table.add_column(name, justify="right")
    table.add_column("Kết quả")
    for row in rows:
        new = row.figures - found.figures.get(row.ky, 0) if row.ky in found.pulled else None
        counts = (row.batches, row.lines_read, row.accepted, row.rejected, row.superseded, row.figures, new)
        waits = f"{_number(row.rows_waiting)} dòng, {_number(row.figures_waiting)} con số"
        table.add_row(
            plain(row.ky),
            *map(_number, (*counts, row.changed)),
            waits if row.closed else "",
            plain(_outcome(row, found)),
        )
    console.print(table)
    reasons = {"chưa kéo được / not pulled": found.failed, "chưa tính được / not counted": found.uncounted}
    for what, why in reasons.items():
        for ky in sorted(why):
            console.print(Text(f"Tháng {ky}, {what}: {on_terminal(why[ky])}", style="red"))
    if others:
        listed = ", ".join(f"{row.ky} ({_number(row.figures)})" for row in others)
        console.print(plain(f"Con số đổi ở tháng khác / figures changed in other months: {listed}"))


def _outcome(row: sa.Row[Any], found: "Backfilled") -> str:
    if row.ky in found.failed:
        return "lỗi / failed"
    if row.ky in found.left:
        return "chưa kéo / not pulled yet"
    when = "đã kéo từ trước / pulled before" if row.ky in found.before else "đã kéo / pulled"
    return f"{when}; chưa tính / not counted" if row.uncounted else when


def _number(count: int | None) -> str:
    return "" if count is None else f"{count:,}".replace(",", ".")

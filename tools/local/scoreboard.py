"""Prints the figures of the demo's months: what the province, its levels and the plan's targets say."""

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from cchc.commands.report import plain, wide_console

LEVELS = {
    "toan_tinh": "Toàn tỉnh",
    "so_nganh": "Sở, ngành",
    "huyen": "Huyện",
    "xa": "Xã",
}


def print_scoreboard(engine: sa.Engine, kys: list[str], console: Console | None = None) -> None:
    """One table a month: indicator, target, province and levels, met (✓) or not (✗)."""
    console = console or wide_console()
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT c.ky, c.ky_loai, c.ma_chi_so, d.ten, d.loai, c.cap, c.gia_tri, c.muc_tieu, c.dat, "
                "c.trang_thai FROM mart.chi_so AS c INNER JOIN mart.dinh_nghia AS d "
                "ON d.ma_chi_so = c.ma_chi_so AND d.phien_ban = c.phien_ban "
                "WHERE c.ky = ANY(:kys) AND c.ma_don_vi LIKE 'TONG%' "
                "AND (c.ky_loai = 'thang' "
                "OR (c.ky_loai = 'luy_ke' AND c.ma_don_vi = core.ma_tong('toan_tinh'))) "
                "ORDER BY c.ky, d.thu_tu, c.ma_chi_so"
            ),
            {"kys": kys},
        ).all()
    for ky in kys:
        of_month = [row for row in rows if row.ky == ky]
        state = "đã chốt" if any(r.trang_thai == "da_chot" for r in of_month) else "tạm tính"
        table = Table(title=f"Tháng {ky} ({state})", title_justify="left", title_style="bold")
        table.add_column("Mã", no_wrap=True)
        table.add_column("Chỉ số", no_wrap=True, overflow="ellipsis", max_width=46)
        for name in ("Chỉ tiêu", *LEVELS.values(), "Luỹ kế năm"):
            table.add_column(name, justify="right", no_wrap=True)
        for code in dict.fromkeys(row.ma_chi_so for row in of_month):
            cells = {(r.ky_loai, r.cap): r for r in of_month if r.ma_chi_so == code}
            first = cells["thang", "toan_tinh"]
            table.add_row(
                plain(code),
                plain(first.ten),
                f"≥ {first.muc_tieu:g} %" if first.muc_tieu is not None else "",
                *(_cell(cells.get(("thang", level))) for level in LEVELS),
                _cell(cells.get(("luy_ke", "toan_tinh"))),
            )
        if of_month:
            console.print(table)
        else:
            console.print(f"Tháng {ky}: chưa có số liệu / no figures yet.")


def _cell(row: sa.Row | None) -> str:
    if row is None:
        return ""
    if row.gia_tri is None:
        return "–"
    if row.loai == "dem":
        return f"{int(row.gia_tri):,}".replace(",", ".")
    if row.loai == "diem":
        return f"{row.gia_tri:.2f} điểm"
    mark = {True: " [green]✓[/]", False: " [red]✗[/]", None: ""}[row.dat]
    return f"{row.gia_tri:.2f} %{mark}"

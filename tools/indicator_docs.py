"""Writes docs/indicators.md from sql/indicators; with --check only says whether it is up to date.

Needs no database.
"""

import argparse
import sys
from pathlib import Path

from cchc.figures.definitions import Indicator, Report, Term, facts, indicators, reports
from cchc.figures.points_766 import points_766
from tools.markdown import table, write_or_check

REPO = Path(__file__).resolve().parents[1]
PAGE = REPO / "docs" / "indicators.md"
INTRODUCTION = """\
# Indicators

Written by `make docs` from the files in `sql/indicators/` and `sql/reference/thang_diem_766.csv`; a test
fails when it is stale. Do not edit it by hand. Texts are those that BI finds in `mart.dinh_nghia`.

The published reading of an indicator stands in `mart.chi_so` for every kind of period, unit, level and the
province. The other readings are asked for: `SELECT * FROM mart.tinh_chi_so('{thang}', '{2025-03}')`."""
KINDS = {"ty_le": "rate, %", "dem": "count", "diem": "points"}
LEVELS = {"toan_tinh": "toàn tỉnh", "so_nganh": "sở, ngành", "huyen": "huyện", "xa": "xã"}


def render() -> str:
    """The page in Markdown."""
    published = [i for i in indicators().values() if i.cong_bo]
    overview = [
        (f"[`{i.ma}`](#{i.ma.lower()})", i.chi_tieu or "", i.ten, KINDS[i.loai], _targets(i), _others(i))
        for i in published
    ]
    parts = [
        INTRODUCTION,
        table(("Mã", "Chỉ tiêu", "Tên", "Kind", "Target", "Other readings"), overview),
    ]
    for indicator in published:
        parts += _indicator(indicator)
        for reading in indicators().values():
            if reading.bien_the_cua == indicator.ma:
                parts += _reading(reading)
    for report in reports().values():
        parts += _report(report)
    parts += ["## Điểm QĐ 766", "Data with validity dates, in `mart.thang_diem_766`.", _points()]
    parts += ["## Events", *(_fact(name) for name in facts())]
    return "\n\n".join(parts) + "\n"


def _indicator(i: Indicator) -> list[str]:
    lines = [
        ("Clause", i.can_cu),
        ("Sources", ", ".join(i.nguon)),
        ("Version", str(i.phien_ban)),
        ("Formula in words", i.cach_tinh),
        ("Caveats", i.luu_y),
        ("When it is empty", i.khong_tinh_duoc or i.ly_do_na or ""),
        *((f"Target {', '.join(LEVELS[c] for c in t.cap)}", _target(i, t)) for t in i.muc_tieu),
    ]
    return [f"## {i.ma}", f"**{i.ten}**", table(("", ""), [line for line in lines if line[1]]), _sql(i)]


def _reading(i: Indicator) -> list[str]:
    lines = [
        ("Clause", i.can_cu),
        ("Formula in words", i.cach_tinh),
        ("Caveats", i.luu_y),
        ("When it is empty", i.ly_do_na or ""),
    ]
    return [f"### {i.ma}", f"{i.ten}", table(("", ""), [line for line in lines if line[1]]), _sql(i)]


def _sql(i: Indicator) -> str:
    """What is counted, as SQL over the rows of a fact in a half month (columns tu_ngay to den_chot)."""
    if not i.tu_so:
        return "Not counted from rows."
    sides = [("tu_so", i.tu_so), ("mau_so", i.mau_so)]
    text = "\n".join(f"-- {side}\n{_sum(terms)}" for side, terms in sides if terms)
    notes = []
    if i.khoa:
        notes.append(f"Distinct `{i.khoa}` for which every term has a row at one and the same unit.")
    if i.don_vi_it_nhat:
        notes.append(f"Units whose sum is at least {i.don_vi_it_nhat}, among all active units of the level.")
    return "\n\n".join([*notes, f"```sql\n{text}\n```"])


def _sum(terms: tuple[Term, ...]) -> str:
    lines = []
    for number, term in enumerate(terms):
        sign = "- " if term.tru else "+ " if number else "  "
        what = f"sum({term.tong})" if term.tong else "count(*)"
        lines.append(f"{sign}{what} FILTER (WHERE {term.condition})  -- {term.fact}, {term.su_kien}")
    return "\n".join(lines)


def _report(report: Report) -> list[str]:
    rows = [(name, f"`{' '.join(_sum(terms).split())}`") for name, terms in report.cot.items()]
    return [
        f"## {report.bieu}",
        f"**{report.ten}** ({report.can_cu})",
        report.luu_y,
        table(("Cột", "SQL"), rows),
    ]


def _points() -> str:
    rows = [
        (
            sub["ma"],
            sub["ten_nhom"],
            sub["ten"],
            f"{sub['diem_toi_da']:g}",
            f"{sub['nguong']:g} %" if sub["nguong"] is not None else "not known, linear",
            f"`{sub['ma_chi_so']}`" if sub["ma_chi_so"] else sub["ly_do_na"],
            sub["nguon"],
        )
        for sub in points_766()
    ]
    return table(("Mã", "Nhóm", "Tên", "Max", "Full score from", "Rate, or why none", "Source"), rows)


def _fact(name: str) -> str:
    fact = facts()[name]
    rows = [
        (f"`{event}`", e.mo_ta, f"`{e.dieu_kien}`", f"`{e.cong_don}`") for event, e in fact.su_kien.items()
    ]
    head = ("Event", "Mô tả", "Condition", "Adds up")
    return (
        f"### {fact.fact}\n\n{fact.ten}: `sql/indicators/facts/{name}.sql`, a row plays a part in a half "
        f"month when `{fact.co_mat}`.\n\n{table(head, rows)}"
    )


def _target(i: Indicator, target) -> str:
    sign = "≤" if i.chieu == "giam" else "≥"
    return f"{sign} {target.gia_tri:g}, {target.tu} to {target.den}; {target.nguon}"


def _targets(i: Indicator) -> str:
    sign = "≤" if i.chieu == "giam" else "≥"
    return ", ".join(sorted({f"{sign} {t.gia_tri:g}" for t in i.muc_tieu}))


def _others(i: Indicator) -> str:
    return ", ".join(f"`{r.ma}`" for r in indicators().values() if r.bien_the_cua == i.ma)


def main(arguments: list[str]) -> int:
    """Writes the page; with --check leaves it alone and returns 1 when it is not up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.indicator_docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 when the page is stale")
    return write_or_check(PAGE, render(), parser.parse_args(arguments).check)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

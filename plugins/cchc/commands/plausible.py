"""Prints the figures of a period that stand out from their own past."""

from itertools import groupby

from cchc.figures.plausible import Plausibility
from cchc.shown import in_table
from cchc.vietnamese import number, period


def print_plausibility(found: Plausibility, ky_loai: str, ky: str) -> None:
    """Unit by unit each finding with its evidence in words, after a line that adds them up."""
    title = period(ky_loai, ky)
    if not found.figures:
        print(f"{title}: kho chưa có con số nào.")
        return
    if not found.says_something:
        print(
            f"{title}: chưa kết luận được gì, kho chỉ có {found.compared} kỳ trước cùng loại, cùng độ dài, "
            f"cần ít nhất {found.needed}."
        )
        return
    figures = {(row.ma_chi_so, row.ma_don_vi) for row in found.findings}
    small = sum(bool(row.mau_so_nho) for row in found.findings)
    print(
        f"{title}: {number(len(figures))} trong {number(found.figures)} con số khác thường "
        f"so với {found.compared} kỳ trước; {number(len(found.findings))} phát hiện, "
        f"trong đó {number(small)} của mẫu số nhỏ."
    )
    for (code, name), rows in groupby(found.findings, key=lambda row: (row.ma_don_vi, row.ten_don_vi)):
        print(f"\n{in_table(name)} ({in_table(code)})")
        for row in rows:
            marks = ["đang theo dõi"] if row.dang_theo_doi else []
            marks += [f"{row.so_ghi_chu} ghi chú"] if row.so_ghi_chu else []
            print(
                f"  {row.ma_chi_so} {in_table(row.ten_chi_so)}" + (f" [{', '.join(marks)}]" if marks else "")
            )
            print(f"    {in_table(row.bang_chung)}")

"""How figures differ between two revisions, or from what was published: parts, one a cause."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cchc.pages.page import Read
from cchc.pages.periods import Choice


@dataclass(frozen=True)
class Change:
    """How one figure differs between two revisions; `parts`: rows of mart.chi_so_thay_doi, one a cause."""

    parts: list[Any]

    @property
    def of(self) -> Any:
        """What all parts say alike: the indicator, the revisions, both states of the figure."""
        return self.parts[0]

    @property
    def waits(self) -> bool:
        return self.of.den_revision is None


def changes_of(read: Read, choice: Choice, don_vi: str, ma: str | None = None, *, cho: bool) -> list[Change]:
    """How the figures of a unit differ in a period, of one indicator or of all; `cho`: only what waits."""
    found = read.rows("changes", ky_loai=choice.ky_loai, ky=choice.ky, don_vi=don_vi, ma=ma, cho=cho)
    by_figure = groupby(found, key=lambda row: (row.ma_chi_so, row.den_revision))
    return [Change(list(parts)) for _, parts in by_figure]

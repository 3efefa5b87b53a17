"""Which period and unit a file is of, and how far its figures stand: state, edition, sources, made when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.periods import parse_period
from cchc.reports.sources import Known, sources_of, told
from cchc.vietnamese import STATES, VIETNAM, day, moment, period, waiting
from cchc.warehouse import run_sql_file

PROVINCE, CLOSED = "TONG:toan_tinh", "da_chot"
# Figures of mart.chi_so of the same events as report II.06a, which has no state of its own.
OF_06A = ("tiep_nhan", "ky_truoc", "da_giai_quyet", "dang_giai_quyet", "T15", "dung_han_06a")


@dataclass(frozen=True)
class Edition:
    """What an entry of the ledger published of a period: its number and hash, as psql shows them.

    `thay_boi`, `thay_luc`: which entry published the next edition and when, None for the one in force.
    """

    so_cai: int
    trang_thai: str
    revision: int
    luc: datetime
    ma_bam: str
    thay_boi: int | None
    thay_luc: datetime | None

    @property
    def words(self) -> str:
        return f"dòng sổ {self.so_cai}, SHA-256 {self.ma_bam}"


@dataclass(frozen=True)
class Standing:
    """`ma_don_vi`: a unit or TONG:<cap>; `sources`: until when each of them is known; `made_at`: when the
    file is written; `waiting`: says that the period will be counted again, empty when nothing of it waits.

    `edition`: the published one, whose figures are those of a closed period; None where none is published.
    `moved_on`: an open period is no longer as that provisional edition was.
    """

    ky_loai: str
    ky: str
    tu_ngay: date
    den_ngay: date
    ma_don_vi: str
    ten_don_vi: str
    cap: str
    trang_thai: str
    revision: int
    sources: tuple[Known, ...]
    made_at: datetime
    waiting: str = ""
    edition: Edition | None = None
    moved_on: bool = False

    @property
    def period(self) -> str:
        return period(self.ky_loai, self.ky)

    @property
    def days(self) -> str:
        return f"Từ ngày {day(self.tu_ngay)} đến ngày {day(self.den_ngay)}"

    @property
    def words(self) -> str:
        """What stands in the footer of every file."""
        again = f"; {self.waiting}" if self.waiting else ""
        return f"{self.state}{again}; {self.known}; tệp lập lúc {moment(self.made_at)}"

    @property
    def shorter_words(self) -> tuple[str, str]:
        """The same where there is room for few words, and for fewer; the hash stands in both."""
        again = "; Kỳ này chờ tính lại" if self.waiting else ""
        made = f"; tệp lập lúc {moment(self.made_at)}"
        return f"{self.state}{again}; các nguồn: ghi chú cuối bảng{made}", f"{self.state}{again}{made}"

    @property
    def known(self) -> str:
        return f"phản ánh thay đổi ở nguồn đến: {told(self.sources)}"

    @property
    def state(self) -> str:
        """State, revision, number and hash of the entry of the ledger."""
        words = f"{STATES[self.trang_thai]}, lần sửa {self.revision}"
        if self.edition is None:
            return words
        if self.moved_on:
            return f"{words}, đã khác bản công bố tạm ({self.edition.words})"
        return f"{f'{self.replaced}: ' if self.replaced else ''}{words}, {self.edition.words}"

    @property
    def replaced(self) -> str:
        """What is said of an edition that is not the one in force; empty for the one that is."""
        if self.edition is None or self.edition.thay_boi is None or self.trang_thai != CLOSED:
            return ""
        return f"BẢN CŨ, bị thay {moment(self.edition.thay_luc)} (dòng sổ {self.edition.thay_boi})"

    @property
    def so_cai(self) -> int | None:
        """The entry whose figures these are; None: as they are now."""
        return self.edition.so_cai if self.edition and self.trang_thai == CLOSED else None

    @property
    def whole(self) -> bool:
        """Whether this is a level or the province, not one unit."""
        return self.ma_don_vi.startswith("TONG:")

    @property
    def binds(self) -> dict[str, Any]:
        return {
            "ky_loai": self.ky_loai,
            "ky": self.ky,
            "don_vi": self.ma_don_vi,
            "so_cai": self.so_cai,
        }


def standing_of(
    connection: sa.Connection,
    ky_loai: str,
    ky: str,
    don_vi: str,
    figures: Sequence[str] | None = None,
    made_at: datetime | None = None,
    revision: int | None = None,
) -> Standing:
    """How far the figures of a period stand at a unit, a level or the province.

    `figures`: which are asked (None: all). Of a level or the province the figures of its units count as
    well: it is closed when all are. `revision`: a published one; None: the one in force, or, where the period
    is open, as its figures are now. Raises CchcError when there are none.
    """
    wanted = parse_period(ky_loai, ky)
    of = {"ky_loai": ky_loai, "ky": ky}
    editions = [Edition(**row._mapping) for row in run_sql_file(connection, "reports/editions.sql", **of)]
    edition = _closed_as(editions, revision, period(ky_loai, ky))
    binds: dict[str, Any] = of | {"don_vi": don_vi, "cac_chi_so": list(figures) if figures else None}
    binds["so_cai"] = edition.so_cai if edition else None
    row = run_sql_file(connection, "reports/standing.sql", **binds).one_or_none()
    if row is None:
        raise CchcError(
            f"The warehouse has no figures of {ky_loai} {ky} ({wanted.start} to {wanted.end}) for {don_vi}. "
            "Expected a period that was counted, and a unit that was there on its last day."
        )
    values = row._asdict()
    if reason := values.pop("ly_do_na"):
        raise CchcError(f"{period(ky_loai, ky)} ({wanted.start} to {wanted.end}) has no figures: {reason}.")
    sources = sources_of(connection, values.pop("cac_ma"), edition.so_cai if edition else None)
    made_at = made_at or datetime.now(VIETNAM)
    if edition:
        # What changes from here on waits, and is no part of it.
        return Standing(**values, sources=tuple(sources), made_at=made_at, edition=edition)
    months = run_sql_file(
        connection, "pages/waiting.sql", tu_ngay=values["tu_ngay"], den_ngay=values["den_ngay"]
    )
    again = waiting([month.ky for month in months])
    provisional = editions[-1] if editions else None
    moved_on = provisional is not None and bool(
        run_sql_file(connection, "reports/moved_on.sql", **of, so_cai=provisional.so_cai).scalar()
    )
    if provisional and not moved_on:
        values["trang_thai"] = provisional.trang_thai
    return Standing(
        **values,
        sources=tuple(sources),
        made_at=made_at,
        waiting=again,
        edition=provisional,
        moved_on=moved_on,
    )


def _closed_as(editions: Sequence[Edition], revision: int | None, named: str) -> Edition | None:
    """The edition of a closed period that is asked for; None: the period is open and no edition is."""
    closed = {edition.revision: edition for edition in editions if edition.trang_thai == CLOSED}
    if revision is None:
        return max(closed.values(), key=lambda edition: edition.so_cai, default=None)
    if revision not in closed:
        there = ", ".join(map(str, closed)) or "none: it is not closed"
        raise CchcError(
            f"{named} has no published revision {revision}. Published: {there}. Ask for one of these."
        )
    return closed[revision]

"""Which period and unit a file is of, and how far its figures stand: state, revision, sources, made when."""

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

PROVINCE = "TONG:toan_tinh"
# Figures of mart.chi_so of the same events as report II.06a, which has no state of its own.
OF_06A = ("tiep_nhan", "ky_truoc", "da_giai_quyet", "dang_giai_quyet", "T15", "dung_han_06a")


@dataclass(frozen=True)
class Standing:
    """`ma_don_vi`: a unit or TONG:<cap>; `sources`: until when each of them is known; `made_at`: when the
    file is written; `waiting`: says that the
    period will be counted again, empty when nothing of it waits."""

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
        return f"{self._state}{again}; {self.known}; tệp lập lúc {moment(self.made_at)}"

    @property
    def short_words(self) -> str:
        """The same where there is room for few words."""
        again = "; Kỳ này chờ tính lại" if self.waiting else ""
        return f"{self._state}{again}; các nguồn: ghi chú cuối bảng; tệp lập lúc {moment(self.made_at)}"

    @property
    def known(self) -> str:
        return f"phản ánh thay đổi ở nguồn đến: {told(self.sources)}"

    @property
    def _state(self) -> str:
        return f"{STATES[self.trang_thai]}, lần sửa {self.revision}"

    @property
    def whole(self) -> bool:
        """Whether this is a level or the province, not one unit."""
        return self.ma_don_vi.startswith("TONG:")

    @property
    def binds(self) -> dict[str, Any]:
        return {"ky_loai": self.ky_loai, "ky": self.ky, "don_vi": self.ma_don_vi}


def standing_of(
    connection: sa.Connection,
    ky_loai: str,
    ky: str,
    don_vi: str,
    figures: Sequence[str] | None = None,
    made_at: datetime | None = None,
) -> Standing:
    """How far the figures of a period stand at a unit, a level or the province.

    `figures`: which are asked (None: all). Of a level or the province the figures of its units count as
    well: it is closed when all are. Raises CchcError when there are none.
    """
    wanted = parse_period(ky_loai, ky)
    binds = {"ky_loai": ky_loai, "ky": ky, "don_vi": don_vi, "cac_chi_so": list(figures) if figures else None}
    row = run_sql_file(connection, "reports/standing.sql", **binds).one_or_none()
    if row is None:
        raise CchcError(
            f"The warehouse has no figures of {ky_loai} {ky} ({wanted.start} to {wanted.end}) for {don_vi}. "
            "Expected a period that was counted, and a unit that was there on its last day."
        )
    values = row._asdict()
    if reason := values.pop("ly_do_na"):
        raise CchcError(f"{period(ky_loai, ky)} ({wanted.start} to {wanted.end}) has no figures: {reason}.")
    sources = sources_of(connection, values.pop("cac_ma"))
    months = run_sql_file(
        connection, "pages/waiting.sql", tu_ngay=values["tu_ngay"], den_ngay=values["den_ngay"]
    )
    again = waiting([month.ky for month in months])
    made_at = made_at or datetime.now(VIETNAM)
    return Standing(**values, sources=tuple(sources), made_at=made_at, waiting=again)

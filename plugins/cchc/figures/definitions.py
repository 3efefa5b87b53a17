"""Reads the indicator files: facts and their events, indicators with their readings, official reports."""

import hashlib
import itertools
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, model_validator

from cchc.errors import BadDefinition
from cchc.models import Strict, read_yaml
from cchc.repository import SQL

LEVELS = ("toan_tinh", "so_nganh", "huyen", "xa")
Level = Literal["toan_tinh", "so_nganh", "huyen", "xa"]
Definition = TypeVar("Definition", bound=Strict)
INDICATORS = SQL / "indicators"
FACTS = INDICATORS / "facts"


class Event(Strict):
    """Something that happens to a row of a fact in a half month, and how half months add up.

    `cong_don`: dong (flow, summed), dau_ky (stock, the period's first), cuoi_ky (stock, its last).
    """

    mo_ta: str
    dieu_kien: str
    cong_don: Literal["dong", "dau_ky", "cuoi_ky"]


class Fact(Strict):
    """Rows that figures are counted from. `co_mat`: whether a row plays a part in a half month;
    `khoa_dong`: the columns that tell one row of a month from the others, which it keeps while it changes;
    `cot_danh_muc`: what the catalogue of procedures says of a row, not its source; `con_o_nguon`: whether the
    source still has a row `cu` that figures no longer count, as SQL; `cot_hien`: the columns that tell an
    officer which row it is, none when a row has no line of a file of its own."""

    fact: str
    ten: str
    bo_du_lieu: str
    co_mat: str
    khoa_dong: tuple[str, ...] = Field(min_length=1)
    cot_danh_muc: tuple[str, ...] = ()
    con_o_nguon: str = "FALSE"
    cot_hien: tuple[str, ...] = ()
    su_kien: dict[str, Event]

    @property
    def sql(self) -> str:
        """The rows of the fact in a month; binds tu_ngay, den_ngay."""
        return (FACTS / f"{self.fact}.sql").read_text(encoding="utf-8")

    @property
    def sha256(self) -> str:
        """A hash over both files of the fact: another value means that other rows are counted."""
        return hashlib.sha256(self.sql.encode() + self.model_dump_json().encode()).hexdigest()


class Term(Strict):
    """Rows of a fact to which an event happens in a half month and a condition applies.

    They are counted, or `tong` (a whole number) is summed over them. `tru`: to be subtracted.
    """

    fact: str = "ho_so"
    su_kien: str
    dieu_kien: str | None = None
    tong: str | None = None
    tru: bool = False

    @property
    def event(self) -> Event:
        return facts()[self.fact].su_kien[self.su_kien]

    @property
    def condition(self) -> str:
        own = f" AND ({' '.join(self.dieu_kien.split())})" if self.dieu_kien else ""
        return f"({self.event.dieu_kien}){own}"

    @property
    def counted(self) -> "Term":
        """The same without its sign: what is counted once however it is used."""
        return self.model_copy(update={"tru": False})


class Target(Strict):
    cap: tuple[Level, ...] = Field(min_length=1)
    gia_tri: Decimal
    tu: date
    den: date
    nguon: str

    @model_validator(mode="after")
    def _in_order(self) -> "Target":
        if self.den < self.tu:
            raise ValueError(f"target ends on {self.den}, before it begins on {self.tu}")
        return self


class Reading(Strict):
    """Another reading of an indicator: what it changes of the published one."""

    ten: str
    cach_tinh: str
    luu_y: str
    loai: Literal["ty_le", "dem"] | None = None
    chieu: Literal["tang", "giam"] | None = None
    can_cu: str | None = None
    khoa: Literal["ma_tthc"] | None = None
    don_vi_it_nhat: int | None = Field(default=None, ge=1)
    tu_so: tuple[Term, ...] | None = None
    mau_so: tuple[Term, ...] | None = None
    ly_do_na: str | None = None


class Indicator(Strict):
    """One file of sql/indicators, or another reading in it (`bien_the_cua` names the published one).

    Numerator and denominator are sums over their terms. With `khoa` they are numbers of distinct keys
    for which every term has a row at one and the same unit. With `don_vi_it_nhat` they are numbers of
    units: those whose sum of the numerator's terms reaches it, among all that are active. `can_co`: terms
    without a row of which there is no value. `khong_tinh_duoc`: why no source gives the figure; then there
    are no terms.
    """

    # A column of mart.chi_so_ngang is called by it.
    ma: str = Field(pattern=r"^[A-Za-z0-9_]+$", max_length=63)
    phien_ban: int = Field(ge=1, le=32767)
    chi_tieu: str | None = None
    thu_tu: int = Field(ge=0, le=32767)
    ten: str
    loai: Literal["ty_le", "dem", "diem"]
    chieu: Literal["tang", "giam"] | None = None
    can_cu: str
    nguon: tuple[str, ...] = Field(min_length=1)
    cach_tinh: str
    luu_y: str
    khoa: Literal["ma_tthc"] | None = None
    don_vi_it_nhat: int | None = Field(default=None, ge=1)
    khong_tinh_duoc: str | None = None
    tu_so: tuple[Term, ...] = ()
    mau_so: tuple[Term, ...] = ()
    can_co: tuple[Term, ...] = ()
    ly_do_na: str | None = None
    muc_tieu: tuple[Target, ...] = ()
    bien_the: dict[str, Reading] = Field(default_factory=dict)
    bien_the_cua: str | None = None

    @property
    def cong_bo(self) -> bool:
        """Whether this is the reading that mart.chi_so holds."""
        return self.bien_the_cua is None

    @property
    def readings(self) -> "list[Indicator]":
        """The published reading, then the others, with codes of their own."""
        others = []
        for suffix, reading in self.bien_the.items():
            changes = {k: v for k, v in reading.model_dump().items() if v is not None}
            changes |= {
                side: getattr(self if getattr(reading, side) is None else reading, side)
                for side in ("tu_so", "mau_so")
            }
            own = {"ma": f"{self.ma}_{suffix}", "bien_the": {}, "bien_the_cua": self.ma, "muc_tieu": ()}
            others.append(Indicator.model_validate(dict(self) | changes | own))
        return [self, *others]

    @model_validator(mode="after")
    def _complete(self) -> "Indicator":
        if self.loai == "ty_le" and not (self.chieu and self.ly_do_na):
            raise ValueError("a ty_le needs ly_do_na and chieu")
        counted = self.tu_so and bool(self.mau_so) != bool(self.don_vi_it_nhat)
        if self.loai == "ty_le" and not (self.khong_tinh_duoc or counted):
            raise ValueError("a ty_le needs tu_so, and either mau_so or don_vi_it_nhat")
        if self.loai == "dem" and (self.mau_so or not self.tu_so):
            raise ValueError("a dem has tu_so and no mau_so")
        if (self.khong_tinh_duoc or self.loai == "diem") and (self.tu_so or self.mau_so):
            raise ValueError("what cannot be counted, and a score, has neither tu_so nor mau_so")
        _check_terms((*self.tu_so, *self.mau_so, *self.can_co))
        if self.muc_tieu and not self.chieu:
            raise ValueError("targets need chieu")
        for one, other in itertools.combinations(self.muc_tieu, 2):
            both = set(one.cap) & set(other.cap)
            if both and one.tu <= other.den and other.tu <= one.den:
                raise ValueError(f"two targets for {', '.join(sorted(both))} from {max(one.tu, other.tu)}")
        return self

    @model_validator(mode="after")
    def _countable(self) -> "Indicator":
        if (self.can_co or self.loai == "diem") and not (self.ly_do_na or self.khong_tinh_duoc):
            raise ValueError("a diem, and what has can_co, needs ly_do_na: why a value is missing")
        if self.don_vi_it_nhat and (self.khoa or self.loai == "dem"):
            raise ValueError("don_vi_it_nhat counts units among all of them: loai is ty_le, without khoa")
        for side, terms in (("tu_so", self.tu_so), ("mau_so", self.mau_so)):
            if self.khoa and any(term.tru for term in terms):
                raise ValueError(f"{side}: with khoa no term is subtracted, each says which procedures count")
            if terms and all(term.tru for term in terms):
                raise ValueError(f"{side}: all of its terms are subtracted, and from nothing")
            if len(set(terms)) < len(terms):
                raise ValueError(f"{side}: the same term stands there twice")
        return self


class Report(Strict):
    """An official report: its columns as sums of terms, counted for each unit and field."""

    bieu: str
    ten: str
    can_cu: str
    luu_y: str
    cot: dict[str, tuple[Term, ...]]

    @model_validator(mode="after")
    def _known(self) -> "Report":
        _check_terms(term for terms in self.cot.values() for term in terms)
        return self


def _check_terms(terms: Iterable[Term]) -> None:
    for term in terms:
        if term.fact not in facts() or term.su_kien not in facts()[term.fact].su_kien:
            raise ValueError(f"unknown event {term.su_kien} of fact {term.fact}")


def _load(path: Path, model: type[Definition]) -> Definition:
    return read_yaml(path, str(path.relative_to(SQL.parent)), model)


@cache
def facts() -> dict[str, Fact]:
    """The facts by name."""
    return {path.stem: _load(path, Fact) for path in sorted(FACTS.glob("*.yaml"))}


@cache
def indicators() -> dict[str, Indicator]:
    """The indicators by code, in the order of display; other readings follow the published one."""
    found = {}
    for path in sorted(INDICATORS.glob("*.yaml")):
        indicator = _load(path, Indicator)
        if path.stem != indicator.ma:
            raise BadDefinition(f"{path.name}: ma is {indicator.ma!r}, expected the file's name.")
        for reading in indicator.readings:
            if reading.ma in found:
                raise BadDefinition(f"{path.name}: there are two indicators {reading.ma!r}.")
            found[reading.ma] = reading
    return {i.ma: i for i in sorted(found.values(), key=lambda i: (i.thu_tu, i.bien_the_cua or i.ma, i.ma))}


@cache
def reports() -> dict[str, Report]:
    """The official reports by name."""
    return {path.stem: _load(path, Report) for path in sorted((INDICATORS / "reports").glob("*.yaml"))}


def indicator_of(ma: str) -> Indicator:
    """The indicator with this code; raises BadDefinition when there is none."""
    if ma not in indicators():
        raise BadDefinition(f"Unknown indicator {ma!r}: expected one of {', '.join(indicators())}.")
    return indicators()[ma]


def files_of_figures() -> dict[str, bytes]:
    """All files that figures are made of, by their path in the project."""
    paths = sorted([*INDICATORS.rglob("*"), *(SQL / "mart").glob("*"), *(SQL / "reference").glob("*")])
    return {f"sql/{path.relative_to(SQL)}": path.read_bytes() for path in paths if path.is_file()}


@cache
def fingerprint() -> str:
    """A hash over all files that figures are made of; another value means: count again."""
    digest = hashlib.sha256()
    for path, content in files_of_figures().items():
        digest.update(f"{path.removeprefix('sql/')}\0".encode() + content)
    return digest.hexdigest()

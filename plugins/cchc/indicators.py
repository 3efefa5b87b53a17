"""Reads the indicator files and compiles them into SQL: one scan of each fact a month, one roll-up."""

import hashlib
import itertools
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from cchc.contracts import Strict
from cchc.errors import BadDefinition
from cchc.warehouse import SQL

LEVELS = ("toan_tinh", "so_nganh", "huyen", "xa")
Level = Literal["toan_tinh", "so_nganh", "huyen", "xa"]
INDICATORS = SQL / "indicators"
FACTS = INDICATORS / "facts"


class Event(Strict):
    """Something that happens to a row of a fact in a period, and how months of it add up."""

    mo_ta: str
    dieu_kien: str
    cong_don: Literal["dong", "dau_ky", "cuoi_ky"]


class Fact(Strict):
    fact: str
    su_kien: dict[str, Event]

    @property
    def sql(self) -> str:
        """The rows of the fact in a period; binds tu_ngay, den_ngay, den_chot."""
        return (FACTS / f"{self.fact}.sql").read_text(encoding="utf-8")


class Term(Strict):
    """Rows of a fact to which an event happens in the period and a condition applies."""

    fact: str = "ho_so"
    su_kien: str
    dieu_kien: str | None = None

    @property
    def condition(self) -> str:
        event = facts()[self.fact].su_kien[self.su_kien].dieu_kien
        own = f" AND ({' '.join(self.dieu_kien.split())})" if self.dieu_kien else ""
        return f"({event}){own}"


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


class Indicator(Strict):
    """One file of sql/indicators.

    Without `khoa`, numerator and denominator are sums over their terms. With `khoa` they are
    numbers of distinct keys for which every term has a row at one and the same unit.
    """

    ma: str = Field(pattern=r"^[A-Za-z0-9_]+$")
    phien_ban: int = Field(ge=1)
    chi_tieu: str | None = None
    thu_tu: int
    ten: str
    loai: Literal["ty_le", "dem"]
    chieu: Literal["tang", "giam"] | None = None
    can_cu: str
    cach_tinh: str
    luu_y: str
    khoa: Literal["ma_tthc"] | None = None
    tu_so: tuple[Term, ...] = Field(min_length=1)
    mau_so: tuple[Term, ...] = ()
    ly_do_na: str | None = None
    muc_tieu: tuple[Target, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> "Indicator":
        if (self.loai == "ty_le") != bool(self.mau_so and self.ly_do_na and self.chieu):
            raise ValueError("a ty_le needs mau_so, ly_do_na and chieu; a dem has none of them")
        for term in (*self.tu_so, *self.mau_so):
            if term.fact not in facts() or term.su_kien not in facts()[term.fact].su_kien:
                raise ValueError(f"unknown event {term.su_kien} of fact {term.fact}")
        if self.muc_tieu and not self.chieu:
            raise ValueError("targets need chieu")
        for one, other in itertools.combinations(self.muc_tieu, 2):
            both = set(one.cap) & set(other.cap)
            if both and one.tu <= other.den and other.tu <= one.den:
                raise ValueError(f"two targets for {', '.join(sorted(both))} from {max(one.tu, other.tu)}")
        return self


def _load(path, model):
    try:
        return model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise BadDefinition(f"{path.relative_to(SQL.parent)}: {error}") from error


@cache
def facts() -> dict[str, Fact]:
    """The facts by name."""
    return {path.stem: _load(path, Fact) for path in sorted(FACTS.glob("*.yaml"))}


@cache
def indicators() -> dict[str, Indicator]:
    """The indicators by code, in the order of display."""
    loaded = [_load(path, Indicator) for path in sorted(INDICATORS.glob("*.yaml"))]
    for path, indicator in zip(sorted(INDICATORS.glob("*.yaml")), loaded, strict=True):
        if path.stem != indicator.ma:
            raise BadDefinition(f"{path.name}: ma is {indicator.ma!r}, expected the file's name.")
    return {i.ma: i for i in sorted(loaded, key=lambda i: (i.thu_tu, i.ma))}


def indicator_of(ma: str) -> Indicator:
    """The indicator with this code; raises BadDefinition when there is none."""
    if ma not in indicators():
        raise BadDefinition(f"Unknown indicator {ma!r}: expected one of {', '.join(indicators())}.")
    return indicators()[ma]


@cache
def fingerprint() -> str:
    """A hash over all files that figures are made of; another value means: count again."""
    digest = hashlib.sha256()
    for path in sorted(INDICATORS.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(INDICATORS)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Measure:
    """One counted element of core.tong_hop.so: position from 1 within its fact."""

    fact: str
    position: int
    term: Term

    @property
    def accumulates(self) -> str:
        return facts()[self.fact].su_kien[self.term.su_kien].cong_don


@cache
def measures() -> dict[Term, Measure]:
    """Every different term of all indicators, numbered within its fact."""
    numbered: dict[Term, Measure] = {}
    per_fact: dict[str, int] = {}
    for indicator in indicators().values():
        for term in (*indicator.tu_so, *indicator.mau_so):
            if term not in numbered:
                per_fact[term.fact] = per_fact.get(term.fact, 0) + 1
                numbered[term] = Measure(term.fact, per_fact[term.fact], term)
    return numbered


def count_sql(fact: str) -> str:
    """INSERT into core.tong_hop for one month: one scan of the fact for all its measures."""
    counts = ",\n    ".join(
        f"count(*) FILTER (WHERE {measure.term.condition})"
        for measure in measures().values()
        if measure.fact == fact
    )
    return (
        "INSERT INTO core.tong_hop (fact, ky, ma_don_vi, ma_tthc, so, moi_nhat)\n"
        f"SELECT '{fact}', :ky, ma_don_vi, ma_tthc, ARRAY[\n    {counts}\n], max(ngay_cap_nhat)\n"
        f"FROM (\n{facts()[fact].sql}) AS f\nGROUP BY ma_don_vi, ma_tthc"
    )


def rows_sql(terms: tuple[Term, ...]) -> str:
    """The rows of ho_so behind a sum of terms: dossier, batch, line, unit (before succession)."""
    tests = " OR ".join(f"({term.condition})" for term in terms if term.fact == "ho_so")
    return (
        "SELECT ma_ho_so, ma_don_vi, ma_tthc, tiep_nhan, hen_tra, ket_thuc, trang_thai_ho_so, "
        f"batch_id, line_no\nFROM (\n{facts()['ho_so'].sql}) AS f\nWHERE {tests or 'FALSE'}"
    )


def roll_up_sql() -> str:
    """Rows of mart.chi_so for one period from core.tong_hop.

    Binds: ky_loai, ky, tu_ngay, den_ngay, kys (the months that make it up), ky_dau (the first).
    """
    cells, sums, flags = [], [], []
    names: dict[Term, str] = {}
    for number, (term, measure) in enumerate(measures().items()):
        which = {"dong": "", "dau_ky": " AND t.ky = :ky_dau", "cuoi_ky": " AND t.ky = :ky"}
        name = names[term] = f"m{number}"
        cells.append(
            f"coalesce(sum(t.so[{measure.position}]) FILTER "
            f"(WHERE t.fact = '{measure.fact}'{which[measure.accumulates]}), 0) AS {name}"
        )
        sums.append(f"sum(o.{name}) AS {name}")
    values = []
    for number, indicator in enumerate(indicators().values()):
        parts = []
        for side, terms in (("t", indicator.tu_so), ("m", indicator.mau_so)):
            if not terms:
                parts.append("CAST(NULL AS bigint)")
            elif indicator.khoa:
                flag = f"k{number}{side}"
                every = " AND ".join(f"o.{names[term]} > 0" for term in terms)
                flags.append((flag, every))
                parts.append(f"coalesce(n.{flag}, 0)::bigint")
            else:
                parts.append(" + ".join(f"coalesce(n.{names[t]}, 0)" for t in terms))
        values.append(
            f"('{indicator.ma}', {indicator.phien_ban}, ({parts[0]})::bigint, ({parts[1]})::bigint)"
        )
    key_flags = "".join(f", bool_or({every}) AS {flag}" for flag, every in flags)
    key_counts = "".join(f", count(*) FILTER (WHERE g.{flag}) AS {flag}" for flag, _ in flags)
    template = (SQL / "mart" / "roll_up.sql").read_text(encoding="utf-8")
    # The file is complete SQL for one measure; the lists below take the place of its examples.
    return (
        template.replace("0 AS m0 -- cells", ",\n        ".join(cells))
        .replace("sum(o.m0) AS m0 -- sums", ",\n        ".join(sums) + key_flags)
        .replace(
            "sum(g.m0) AS m0 -- totals",
            ",\n        ".join(f"sum(g.{n}) AS {n}" for n in names.values()) + key_counts,
        )
        .replace("('', 0, 0::bigint, 0::bigint) -- values", ",\n        ".join(values))
    )

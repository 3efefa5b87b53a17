"""Reads the dataset contracts: columns, header names seen in the wild, types, keys, layouts."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from cchc.errors import BadDefinition
from cchc.models import Strict, read_yaml
from cchc.repository import sql_file
from cchc.spelling import fold

CONTRACTS = Path(__file__).parent / "contracts"
NOT_NAMES = re.compile(r"--[^\n]*|'[^']*'")
SQL_TYPES = {
    "text": 'text COLLATE "C"',
    "int": "int",
    "number": "numeric",
    "timestamp": "timestamp",
    "json": "jsonb",
}
# Borders of a column that names none. A day is taken for wrong before 2000; how far ahead is counted from
# the export. Whole numbers are counts, flags or codes: never below zero.
RANGES: dict[str, tuple[date | int, date | int | str]] = {
    "timestamp": (date(2000, 1, 1), "+10y"),
    # No more digits: a whole number with nine or ten may be one of identity or telephone.
    "int": (0, 10**8 - 1),
    "number": (1 - 10**15, 10**15 - 1),
}
AHEAD = re.compile(r"\+(?P<count>\d{1,3})(?P<unit>[dy])", re.ASCII)
# What vendors write where they know no time; a time at midnight is meant by a day alone, in any form.
UNKNOWN_TIMES = (
    *(
        "0001-01-01",
        "0001-01-01T00:00:00Z",
        "1900-01-01",
        "1899-12-30",
        "1899-12-31",
        "0000-00-00",
        "00/00/0000",
        "0",
    ),
    *("00000000", "00000000000000", "0000-00-00 00:00:00", "1900-01-00", "00/01/1900", "1900-01-00 00:00:00"),
    *("NULL", "N/A", "-", "--"),
)
NEVER = ("9999-12-31", "9999-12-31 23:59:59")
NULLS = {"timestamp": UNKNOWN_TIMES, "int": ("NULL",), "number": ("NULL",)}
MAX_LENGTH, CODE_LENGTH = 2000, 100
# The first day on which a version of a unit or procedure holds: their lists have every version.
VALID_FROM = "hieu_luc_tu"
# The year that is reported and the one in which it is asked about.
KEEP_LANDED_DAYS = 730


class Column(Strict):
    """One canonical column. `fold` adds a staged column `<name>_khoa` to look names up by;
    `procedure_root` adds `<name>_goc`, the national root of a procedure code.

    What lies beyond the following is unreadable. `range`: first and last value; the last of a time may be
    `+10y` or `+1d`, counted from the export. `code`: whether a text is the code of a thing, one word that no
    spreadsheet has made a number or a day of; not said: whether it is a
    key or a procedure, and no name. `pattern`: what the
    whole text must match, instead of that. `max_length`: its characters at most. `nulls`: words for unknown
    values, instead of the usual ones. `open_end`: the last day of 9999 means that there is no end.

    `used`: false where the column is judged for damage but nothing reads it, so that it stays in the file.
    `fields`: of objects in a list (type json), the fields that are kept; `code` must be codes of things.

    `values`: all that a text can be, beside the codes of layouts; `plain`: of a text that is neither words of
    the field nor a code only kind and length are kept (cchc.field_words). `published`: the name of a thing or
    unit that everybody may read; with somebody's name in it the cell is unreadable, or, if it is `plain` as
    well, only kind and length are kept. `notation`: a code that may have blanks. `listed`: the table of core
    whose column of this name has all values.

    `seals`: the columns of its row over which the text is a code (cchc.seals), `seal_label`: of what, and in
    which version. It is checked when the row is staged, where the layout has it among its titles or a unit
    handed the file in, and is not kept."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: Literal["text", "int", "number", "timestamp", "json"]
    required: bool = False
    personal: bool = False
    headers: tuple[str, ...] = ()
    fold: bool = False
    procedure_root: bool = False
    range: tuple[date | int | str, date | int | str] | None = None
    nulls: tuple[str, ...] | None = None
    open_end: bool = False
    code: bool | None = None
    pattern: str | None = None
    max_length: int | None = Field(default=None, ge=1)
    values: tuple[str, ...] = ()
    plain: bool = False
    published: bool = False
    notation: bool = False
    used: bool = True
    fields: dict[str, Literal["code", "number", "day"]] = Field(default_factory=dict)
    listed: str | None = Field(default=None, pattern=r"^[a-z_]+$")
    seals: tuple[str, ...] = ()
    seal_label: str = ""

    @model_validator(mode="after")
    def _bounded(self) -> "Column":
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"{self.pattern!r} is no regular expression: {error}") from None
        text = self.type == "text"
        for name, fits in (
            ("range", self.type in RANGES),
            *(("nulls", self.type in NULLS), ("code", text), ("pattern", text), ("max_length", text)),
            *(("values", text), ("plain", text), ("listed", text)),
            *(("published", text), ("notation", text), ("fields", self.type == "json")),
        ):
            if getattr(self, name) not in (None, (), False, {}) and not fits:
                raise ValueError(f"{name} is not for a column of type {self.type}")
        if self.open_end and self.type != "timestamp":
            raise ValueError(f"open_end is not for a column of type {self.type}")
        if self.range is not None:
            first, last = self.range
            kind = date if self.type == "timestamp" else int
            ahead = kind is date and isinstance(last, str) and AHEAD.fullmatch(last)
            if not isinstance(first, kind) or not (ahead or isinstance(last, kind)):
                expected = "[2000-01-01, +10y]" if kind is date else "[0, 32767]"
                raise ValueError(f"range of a {self.type} is like {expected}")
            if isinstance(last, kind) and last < first:  # type: ignore[operator]
                raise ValueError("the range ends before it begins")
        return self

    @property
    def unknown(self) -> tuple[str, ...]:
        """The words that mean an unknown value."""
        words = NULLS.get(self.type, ()) if self.nulls is None else self.nulls
        return (*words, *NEVER) if self.open_end else words

    def numbers(self) -> tuple[Decimal, Decimal]:
        """The least and the greatest number that the column takes."""
        first, last = self.range or RANGES[self.type]
        return Decimal(str(first)), Decimal(str(last))

    def times(self, moment: datetime) -> tuple[datetime, datetime]:
        """The first and the last time that the column takes in an export made at `moment`."""
        first, last = self.range or RANGES[self.type]
        return _midnight(first), _latest(last, moment)


def _midnight(day: object) -> datetime:
    assert isinstance(day, date)
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local time by contract


def _latest(last: object, moment: datetime) -> datetime:
    ahead = AHEAD.fullmatch(last) if isinstance(last, str) else None
    if ahead is None:
        return _midnight(last) + timedelta(days=1, seconds=-1)
    if ahead["unit"] == "d":
        return moment + timedelta(days=int(ahead["count"]))
    year = min(moment.year + int(ahead["count"]), 9999)
    # 29 February has no counterpart in most years.
    return moment.replace(year=year, day=min(moment.day, 28) if moment.month == 2 else moment.day)


class NumberStyle(Strict):
    """How a source writes numbers as text: what begins a fraction, what stands between thousands."""

    decimal: Literal[",", "."]
    thousands: Literal[".", ",", " ", "'"] | None = None

    @model_validator(mode="after")
    def _differ(self) -> "NumberStyle":
        if self.decimal == self.thousands:
            raise ValueError(f"{self.decimal!r} cannot begin a fraction and group thousands")
        return self

    @property
    def example(self) -> str:
        """A number in this style."""
        return f"1{self.thousands or ''}234{self.decimal}5"


class Layout(Strict):
    """How one kind of export names its columns and words. `signature`: headers that identify it.
    `titles`: columns whose one value for all lines stands above the header, by regular expression.
    `exported_at`: words above the header behind which stands when the data were as they are;
    `workbook_time`: the time at which the workbook was made says so, where nothing else does.
    `numbers`: how numbers are written, where they are text; `nulls`: more words that mean an unknown time or
    number."""

    name: str
    signature: tuple[str, ...]
    flatten: Literal["dossier"] | None = None
    subheadings: tuple[str, ...] = ()
    total_label: str | None = None
    exported_at: tuple[str, ...] = ()
    workbook_time: bool = False
    ignored_headers: tuple[str, ...] = ()
    titles: dict[str, str] = Field(default_factory=dict)
    codes: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    numbers: NumberStyle | None = None
    nulls: tuple[str, ...] = ()

    @field_validator("titles")
    @classmethod
    def _compiles(cls, value: dict[str, str]) -> dict[str, str]:
        for pattern in value.values():
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
            if groups < 1:
                raise ValueError(f"{pattern!r} has no group: put what is to be read in parentheses")
        return value

    def words(self, column: str) -> dict[str, str]:
        """Folded word → code for one column of this layout."""
        codes = self.codes.get(column, {})
        return {fold(word): code for code, words in codes.items() for word in words}


class Api(Strict):
    """Where a dataset is pulled from. `system`: a source system of cchc.sources.register. `in_order`: the
    list comes in the order of `changed_at`. `received`: the column by whose month the source can be asked how
    many there are, where it can."""

    system: str
    path: str
    incremental: bool
    in_order: bool = True
    received: str | None = None


Kind = Literal["dimension", "fact"]


class Contract(Strict):
    """One dataset. `kind`: a dimension describes units or procedures and keeps its history; a fact is
    something that happened, of which only the newest state is kept. `place`: where it stands in lists.
    `unit`: the column of the batch's look-up view that says to whom a line belongs, where there is one.
    `stays_open`: rows of the fact may be open, and are judged on the last day that its source speaks of.
    `registers`: what officers keep and the look-up view refers to, see cchc.registers.syncing.
    `keep_landed_days`: how long the landed file of a loaded batch is kept, see cchc.tidying.retention."""

    dataset: str
    kind: Kind
    place: int
    stays_open: bool = True
    title: str
    key: tuple[str, ...]
    changed_at: str
    unit: str | None = None
    registers: tuple[str, ...] = ()
    reject_threshold_pct: float = Field(ge=0, le=100)
    keep_landed_days: int = Field(default=KEEP_LANDED_DAYS, ge=30)
    api: Api | None = None
    layouts: tuple[Layout, ...]
    columns: tuple[Column, ...]

    @model_validator(mode="after")
    def _consistent(self) -> "Contract":
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"columns named twice: {sorted({n for n in names if names.count(n) > 1})}")
        for where, named in (
            ("key or changed_at", (*self.key, self.changed_at)),
            ("api.received", (self.api.received,) if self.api and self.api.received else ()),
            ("seals", [name for column in self.columns for name in column.seals]),
        ):
            if unknown := [name for name in named if name not in names]:
                raise ValueError(f"{where} names an unknown column: {unknown[0]}")
        seen: dict[str, str] = {}
        for column in self.columns:
            for header in {fold(column.name), *map(fold, column.headers)}:
                if seen.setdefault(header, column.name) != column.name:
                    raise ValueError(f"header {header!r} belongs to {seen[header]} and {column.name}")
        for layout in self.layouts:
            for name in (*layout.codes, *layout.titles):
                if name not in names:
                    raise ValueError(f"layout {layout.name} speaks of unknown column {name}")
            for header in layout.signature:
                if fold(header) not in seen:
                    raise ValueError(f"layout {layout.name}: signature {header!r} is no known header")
        return self

    @property
    def staged(self) -> tuple[Column, ...]:
        """The columns that leave the landing area: neither personal nor unused ones."""
        return tuple(column for column in self.read if column.used)

    @property
    def read(self) -> tuple[Column, ...]:
        """The columns that are looked at: all but the personal ones."""
        return tuple(column for column in self.columns if not column.personal)

    @property
    def thing(self) -> tuple[str, ...]:
        """The columns of which no two records of one list say the same: its key, and of which version."""
        return self.key + ((VALID_FROM,) if any(c.name == VALID_FROM for c in self.columns) else ())

    @property
    def seal(self) -> Column | None:
        """The column that holds a code over others, where there is one."""
        return next((column for column in self.columns if column.seals), None)

    def is_code(self, column: Column) -> bool:
        """Whether the values of a column are codes of things."""
        if column.code is not None:
            return column.code
        return column.procedure_root or (
            column.type == "text" and column.name in self.key and not column.fold
        )

    def values_of(self, column: Column) -> tuple[str, ...]:
        """All that a text column can be; none where that is not known beforehand."""
        of_layouts = (code for layout in self.layouts for code in layout.codes.get(column.name, {}))
        return tuple(dict.fromkeys((*column.values, *of_layouts)))

    def may_be_code(self, column: Column) -> bool:
        """Whether a text column holds codes of things, or names of units that a source may give by code."""
        return column.type == "text" and (
            self.is_code(column)
            or column.notation
            or column.name in self.key
            or column.fold
            or column.pattern is not None
        )

    def column_of(self, header: str) -> Column | None:
        """The column a header names, or None."""
        return self._by_header().get(fold(header))

    @cache  # noqa: B019 - contracts live as long as the process
    def _by_header(self) -> dict[str, Column]:
        return {fold(header): column for column in self.columns for header in (column.name, *column.headers)}

    def __hash__(self) -> int:
        return hash(self.dataset)


@cache
def contracts() -> dict[str, Contract]:
    """The contracts of all datasets in the order of lists; raises BadDefinition when one is wrong."""
    found: dict[int, Contract] = {}
    for path in sorted(CONTRACTS.iterdir()):
        where = f"plugins/cchc/contracts/{path.name}"
        if path.suffix.lower() not in (".yaml", ".yml"):
            continue
        if path.suffix != ".yaml":
            raise BadDefinition(f"{where}: a contract is named <dataset>.yaml. Rename the file.")
        contract = read_yaml(path, where, Contract)
        if contract.dataset != path.stem:
            raise BadDefinition(f"{where}, field dataset: {contract.dataset!r}, expected the file's name.")
        if contract.place in found:
            raise BadDefinition(
                f"{where}, field place: {contract.place} is the place of "
                f"{found[contract.place].dataset}.yaml, expected one that no other contract has."
            )
        _check_unit(contract, where)
        found[contract.place] = contract
    return {found[place].dataset: found[place] for place in sorted(found)}


def _check_unit(contract: Contract, where: str) -> None:
    """Raises BadDefinition when neither the contract nor the look-up names the column of the unit."""
    look_up = f"look_up/{contract.dataset}.sql"
    names = {c.name for c in contract.staged} | set(re.findall(r"\w+", NOT_NAMES.sub("", sql_file(look_up))))
    if contract.unit is not None and contract.unit not in names:
        raise BadDefinition(
            f"{where}, field unit: sql/{look_up} has no column {contract.unit!r}, expected one that says to "
            "whom a line belongs."
        )


def contract_of(dataset: str) -> Contract:
    """The contract of a dataset; raises BadDefinition when there is none."""
    if dataset not in contracts():
        raise BadDefinition(f"Unknown dataset {dataset!r}: expected one of {', '.join(contracts())}.")
    return contracts()[dataset]


def contract_at(system: str, path: str) -> Contract | None:
    """The contract of the dataset that is pulled from that list of a source system, if there is one."""
    found = [c for c in contracts().values() if c.api and (c.api.system, c.api.path) == (system, path)]
    return found[0] if found else None


def datasets_of(kind: Kind) -> list[str]:
    """The datasets of a kind, in the order of lists."""
    return [contract.dataset for contract in contracts().values() if contract.kind == kind]

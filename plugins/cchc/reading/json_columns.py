"""Makes columns of JSON records: a field's value is one of its column's kind, or a fault of the record."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa

from cchc.contracts import Column, Contract
from cchc.errors import BadFile
from cchc.field_words import shown
from cchc.reading.dossier_lists import CONSUMED, LIST_OF, columns_without_source, flatten_dossier
from cchc.reading.export import FAULTS
from cchc.reading.header import Header
from cchc.reading.json_values import DIGITS, KEYS, Fault, as_json

# A layout's `flatten`: the function, the nested fields it reads or knowingly leaves out, the list that each
# of its columns is made of, and which of its columns some records say nothing of.
FLATTENERS = {"dossier": (flatten_dossier, CONSUMED, LIST_OF, columns_without_source)}
NONE_OF_ITS: tuple[Any, ...] = (None, frozenset(), {}, lambda _: set())
REASON = 64
FRACTION = re.compile(r"\d+\.\d+", re.ASCII)


class Columns:
    """The records of one file, as columns of text.

    `seen`: the columns that a record has a field for, be it empty; `blanks`: whether a field was empty.
    """

    def __init__(self, contract: Contract, header: Header, where: str) -> None:
        self.contract, self._header, self.where = contract, header, where
        self._flatten, self._consumed, self._list_of, self._without_source = FLATTENERS.get(
            header.layout.flatten or "", NONE_OF_ITS
        )
        numbers = header.layout.numbers
        # What is a number already is given as the source writes numbers in text, to be read alike.
        self._point = numbers.decimal if numbers else "."
        self._lists = set(self._list_of.values())
        self._fields: dict[str, Column | None] = {}
        self._synonyms: dict[str, list[str]] = {}
        # Fields of objects in lists that are kept, which no contract names.
        self._inner: set[str] = set()
        # One row of each list, with all fields that its rows have.
        self._sources: dict[str, dict[str, None] | None] = {}
        self.names = list(header.columns.values())
        self.seen: set[str] = set()
        self.blanks = False
        self._clear()

    def __len__(self) -> int:
        return len(self._numbers)

    def _clear(self) -> None:
        self._numbers: list[int] = []
        self._rows: list[dict[str, str]] = []
        self._faults: list[str | None] = []

    def add(self, number: int, record: dict[str, Any], faults: dict[str, str]) -> None:
        """Adds a record; `faults` of its fields, by field."""
        found: dict[str, str] = {}
        for key, reason in faults.items():
            column = self._column(key)
            found[column.name if column else self._shown(key)] = reason
        values = self._values(record, found)
        for name, keys in self._synonyms.items():
            here = [key for key in keys if key in record or key in faults]
            if len(here) > 1:
                found[name] = f"hai trường của một cột: {' và '.join(map(shown, here))}"
        if self._flatten:
            self._add_flat(record, values, found)
        told = None
        if found:
            shortened = {name: reason[:REASON] for name, reason in found.items()}
            told = json.dumps(shortened, ensure_ascii=False)
            values = {name: text for name, text in values.items() if name not in found}
        self._rows.append(values)
        self._numbers.append(number)
        self._faults.append(told)

    def _values(self, record: dict[str, Any], found: dict[str, str]) -> dict[str, str]:
        """The texts of a record's fields by column; what is no value of its column is added to `found`."""
        values: dict[str, str] = {}
        fields = self._fields
        for key, value in record.items():
            column = fields[key] if key in fields else self._column(key)
            if column is None:
                if key in self._lists and value is not None and value != "":
                    self._note_list(key, value, found)
            elif value is None or value == "":
                self.blanks = True
            elif type(value) is str and column.type != "json":
                values[column.name] = value
            elif isinstance(text := self._text(column, value), Fault):
                found[column.name] = text.reason
            else:
                values[column.name] = text
        return values

    def take(self) -> pa.RecordBatch:
        """The records added since the last time."""
        batch = pa.RecordBatch.from_arrays(
            [
                pa.array(self._numbers, pa.int64()),
                *(pa.array([row.get(name) for row in self._rows], pa.string()) for name in self.names),
                pa.array(self._faults, pa.string()),
            ],
            names=["line_no", *self.names, FAULTS],
        )
        self._clear()
        return batch

    def without(self) -> set[str]:
        """The columns of which no record said anything."""
        rows = {name: [] if row is None else [row] for name, row in self._sources.items()}
        flat: set[str] = set(self._list_of) - self._without_source([rows])
        return {column.name for column in self.contract.staged} - self.seen - flat

    def _column(self, key: str) -> Column | None:
        """The column of a field; notes a field that is new."""
        if key in self._fields:
            return self._fields[key]
        if len(self._fields) >= KEYS:
            raise BadFile(
                f"{self.where}: its records have more than {KEYS:,} different fields. Expected an export of "
                f"{self.contract.dataset}. Check that this is the right file for the dataset."
            )
        column = self.contract.column_of(key)
        if column is None:
            # Those of a list in it are known; of all else the number among the fields, where it is not shown.
            name = shown(key, f"trường {len(self._fields) + 1}")
            if key not in self._consumed and name not in self._header.extra:
                self._header.extra.append(name)
        elif column.personal:
            if column.name not in self._header.personal:
                self._header.personal.append(column.name)
                self._header.personal.sort()
            column = None
        else:
            same = [other for other, one in self._fields.items() if one is column]
            if same:
                self._synonyms[column.name] = [*same, key]
            self.seen.add(column.name)
        self._fields[key] = column
        return column

    def _shown(self, key: str) -> str:
        """The name of a field that is no column's, or its number among the fields that came so far."""
        return shown(key, f"trường {list(self._fields).index(key) + 1}")

    def _note_list(self, key: str, value: object, found: dict[str, str]) -> None:
        if not isinstance(value, list):
            found[key] = "không phải là danh sách"
            return
        fields = self._sources.get(key) or {}
        for row in value:
            if type(row) is not dict:
                found[key] = "danh sách có phần tử không phải là đối tượng"
                return
            fields |= dict.fromkeys(row)
        self._sources[key] = fields

    def _text(self, column: Column, value: Any) -> str | Fault:
        """The value of a field as the text of its column."""
        if column.type == "json":
            return self._nested(column, value)
        if isinstance(value, bool):
            word = "true" if value else "false"
            return str(int(value)) if column.type == "int" else Fault(f"{word} không phải là giá trị của cột")
        if isinstance(value, list | dict):
            return Fault(
                "danh sách thay vì một giá trị"
                if isinstance(value, list)
                else "đối tượng thay vì một giá trị"
            )
        # 5.0E7 says one number only; as a code it is one that a program has rounded.
        if isinstance(value, Decimal) and column.type in ("int", "number") and abs(value.adjusted()) < DIGITS:
            return f"{value:f}".replace(".", self._point)
        return str(value)

    def _nested(self, column: Column, value: Any) -> str | Fault:
        text = _nested(value)
        for row in value if isinstance(value, list) else ():
            for key in row if isinstance(row, dict) else ():
                if key not in column.fields and key not in self._inner:
                    self._inner.add(key)
                    name = shown(key, f"trường {len(self._inner)}")
                    self._header.extra.append(f"{name} trong {column.headers[0]}")
        return text

    def _add_flat(self, record: Mapping[str, Any], values: dict[str, str], found: dict[str, str]) -> None:
        for name, text in self._flatten(record, self._header.layout.numbers).items():
            if text is None:
                continue
            value = text.replace(".", self._point) if FRACTION.fullmatch(text) else text
            if values.setdefault(name, value) != value:
                found[name] = f"khác với danh sách {self._list_of[name]}"


def _nested(value: Any) -> str | Fault:
    if isinstance(value, str):
        try:
            inner = orjson.loads(value)
        except orjson.JSONDecodeError:
            inner = None
        text = value
    else:
        inner = value
        text = as_json(value) if isinstance(value, list | dict) else ""
    if not isinstance(inner, list | dict):
        return Fault("không phải là danh sách")
    return Fault("ký tự NUL") if "\\u0000" in text else text

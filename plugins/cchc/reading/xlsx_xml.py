"""What the raw XML of a sheet says, in one pass: rows with content, errors, formulas never calculated."""

import re

from cchc.errors import BadFile
from cchc.field_words import described
from cchc.reading.sheets import (
    LAST_ROW,
    NEVER_CALCULATED,
    Survey,
    cell_name,
    check_extent,
    check_filled,
    sheet_shown,
)
from cchc.reading.written_codes import error_shown
from cchc.reading.xlsx_package import ADVICE, MOST_UNPACKED, Package, Part, is_blank, parse, parser_of

MOST_FAULTS = 1_000_000
REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})(?::([A-Z]{1,3})(\d{1,7}))?")


def survey_sheet(package: Package, part: Part) -> Survey:
    """Reads the XML of a sheet once; raises BadFile when it is too large or contradicts itself."""
    sheet = _Sheet(package, part)
    parse(
        package,
        part.member,
        MOST_UNPACKED,
        sheet.parser,
        lambda: f"cell {cell_name(sheet.row, sheet.column)}",
    )
    sheet.settle()
    return sheet.survey


def _shown(reference: str) -> str:
    """A cell's name as it is written, or its kind and length where it is none."""
    return repr(reference) if REFERENCE.fullmatch(reference.upper()) else f"({described(reference)})"


class _Sheet:
    """Looks at each cell's beginning only, and at its text where that tells more than that it has one."""

    def __init__(self, package: Package, part: Part) -> None:
        self.survey = Survey()
        number = package.parts.index(part) + 1
        self.where = f"{package.where}: sheet {sheet_shown(part.name, number)}"
        self.package = package
        self.parser = parser_of(package.where, part.member, self._root)
        # Another reader takes what stands before a comment for the whole value.
        self.parser.CommentHandler = self._comment
        self.parser.ProcessingInstructionHandler = self._comment
        self.columns: dict[str, int] = {}
        self.row = 0
        self.row_text = "0"
        self.column = -1
        self.filled = True
        self.kind: str | None = None
        self.style: str | None = None
        self.formula = self.valued = self.phonetic = self.open = False
        self.texts: list[str] = []
        self.faults = self.contents = 0

    def _root(self, name: str, _: dict[str, str]) -> None:
        prefix = name.rpartition(":")[0]
        prefix = f"{prefix}:" if prefix else ""
        self.tags = {
            prefix + tag: function
            for tag, function in {
                "row": self._row, "v": self._value, "t": self._text, "f": self._formula,
                "rPh": self._phonetic, "mergeCell": self._merged, "col": self._col,
            }.items()
        }  # fmt: skip
        cell, tags, begin = prefix + "c", self.tags, self._cell

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == cell:
                begin(attributes)
            elif name in tags:
                tags[name](attributes)

        self.parser.StartElementHandler = start

    def _row(self, attributes: dict[str, str]) -> None:
        if self.open:
            self.settle()
        check_filled(self.where, self.row, max(self.column, 0), self.contents)
        number = int(attributes["r"]) if "r" in attributes else self.row + 1
        if number <= self.row:
            raise self._disorder(f"row {number} stands after row {self.row}")
        if number > LAST_ROW:
            raise self._disorder(
                f"there is a row {number}, after the last that a sheet can have ({LAST_ROW})"
            )
        self.row, self.row_text, self.column, self.filled = number, str(number), -1, False
        if attributes.get("hidden") in ("1", "true"):
            self.survey.hidden_rows += 1

    def _cell(self, attributes: dict[str, str]) -> None:
        if self.open:
            self.settle()
        reference = attributes.get("r")
        if reference is None:
            column = self.column + 1
        else:
            letters = reference.removesuffix(self.row_text)
            found = self.columns.get(letters)
            column = self._column_of(reference) if found is None else found
            if column <= self.column or len(letters) == len(reference):
                raise self._disorder(f"cell {_shown(reference)} stands in row {self.row} after "
                                     f"{cell_name(self.row, max(self.column, 0))}")  # fmt: skip
        self.column = column
        self.kind = attributes.get("t")
        self.style = attributes.get("s")
        self.formula = self.valued = self.phonetic = False
        if self.kind == "e":
            self.open = True

    def _column_of(self, reference: str) -> int:
        found = REFERENCE.fullmatch(reference)
        if not found:
            raise self._disorder(f"{_shown(reference)} is the name of no cell")
        number = 0
        for letter in found[1]:
            number = number * 26 + ord(letter) - 64
        self.columns[found[1]] = number - 1
        return number - 1

    def _disorder(self, what: str) -> BadFile:
        return BadFile(f"{self.where}: {what}. Expected each cell once, in order. {ADVICE}")

    def _comment(self, *_: str) -> None:
        if self.row:
            place = cell_name(self.row, max(self.column, 0))
            raise BadFile(f"{self.where}: its XML has a comment at cell {place}. Expected none. {ADVICE}")

    def _has_content(self) -> None:
        survey = self.survey
        if self.column > survey.last_column or self.row > survey.last_row:
            survey.last_column = max(self.column, survey.last_column)
            survey.last_row = self.row
            check_extent(self.where, self.row, self.column, self.row, survey.last_column + 1)

    def _value(self, _: dict[str, str]) -> None:
        self.valued = True
        self.contents += 1
        if self.column > self.survey.last_column or self.row > self.survey.last_row:
            self._has_content()
        if self.style in self.package.styles and self.kind in (None, "n"):
            self.survey.shown[self.row, self.column] = self.package.styles[self.style]
        if not self.filled or self.open:
            self.open = True
            self.parser.CharacterDataHandler = self.texts.append

    def _text(self, _: dict[str, str]) -> None:
        if self.phonetic:
            return
        self.contents += 1
        if self.column > self.survey.last_column or self.row > self.survey.last_row:
            self._has_content()
        self.valued = True
        if not self.filled or self.open:
            self.open = True
            self.parser.CharacterDataHandler = self.texts.append

    def _formula(self, _: dict[str, str]) -> None:
        if self.column > self.survey.last_column or self.row > self.survey.last_row:
            self._has_content()
        self.formula = self.open = True

    def _phonetic(self, _: dict[str, str]) -> None:
        self.phonetic = True
        self.parser.CharacterDataHandler = None

    def settle(self) -> None:
        """Judges the cell whose text was wanted."""
        self.parser.CharacterDataHandler = None
        self.open = False
        text = "".join(self.texts)
        self.texts.clear()
        if self.kind == "e":
            self._fault(error_shown(text))
        elif self.formula and self._never_calculated(text):
            self._fault(NEVER_CALCULATED)
        elif self.filled or is_blank(text) or self._is_blank_text(text):
            return
        if not self.filled:
            self.filled = True
            self.survey.rows += 1

    def _never_calculated(self, text: str) -> bool:
        """Programs that cannot calculate leave the value out, or write 0 and ask for a calculation."""
        if not self.valued or (self.kind != "str" and not text.strip()):
            return True
        return self.package.to_calculate and text.strip() == "0" and self.kind in (None, "n")

    def _is_blank_text(self, text: str) -> bool:
        return self.kind == "s" and text.strip().isdigit() and int(text) in self.package.blank_texts

    def _fault(self, words: str) -> None:
        self.survey.fault(self.row, self.column, words)
        self.faults += 1
        if self.faults > MOST_FAULTS:
            raise BadFile(
                f"{self.where}: more than {MOST_FAULTS} cells are errors or formulas that were never "
                f"calculated, the last one {cell_name(self.row, self.column)}. Calculate it, and save it "
                "again."
            )

    def _merged(self, attributes: dict[str, str]) -> None:
        if self.open:
            self.settle()
        found = REFERENCE.fullmatch(attributes.get("ref", ""))
        if found and found[3] and len(self.survey.merged) < MOST_FAULTS:
            first, last = self._column_of(found[1] + found[2]), self._column_of(found[3] + found[4])
            self.survey.merged.append((int(found[2]), first, int(found[4]), last))

    def _col(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in ("1", "true"):
            self.survey.hidden_columns += 1

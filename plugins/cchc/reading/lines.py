"""Tells the records of a table that are no lines from those that are: titles, totals, signatures, repeats."""

import re
from collections.abc import Sequence

from cchc.contracts import Contract
from cchc.field_words import quoted, shown
from cchc.reading.export import Account
from cchc.reading.header import Header
from cchc.reading.totals import Total, stated_moment, stated_total
from cchc.spelling import fold

# A row of a table of so many columns fills more of them.
SPARSE_CELLS, WIDE_CELLS = 2, 5
# A total may be that of so many sections together.
SECTIONS = 100
NUMBERING = re.compile(r"\(?(?:\d{1,2}|[a-zđ])\)?(?:\s*=\s*[\d()+\-/x*%\s]+)?")
ROMAN_OR_LETTER = re.compile(r"(?:[ivxlc]+|[a-zđ]|\d{1,2}(?:\.\d{1,2})*)[.)]?")
SIGNATURE = re.compile(
    r"(?:người lập|lập bảng|lập biểu|kế toán|thủ trưởng|(?:phó )?giám đốc|(?:phó )?chủ tịch|"
    r"(?:phó )?trưởng phòng|chánh văn phòng|chánh thanh tra|cán bộ|công chức|nơi nhận|xác nhận|"
    r"tm\.|kt\.|tl\.|tuq\.|q\.|\(?ký,?(?: và)?(?: ghi(?: rõ)?)?(?: tên| họ)|\(?đã ký|đóng dấu|"
    r".*ngày\s*[\d.…_ ]*\s*tháng\s*[\d.…_ ]*\s*năm)"
)


class Lines:
    """Looks at the records of one table that may be none of its lines, in the order of the file.

    `header` is the table's header and `cells` all its cells; `rows` are those of a header in several rows.
    """

    def __init__(
        self,
        contract: Contract,
        header: Header,
        cells: Sequence[str],
        account: Account,
        rows: Sequence[Sequence[str]] = (),
    ) -> None:
        self._layout = header.layout
        self._dataset = contract.dataset
        self._account = account
        self._header = [fold(cell) for cell in cells]
        self._header_rows = [[(i, fold(cell)) for i, cell in enumerate(row) if cell.strip()] for row in rows]
        self._columns = header.columns
        self._keys = [i for i, name in header.columns.items() if name in contract.key]
        self._subheadings = {fold(text) for text in header.layout.subheadings}
        self._texts: list[str] = []
        self._totals_at = [0]
        self._signed = False
        self._after_header = 0

    def title(self, cells: Sequence[str], line_no: int, last: int | None = None) -> None:
        """Takes a record above the header."""
        filled = [cell for cell in cells if cell.strip()]
        if not filled:
            self._account.skip(line_no, "blank", last=last)
            return
        self._texts.append(" ".join(" ".join(filled).split()))
        if found := self._total(filled, inside=True):
            text, number = found
            self._account.skip(line_no, "total", shown(text), last=last)
            self._state(Total(text, line_no, number))
        else:
            self._account.skip(line_no, "title", last=last)

    def header(self, line_no: int, last: int | None = None) -> None:
        """Takes the header; the titles are complete."""
        self._account.skip(line_no, "header", last=last)
        above = "\n".join(map(fold, self._texts))
        for label in self._layout.exported_at:
            for found in re.finditer(rf"{re.escape(fold(label))} *:? *(.+)", above):
                if moment := stated_moment(found[1]):
                    self._account.exported_at, self._account.time_source = moment, "stated"
                    return

    def titles(self) -> dict[str, str | None]:
        """Column → the one value for all lines that stands above the header."""
        found = {
            # Each row for itself: what is not filled in would take the words of the next one.
            name: next(filter(None, (re.search(pattern, text) for text in self._texts)), None)
            for name, pattern in self._layout.titles.items()
        }
        return {name: match[1].strip() if match else None for name, match in found.items()}

    def look(self, cells: Sequence[str], line_no: int, before: int, last: int | None = None) -> bool:
        """Whether a record below the header is no line; lists it then.

        `before`: how many lines there were between the header and it.
        """
        found = self._kind(cells, before)
        if found is None:
            return False
        kind, content, number = found
        self._account.skip(line_no, kind, None if content is None else shown(content), last=last)
        if kind == "total" and content is not None:
            *earlier, since = (before - at for at in self._totals_at[-SECTIONS:])
            self._state(Total(content, line_no, number, since, before, tuple(earlier)))
            self._totals_at.append(before)
        return True

    def _total(self, cells: Sequence[str], *, inside: bool = False) -> tuple[str, int | None] | None:
        return stated_total(cells, self._layout.total_label, self._dataset, inside=inside)

    def _state(self, total: Total) -> None:
        self._account.totals.append(total)
        if total.number is None:
            self._account.notes.append(
                f"Dòng {total.line_no} ghi {quoted(total.text)}: không hiểu là tổng số bao nhiêu dòng, "
                f"nên không đối chiếu."
            )

    def _kind(self, cells: Sequence[str], before: int) -> tuple[str, str | None, int | None] | None:
        """(kind, content, the number a total states) of a record that is no line."""
        filled = [(i, fold(cell)) for i, cell in enumerate(cells) if cell.strip()]
        if not any(map(str.isalnum, "".join(text for _, text in filled))):
            return "blank", None, None
        texts = [text for _, text in filled]
        known = [self._header[i] for i, _ in filled if i < len(self._header)]
        whole = 2 * len(filled) >= sum(bool(cell) for cell in self._header)
        if (texts == known and whole) or filled in self._header_rows:
            self._after_header = before
            return "header", None, None
        follows = before == self._after_header and len(filled) > SPARSE_CELLS
        if follows and all(map(NUMBERING.fullmatch, texts)):
            return "numbering", None, None
        few = len(filled) <= max(SPARSE_CELLS, len(self._header) // 2)
        narrow = len(self._header) < WIDE_CELLS
        line = self._is_line(cells, len(filled))
        if few or narrow:
            total = self._total([cells[i] for i, _ in filled], inside=few and not line)
            if total and (few or total[1] is not None):
                return "total", *total
        if line or not (sparse := self._kind_of_sparse(cells, filled)):
            return None
        return *sparse, None

    def _kind_of_sparse(
        self, cells: Sequence[str], filled: list[tuple[int, str]]
    ) -> tuple[str, str | None] | None:
        texts = [text for _, text in filled]
        if len(texts) == 1 and texts[0] in self._subheadings:
            return "subheading", " ".join(cells[filled[0][0]].split())
        if any(map(SIGNATURE.match, texts)) or self._signed:
            self._signed = True
            return "signature", None
        if len(self._header) < WIDE_CELLS or len(filled) > SPARSE_CELLS:
            return None
        numbered = len(texts) == 1 or ROMAN_OR_LETTER.fullmatch(texts[0])
        return ("subheading" if numbered else "remark"), None

    def _is_line(self, cells: Sequence[str], filled: int) -> bool:
        """Whether the record has what makes a line: a key that may be one, or many cells."""
        keys = [" ".join(cells[i].split()) if i < len(cells) else "" for i in self._keys]
        if keys and all(keys):
            # "1. Phường 2" alone in its row is a heading; a code may have a blank when more stands beside it.
            alone = filled <= SPARSE_CELLS
            words = all(" " in key and (alone or not any(c.isdigit() for c in key)) for key in keys)
            return not (words and filled <= max(SPARSE_CELLS, len(self._columns) // 3))
        return filled > max(SPARSE_CELLS, len(self._header) // 2)

"""A cell of text as its contract wants it: read as a code, or judged for what may be of a person."""

import re
from collections.abc import Callable

from cchc.codes import WORDS_OF_A_NAME, is_code, person_in_code
from cchc.contracts import Column
from cchc.field_words import described, made_of_field_words
from cchc.known_names import units
from cchc.mail_addresses import has_address
from cchc.personal_names import has_name
from cchc.personal_numbers import day_and_number, personal_number
from cchc.reading.column_evidence import CLEARABLE, ColumnEvidence
from cchc.reading.published import name_fault
from cchc.reading.written_codes import ERROR, NoCode, read_code, visible
from cchc.spelling import fold

# A word for a kind, a post or a level is short; a number of a house or road may have a few figures.
LONGEST_LABEL, MOST_OF_A_LABEL = 60, 2
OF_SOMEBODY = "có thư điện tử hoặc dãy số có thể là của một người"
WORDS_APART = re.compile(r"[^\W\d_]\.?\s+[^\W\d_]")


def with_evidence(reader: Callable[..., str | None], evidence: ColumnEvidence, word: str) -> str | None:
    """A cell as `reader` reads it; where it is refused for what its column may clear, that is asked."""
    cleared: tuple[str, ...] = ()
    while True:
        try:
            return reader(word, cleared) if cleared else reader(word)
        except NoCode as error:
            fault = str(error)
            if fault not in CLEARABLE or fault in cleared or not evidence.clears(word, fault):
                raise
            cleared = (*cleared, fault)


def read_text(
    column: Column, code: bool, longest: int, known: tuple[str, ...], word: str, cleared: tuple[str, ...] = ()
) -> str | None:
    """The cell as it is loaded, None where it is empty, what is kept instead; raises NoCode.

    `known`: words that the column may hold; `cleared`: reasons for which the column says that it is sound.
    """
    text = visible(word)
    if not text:
        return None
    # What is far too long is refused below: to judge it would only cost.
    if code and len(text) <= 2 * longest:
        text = read_code(text, column, cleared)
    if column.pattern is not None and not re.fullmatch(column.pattern, text):
        raise NoCode("không đúng dạng mà hợp đồng dữ liệu ghi")
    if ERROR.fullmatch(text):
        raise NoCode("ô lỗi")
    if len(text) > longest:
        raise NoCode(f"dài {len(text)} ký tự, nhiều nhất {longest}")
    if not code and (fault := _fault_of_text(column, text, cleared)):
        # A unit that is only shown costs no line.
        if column.plain and column.published:
            return f"({described(text)})"
        raise NoCode(fault)
    if column.plain and not (column.published or text in known or _is_plain(text)):
        return f"({described(text)})"
    return text


def _fault_of_text(column: Column, text: str, cleared: tuple[str, ...]) -> str | None:
    """Why a text that is no code may be, or have in it, what is of a person."""
    if has_address(text):
        return OF_SOMEBODY
    # Of a symbol that begins with a day it is asked as of a code.
    if personal_number(text) and not (column.notation and day_and_number(text)):
        return OF_SOMEBODY
    if column.notation:
        # A symbol may have blanks, and words: 12/BC-UBND xã Long Đức, Lâm nghiệp. Without them it is a code.
        if WORDS_APART.search(text) and has_name(text) and not made_of_field_words(text):
            return WORDS_OF_A_NAME
        return person_in_code(re.sub(r"\s+", "-", text), cleared)
    return name_fault(text) if column.published else None


def _is_plain(text: str) -> bool:
    """Whether a text is no more than words of the field, a code, a unit, or a label."""
    return is_code(text) or made_of_field_words(text) or fold(text) in units() or _is_label(text)


def _is_label(text: str) -> bool:
    """A few words of a kind, post or level that nobody listed: no address, no long number, nobody's name."""
    return (
        len(text) <= LONGEST_LABEL
        and sum(map(str.isdigit, text)) <= MOST_OF_A_LABEL
        and not has_name(text, strict=True)
    )

"""Where the files of the repository lie, and the text of its SQL."""

import re
from functools import cache
from pathlib import Path

from cchc.errors import BadDefinition

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "sql"
EXPECTATIONS = ROOT / "expectations"

# Comments, and before them what may hold their signs: quoted text and names.
COMMENTS = re.compile(
    r"(?P<kept>'(?:[^']|'')*'|\"[^\"]*\"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)|--[^\n]*|/\*.*?\*/", re.DOTALL
)

# What a new dataset needs, by the folder of sql/ where it belongs.
HOW_TO_WRITE = {
    "load": "Write it: the SQL that brings a judged batch into core, as sql/load/README.md says.",
    "look_up": "Write it: one SELECT over batch_rows, as sql/load/README.md says under Look-ups.",
}


@cache
def sql_file(relative: str) -> str:
    """The text of a file below sql/; raises BadDefinition when there is none or it is not UTF-8."""
    try:
        return (SQL / relative).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        how = HOW_TO_WRITE.get(relative.partition("/")[0], "The repository has it: restore it.")
        raise BadDefinition(f"sql/{relative} is missing. {how}") from error
    except UnicodeDecodeError as error:
        raise BadDefinition(
            f"sql/{relative}: byte {error.start + 1} is not UTF-8. Expected a UTF-8 file: save it as one."
        ) from error


def without_comments(sql: str) -> str:
    """SQL without what is said about it.

    A bind that a comment names would be written into the comment, which a line break in its value ends.
    """
    return COMMENTS.sub(lambda found: found["kept"] or " ", sql)

"""Which expressions a metric may be: aggregates over columns, and plain arithmetic or one CASE of them.

Whatever else it might be would be asked of the warehouse as it stands: another table, another statement.
So its form is looked at before anything is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

FUNCTIONS = ("avg", "bool_and", "bool_or", "count", "max", "min", "sum")
_TOKEN = re.compile(r"\s*([a-z_][a-z0-9_]*|\d+(?:\.\d+)?|<>|<=|>=|[-+*/()=<>,])", re.IGNORECASE | re.ASCII)


class NotAMetric(ValueError):
    """Why an expression is none, as the end of a sentence."""


def check(expression: str, columns: Collection[str]) -> None:
    """Raises NotAMetric unless the expression is a metric over these columns."""
    reader = _Reader(expression, columns)
    try:
        aggregates = reader.value()
    except RecursionError:
        raise NotAMetric("it is nested too deeply") from None
    if (left := reader.next()) is not None:
        raise NotAMetric(f"{left!r} is one too many")
    if not aggregates:
        raise NotAMetric("it holds no aggregate")


class _Reader:
    """Reads from left to right; each method says whether what it read holds an aggregate."""

    def __init__(self, expression: str, columns: Collection[str]) -> None:
        self.tokens = list(_tokens(expression))
        self.columns = columns

    def next(self) -> str | None:
        return self.tokens[0] if self.tokens else None

    def take(self, *wanted: str) -> str | None:
        """The next one when it is one of these."""
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted else None

    def need(self, *wanted: str) -> str:
        if (found := self.take(*wanted)) is None:
            raise NotAMetric(f"{self.next() or 'its end'!r} stands where {' or '.join(wanted)} is expected")
        return found

    def value(self) -> bool:
        found = self.term()
        while self.take("+", "-", "*", "/"):
            found = self.term() or found
        return found

    def term(self) -> bool:
        if self.take("("):
            found = self.value()
            self.need(")")
            return found
        if self.take("case"):
            return self.case()
        if self.take("nullif"):
            self.need("(")
            found = self.value()
            self.need(",")
            found = self.value() or found
            self.need(")")
            return found
        if self.next() and self.next()[0].isdigit():  # type: ignore[index]
            self.tokens.pop(0)
            return False
        self.aggregate()
        return True

    def case(self) -> bool:
        self.need("when")
        found = self.value()
        self.need("=", "<>", "<", "<=", ">", ">=")
        found = self.value() or found
        self.need("then")
        found = self.value() or found
        if self.take("else"):
            found = (self.take("null") is None and self.value()) or found
        self.need("end")
        return found

    def aggregate(self) -> None:
        name = self.need(*FUNCTIONS)
        self.need("(")
        if not (name == "count" and self.take("*")):
            distinct = self.take("distinct")
            # Only the distinct combinations of several columns are a figure.
            if distinct and self.take("("):
                self.column()
                while self.take(","):
                    self.column()
                self.need(")")
            else:
                self.column()
        self.need(")")
        if self.take("filter"):
            self.need("(")
            self.need("where")
            self.take("not")
            self.column()
            self.need(")")

    def column(self) -> None:
        found = self.next()
        if found is None or found not in self.columns:
            raise NotAMetric(f"{found or 'its end'!r} stands where a column of the dataset is expected")
        self.tokens.pop(0)


def _tokens(expression: str) -> Iterator[str]:
    if "--" in expression or "/*" in expression:
        raise NotAMetric("it holds a comment")
    at, end = 0, len(expression.rstrip())
    while at < end:
        match = _TOKEN.match(expression, at)
        if match is None:
            raise NotAMetric(f"{expression[at:].strip()[0]!r} is no part of one")
        token = match.group(1)
        # PostgreSQL reads names without quotes as lower case, so this does as well.
        yield token.lower()
        at = match.end()

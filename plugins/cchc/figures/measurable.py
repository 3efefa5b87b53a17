"""Has PostgreSQL read the conditions of indicator files before anything is counted by them."""

from datetime import date

import sqlalchemy as sa

from cchc.errors import BadDefinition
from cchc.figures.definitions import Term, facts, indicators, reports
from cchc.figures.indicator_sql import Measure, measures, scan_sql
from cchc.warehouse import run_sql

# Any month: it is planned, not counted.
BINDS = {
    "ky": "2025-01",
    "tu_ngay": date(2025, 1, 1),
    "giua": date(2025, 1, 15),
    "den_ngay": date(2025, 1, 31),
    "den_chot": date(2025, 1, 31),
}


def require_measurable(connection: sa.Connection) -> None:
    """Raises BadDefinition, with file and term, when PostgreSQL does not take a measure that it never had
    (core.phep_do): a column that its fact lacks, a typing error, a text where a number has to be."""
    known = {
        tuple(row)
        for row in connection.execute(sa.text("SELECT fact, su_kien, dieu_kien, tong FROM core.phep_do"))
    }
    new = [m for m in measures().values() if _known_by(m.term) not in known]
    for fact in facts():
        # All at once: it is rare that one is wrong.
        if any(m.term.fact == fact for m in new) and _fault(connection, fact):
            for measure in new:
                if measure.term.fact == fact and (fault := _fault(connection, fact, measure)):
                    raise BadDefinition(_said(measure.term, fault))


def _fault(connection: sa.Connection, fact: str, only: Measure | None = None) -> str | None:
    """What PostgreSQL says against the scan of a fact, or None."""
    trying = connection.begin_nested()
    try:
        run_sql(connection, f"EXPLAIN {scan_sql(fact, only)}", **BINDS)
    except (sa.exc.OperationalError, sa.exc.InterfaceError):
        raise  # the server is away: it said nothing of the definition
    # A word after a colon is a bind, and nothing is bound to it.
    except sa.exc.StatementError as error:
        return " ".join(str(error.orig).split())
    finally:
        trying.rollback()
    return None


def _known_by(term: Term) -> tuple[str | None, ...]:
    return term.fact, term.su_kien, term.condition, term.tong


def _said(term: Term, fault: str) -> str:
    files = [
        f"{i.bien_the_cua or i.ma}.yaml"
        for i in indicators().values()
        if term in {t.counted for t in (*i.tu_so, *i.mau_so, *i.can_co)}
    ]
    files += [
        f"reports/{r.bieu}.yaml"
        for r in reports().values()
        if term in {t.counted for terms in r.cot.values() for t in terms}
    ]
    wrong = ", ".join(f"{name}: {text}" for name, text in _texts(term).items())
    return (
        f"sql/indicators/{files[0]}: PostgreSQL does not take the term with su_kien: {term.su_kien}, {wrong} "
        f"({fault}). Expected SQL without comments over the columns of sql/indicators/facts/{term.fact}.sql, "
        "true or false in dieu_kien and a number in tong: correct it. Nothing was counted."
    )


def _texts(term: Term) -> dict[str, str]:
    return {name: text for name in ("dieu_kien", "tong") if (text := getattr(term, name))}

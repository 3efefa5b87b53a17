"""Brings what the indicator files define in line in the warehouse: tables, and functions that add up."""

import re

import sqlalchemy as sa

from cchc.database_objects import DatabaseObject, Removed, stale_objects, sync
from cchc.errors import CchcError, WarehouseUnavailable
from cchc.figures.definitions import indicators, reports
from cchc.figures.frozen import sync_measures
from cchc.figures.indicator_sql import WIDE_VIEW, measures, report_sql, roll_up_sql, wide_view_sql
from cchc.figures.measurable import require_measurable
from cchc.figures.points_766 import points_766
from cchc.registers.closing_rules import sync_closing_rules
from cchc.registers.deadlines import sync_deadlines
from cchc.registers.declared_items import sync_items
from cchc.warehouse import no_endless_wait, sync_rows, take_turn

# What was written a moment ago is unknown to the planner: it would join by loops over a million rows,
# and sort what a hash table holds easily.
PLANNER = ("enable_nestloop = off", "enable_sort = off")
# Where the texts of the functions that add up come from.
DEFINITIONS = "sql/indicators"
# Of the functions that add up.
ARGUMENTS = "cac_ky_loai text[], cac_ky text[], ngay date DEFAULT NULL, ca_cach_doc boolean DEFAULT TRUE"
ARGUMENT_TYPES = "text[],text[],date,boolean"


def sync_definitions(engine: sa.Engine) -> None:
    """Writes the indicator files to mart.dinh_nghia, mart.muc_tieu, core.do_luong and the functions
    that add up, and the registers that figures refer to.

    Raises CchcError when a function has to be made anew and this login may not do so.
    """
    with no_endless_wait(engine, "definitions"), engine.begin() as connection:
        take_turn(connection, "definitions")
        _write(connection)


def as_defined(connection: sa.Connection) -> bool:
    """Whether the warehouse holds what the files of this process define; changes nothing.

    Others may be of another version: what one counts is no sum of what the other defines.
    """
    trial = connection.begin_nested()
    try:
        return not _write(connection)
    except sa.exc.IntegrityError:
        # The other one writes at this moment.
        return False
    finally:
        trial.rollback()


def versions_differ(label: str) -> WarehouseUnavailable:
    """What is said when others write what other files define again and again."""
    return WarehouseUnavailable(
        f"{label}: processes with other files in {DEFINITIONS} or sql/reference are at work, and write what "
        "those define again and again. Nothing was changed. End the older ones, as a deployment does; "
        "Airflow tries again by itself."
    )


def _write(connection: sa.Connection) -> bool:
    """Brings all in line with the files; whether anything was not."""
    kept = {"phien_ban", "chi_tieu", "ten", "loai", "chieu", "thu_tu", "bien_the_cua", "khong_tinh_duoc"}
    definitions = [
        {
            **i.model_dump(include=kept),
            "ma_chi_so": i.ma,
            "can_cu": i.can_cu.strip(),
            "nguon": list(i.nguon),
            "cach_tinh": i.cach_tinh.strip(),
            "luu_y": i.luu_y.strip(),
            "ly_do_na": i.ly_do_na,
        }
        for i in indicators().values()
    ]
    targets = [
        {
            "ma_chi_so": i.ma,
            "cap": cap,
            "hieu_luc_tu": target.tu,
            "hieu_luc_den": target.den,
            "muc_tieu": target.gia_tri,
            "nguon": target.nguon,
        }
        for i in indicators().values()
        for target in i.muc_tieu
        for cap in target.cap
    ]
    elements = [
        {
            "vi_tri": m.position,
            "fact": term.fact,
            "su_kien": term.su_kien,
            "cong_don": term.event.cong_don,
            "dieu_kien": term.condition,
            "tong": term.tong,
        }
        for term, m in measures().items()
    ]
    require_measurable(connection)
    changed = [
        sync_functions(connection),
        sync_rows(connection, "mart.dinh_nghia", definitions, keep_old=("ma_chi_so", "phien_ban")),
        sync_rows(connection, "mart.muc_tieu", targets),
        sync_rows(connection, "core.do_luong", elements),
        sync_measures(connection),
        sync_rows(connection, "mart.thang_diem_766", points_766()),
        sync_items(connection),
        sync_deadlines(connection),
        sync_closing_rules(connection),
    ]
    return any(changed)


def sync_functions(connection: sa.Connection, removed: Removed | None = None) -> bool:
    """Makes the functions that add up, and the view with a column for each indicator, as the indicator files
    say: in a migration, as the owner. Returns whether any was made.

    The pipeline changes none of them. Raises CchcError when one is stale and this login may not make it.
    `removed`: what set_views_aside has dropped in the same transaction.
    """
    made = _functions("tinh_chi_so", "mart.chi_so", roll_up_sql())
    for bieu in reports():
        made += _functions(f"tinh_{bieu}", f"mart.{bieu}", report_sql(bieu))
    made.append(DatabaseObject("view", WIDE_VIEW, wide_view_sql()))
    if connection.scalar(sa.text("SELECT has_schema_privilege('core', 'CREATE')")):
        # One calls the other with its owner's rights: whoever makes them, both belong to one.
        owned = "SELECT nspowner::regrole::text, quote_ident(current_user) FROM pg_namespace"
        owner, before = connection.execute(sa.text(f"{owned} WHERE nspname = 'core'")).one()
        connection.exec_driver_sql(f"SET LOCAL ROLE {owner}")
        touched = sync(connection, DEFINITIONS, made, removed)
        connection.exec_driver_sql(f"SET LOCAL ROLE {before}")
        return bool(touched)
    if stale := stale_objects(connection, DEFINITIONS, made):
        raise CchcError(
            f"{DEFINITIONS} has changed since the warehouse was migrated: {', '.join(stale)} follow other "
            "definitions, and only the owner of the warehouse makes them. Run `make migrate`, or in "
            "production `docker compose up -d --build`, then refresh again."
        )
    return False


def _functions(name: str, like: str, body: str) -> list[DatabaseObject]:
    """core.<name>, which returns rows like a table's, and mart.<name> for BI: other periods, other days."""
    types = ARGUMENT_TYPES
    outer = f"""
        CREATE FUNCTION mart.{name}({ARGUMENTS}) RETURNS SETOF {like} LANGUAGE sql STABLE
        SECURITY DEFINER SET search_path = pg_catalog, pg_temp {" ".join(f"SET {p}" for p in PLANNER)}
        AS $$SELECT * FROM core.{name}(cac_ky_loai, cac_ky, ngay, ca_cach_doc)$$;
        COMMENT ON FUNCTION mart.{name}({types}) IS
        'Như {like} nhưng cho kỳ và ngày tuỳ chọn: ngay = ngày lấy đơn vị trả lời (NULL: ngày cuối kỳ); '
        'ca_cach_doc = cả các cách đọc khác của chỉ số. Sinh từ sql/indicators và sql/mart.';
        REVOKE ALL ON FUNCTION mart.{name}({types}) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION mart.{name}({types}) TO cchc_etl, cchc_bi, cchc_steward, cchc_don_vi;
    """
    return [_inner(name, like, body), DatabaseObject("function", f"mart.{name}", outer)]


def _inner(name: str, like: str, body: str) -> DatabaseObject:
    """core.<name>: without settings of its own it is planned as a part of the refresh that asks it."""
    # The file has binds, so that it is SQL that a linter reads; in the function they are its arguments.
    body = re.sub(r"(?<!:):(cac_ky_loai|cac_ky|ngay|ca_cach_doc|cho_diem)\b", rf"{name}.\1", body)
    text = f"""
        CREATE FUNCTION core.{name}({ARGUMENTS}, cho_diem boolean DEFAULT FALSE)
        RETURNS SETOF {like} LANGUAGE sql STABLE AS $body${body}$body$;
        REVOKE ALL ON FUNCTION core.{name}({ARGUMENT_TYPES},boolean) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION core.{name}({ARGUMENT_TYPES},boolean) TO cchc_etl;
    """
    return DatabaseObject("function", f"core.{name}", text)

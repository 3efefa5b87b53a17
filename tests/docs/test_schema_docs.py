"""docs/schema.md says what stands in a migrated warehouse: rows, columns, keys, who may read."""

from contextlib import nullcontext

import pytest
import sqlalchemy as sa

from cchc.database_objects import objects_in_files
from cchc.figures.syncing import sync_definitions
from tools import schema_docs


@pytest.fixture
def page(engine: sa.Engine) -> str:
    return schema_docs.render(engine)


def part(page: str, name: str) -> str:
    """What the page says of one table or view."""
    return page.split(f"\n### {name}\n")[1].split("\n## ", maxsplit=1)[0].split("\n### ", maxsplit=1)[0]


def test_the_page_is_up_to_date(page):
    assert schema_docs.PAGE.read_text(encoding="utf-8") == page, "docs/schema.md is stale: run `make docs`"


def test_every_table_view_and_function_is_on_it(engine, page):
    with engine.connect() as connection:
        relations = connection.execute(
            sa.text(
                "SELECT table_schema || '.' || table_name, array_agg(column_name::text) "
                "FROM information_schema.columns WHERE table_schema IN ('ops', 'core', 'mart') GROUP BY 1"
            )
        ).all()
    assert len(relations) > 40
    for name, columns in relations:
        found = part(page, name)
        if "A partition of" not in found:
            assert [c for c in columns if f"| `{c}` |" not in found] == [], name
    functions = page.split("\n## Functions\n")[1]
    assert [
        o.name for o in objects_in_files() if o.kind == "function" and f"`{o.name}(" not in functions
    ] == []


def test_it_tells_rows_columns_keys_and_readers(page):
    batch = part(page, "ops.batch")
    assert "*Một dòng = một tệp đã nhận của một bộ dữ liệu; cùng tệp nhận lại thì dùng lại dòng cũ.*" in batch
    assert "Who may read: `cchc_etl`, `cchc_steward`." in batch
    assert "| `batch_id` | `bigint` | always, numbered |" in batch
    assert "| `extracted_at` | `timestamp without time zone` | may be NULL | Thời điểm dữ liệu được" in batch
    assert "| `status` | `text` | always, default `'landed'::text` |" in batch
    assert "- primary key `batch_pkey`: `(batch_id)`" in batch
    assert "- unique `batch_dataset_sha256_key`: `(dataset, sha256)`" in batch
    assert "- check `nothing_is_lost`: `(" in batch
    figures = part(page, "mart.chi_so")
    assert "Who may read: `cchc_bi`, `cchc_don_vi`, `cchc_etl`, `cchc_steward`." in figures
    assert "`(ky_loai, ky) REFERENCES mart.ky(ky_loai, ky)`" in figures
    assert "- index `chi_so_chi_so`: `(ma_chi_so, ky_loai, ky)`" in figures
    assert "TONG:&lt;cap> là dòng tổng" in figures
    dossiers = part(page, "core.ho_so")
    assert "Partitioned by `RANGE (ky_tiep_nhan)`." in dossiers
    assert "| `ngay_ket_thuc` | `date` | computed: `CASE WHEN" in dossiers
    assert "`(ma_don_vi_cu, ngay_hieu_luc) WHERE nhan_ton`" in part(page, "core.ke_thua")
    assert "`security_invoker`" in part(page, "mart.so_sanh")


@pytest.mark.long
def test_it_follows_the_database_but_not_what_a_refresh_makes(engine, page):
    sync_definitions(engine)
    assert schema_docs.render(engine) == page
    with engine.begin() as connection:
        connection.exec_driver_sql("COMMENT ON COLUMN ops.batch.layout IS 'Cách trình bày'")
        connection.exec_driver_sql("GRANT SELECT ON ops.batch TO cchc_bi, PUBLIC")
    batch = part(schema_docs.render(engine), "ops.batch")
    assert "| `layout` | `text` | may be NULL | Cách trình bày |" in batch
    assert "Who may read: `cchc_bi`, `cchc_etl`, `cchc_steward`, `everybody`." in batch


def test_a_stale_page_fails_the_check_and_is_written_again(engine, page, tmp_path, monkeypatch, capsys):
    file = tmp_path / "schema.md"
    file.write_text(page.replace("ops.batch", "ops.lo"), encoding="utf-8")
    monkeypatch.setattr(schema_docs, "PAGE", file)
    monkeypatch.setattr(schema_docs, "migrated_warehouse", lambda: nullcontext(engine))
    assert schema_docs.main(["--check"]) == 1
    assert "make docs" in capsys.readouterr().err
    assert schema_docs.main([]) == 0
    assert schema_docs.main(["--check"]) == 0

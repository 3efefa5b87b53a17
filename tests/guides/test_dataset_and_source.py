"""The guides for datasets and for source systems, followed to the letter, keep what they promise."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from cchc.warehouse import engine_of
from tests.guides.following import Copy, follow, only

DATASET, SOURCE = "adding-a-dataset.md", "adding-a-source.md"

pytestmark = [pytest.mark.long, pytest.mark.stack]


@pytest.fixture(scope="module")
def with_dataset(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which somebody has followed the guide for datasets."""
    copy = Copy(tmp_path_factory.mktemp("dataset"))
    follow(copy, DATASET)
    for line in only(
        DATASET, ".venv/bin/python -m alembic revision", "(cd sql/migrations/versions", "make docs"
    ):
        copy.shell(line, CCHC_WAREHOUSE_DSN="postgresql+psycopg2://nobody@127.0.0.1:1/none")
    return copy


@pytest.fixture
def migrated(with_dataset: Copy, empty_database: str) -> str:
    """The DSN of a warehouse that the copy's migrations have made."""
    only(DATASET, "make migrate")
    with_dataset.module("alembic", "upgrade", "head", CCHC_WAREHOUSE_DSN=empty_database)
    return empty_database


def rows(dsn: str, query: str) -> list[tuple]:
    engine = engine_of(dsn)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]
    finally:
        engine.dispose()


def in_copy(copy: Copy, *words: str) -> list[dict]:
    printed = copy.module("tests.guides.in_copy", *words)
    return json.loads(printed.splitlines()[-1])


# A dataset ------------------------------------------------------------------------------------


def test_a_dataset_costs_six_files(with_dataset: Copy):
    assert with_dataset.touched == [
        "plugins/cchc/contracts/phan_anh.yaml",
        "expectations/phan_anh.json",
        "sql/load/phan_anh.sql",
        "sql/load_again/phan_anh.sql",
        "sql/look_up/phan_anh.sql",
        "sql/migrations/versions/0100_phan_anh.sql",
    ]
    only(DATASET, "make lint")
    with_dataset.check_style()


def test_its_lines_are_read_judged_loaded_and_led_back(with_dataset: Copy, migrated: str, tmp_path: Path):
    only(DATASET, "make ingest DATASET=phan_anh FILE=phan-anh.csv")
    again = tmp_path / "again.csv"
    older = "PA-101,000.00.01.H59,05/03/2025,,cho_tra_loi,06/03/2025,Người gửi thử"
    nobody_s = "PA-103,Sở Không Có,05/03/2025,,cho_tra_loi,06/03/2025,Người gửi thử"
    # So many good ones that one bad line does not stop the batch.
    good = [f"PA-{n},000.00.01.H59,07/03/2025,,cho_tra_loi,07/03/2025,x" for n in range(200, 240)]
    header = "ma_phan_anh,don_vi,ngay_tiep_nhan,ngay_tra_loi,trang_thai,ngay_cap_nhat,noi_dung"
    again.write_text("\n".join([header, older, nobody_s, *good, ""]), encoding="utf-8")
    first, second = in_copy(
        with_dataset, "load", migrated, str(tmp_path), "phan_anh", "phan-anh.csv", str(again)
    )
    assert first == {
        "status": "loaded", "layout": "danh_sach_phan_anh", "stated": 3, "personal": ["nguoi_gui"],
        "read": 3, "accepted": 2, "rejected": 0, "superseded": 1, "months": [],
    }  # fmt: skip
    # An older state of PA-101 does not win; a unit that nobody knows is rejected.
    assert second == {
        "status": "loaded", "layout": "cot_chuan", "stated": None, "personal": ["noi_dung"],
        "read": 42, "accepted": 40, "rejected": 1, "superseded": 1, "months": [],
    }  # fmt: skip
    [line] = only(DATASET, "make psql")
    query = line[line.index("SELECT") : line.rindex('\\""')]
    batch = rows(migrated, "SELECT batch_id FROM ops.batch WHERE dataset = 'phan_anh' ORDER BY 1")
    # The first line of the sheet is its title, the second its header.
    assert rows(migrated, query)[:2] == [
        ("PA-101", "000.00.01.H59", "da_tra_loi", batch[0][0], 3),
        ("PA-102", "000.00.01.H59", "da_tra_loi", batch[0][0], 5),
    ]
    assert rows(
        migrated, "SELECT batch_id, line_no, rule_ids, masked_row ->> 'noi_dung' FROM ops.reject"
    ) == [(batch[1][0], 3, ["PA02"], "***")]
    # Its faults are listed with all others, by the line that the warehouse holds.
    assert rows(
        migrated, "SELECT dataset, count(*) FROM core.dong_hien_hanh WHERE dataset = 'phan_anh' GROUP BY 1"
    ) == [("phan_anh", 42)]
    assert rows(migrated, "SELECT obj_description('core.phan_anh'::regclass) LIKE 'Một dòng = %'") == [
        (True,)
    ]


def test_the_tests_that_list_datasets_take_it_in(with_dataset: Copy):
    [line] = only(DATASET, "make test ARGS")
    assert " passed" in with_dataset.shell(line)
    assert "phan_anh" in (with_dataset.root / "docs" / "schema.md").read_text(encoding="utf-8")


# A source system ------------------------------------------------------------------------------

COMPLAINTS = [
    {
        "ma_phan_anh": f"PA-{day}", "don_vi": "000.00.01.H59", "nguoi_gui": "Người gửi thử",
        "ngay_tiep_nhan": f"202503{day}080000", "ngay_tra_loi": "", "trang_thai": "cho_tra_loi",
        "ngay_cap_nhat": f"202503{day}080000",
    }
    for day in ("04", "05", "06")
]  # fmt: skip


class Pakn(BaseHTTPRequestHandler):
    """A PAKN system on the loopback that states one record too many when it is asked up to 9 March."""

    def do_POST(self) -> None:
        self.answer({"access_token": "token"})

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        since, until = asked.get("tu", [""])[0], asked["den"][0]
        assert urlsplit(self.path).path == "/xuat/phan-anh"
        assert self.headers["Authorization"] == "Bearer token"
        found = [row for row in COMPLAINTS if since < row["ngay_cap_nhat"] <= until]
        self.answer({"tong_so": len(found) + until.startswith("20250309"), "du_lieu": found})

    def answer(self, body: dict) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def pakn() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pakn) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def with_source(with_dataset: Copy) -> Copy:
    """The same copy, in which the guide for sources has been followed too."""
    five, with_dataset.touched = with_dataset.touched, []
    follow(with_dataset, SOURCE)
    three, with_dataset.touched = with_dataset.touched, five
    with_dataset.shell(*only(SOURCE, "make docs"))
    copy = Copy.__new__(Copy)
    copy.root, copy.touched = with_dataset.root, three
    return copy


def test_a_source_costs_three_files_and_a_line_of_the_contract_and_of_the_backfill(with_source: Copy):
    assert with_source.touched == [
        "plugins/cchc/sources/pakn.py",
        "plugins/cchc/sources/register.py",
        "dags/ingest_phan_anh.py",
        "dags/backfill_nguon.py",
        "plugins/cchc/contracts/phan_anh.yaml",
    ]
    only(SOURCE, "make lint")
    with_source.check_style()


def test_it_is_pulled_from_where_the_last_pull_ended(
    with_source: Copy, migrated: str, pakn: str, tmp_path: Path
):
    pulled = in_copy(
        with_source, "pull", migrated, str(tmp_path), "phan_anh", pakn, "2025-03-05T12:00:00", "2025-03-08"
    )
    # The second asks from noon of the 4th on, a day before the first ended: the 5th comes again.
    assert [(b["stated"], b["read"], b["accepted"], b["superseded"]) for b in pulled] == [
        (2, 2, 2, 0),
        (2, 2, 1, 1),
    ]
    assert rows(migrated, "SELECT ma_phan_anh FROM core.phan_anh ORDER BY 1") == [
        ("PA-04",), ("PA-05",), ("PA-06",),
    ]  # fmt: skip
    with pytest.raises(AssertionError, match="the source states 1 records"):
        in_copy(with_source, "pull", migrated, str(tmp_path), "phan_anh", pakn, "2025-03-09")
    assert rows(migrated, "SELECT count(*) FROM ops.batch WHERE dataset = 'phan_anh'") == [(2,)]


def test_its_dag_pool_and_pages_follow(with_source: Copy):
    [line] = only(SOURCE, "make test ARGS")
    assert " passed" in with_source.shell(line)
    pools = json.loads(with_source.python("-m", "cchc.sources.register"))
    assert pools["nguon_pakn"]["slots"] == 2
    page = (with_source.root / "docs" / "dags.md").read_text(encoding="utf-8")
    assert "ingest_phan_anh" in page and "`nguon_pakn`" in page
    # The connection that the guide makes is the one that the task asks for.
    asked = "from cchc.sources.register import system_of; print(system_of('pakn').connection_id)"
    name = with_source.python("-c", asked).strip()
    assert (
        f" connections add {name} "
        in only(SOURCE, "docker compose exec airflow-worker airflow connections")[0]
    )

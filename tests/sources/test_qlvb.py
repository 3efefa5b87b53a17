"""The way from the document-management system into the warehouse: over real HTTP, whole or not at all."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest
import uvicorn

from cchc.contracts import contract_of
from cchc.errors import BatchStopped, SourceRefused, SourceUnavailable
from cchc.judging.validation import validate
from cchc.known_until import watermark
from cchc.loading.load import load
from cchc.sources.landing import land_api
from cchc.sources.qlvb import QlvbClient
from tests.world import World
from tools.qlvb_simulator import exports
from tools.qlvb_simulator.defects import CRITICAL_KINDS, DEFECTS
from tools.qlvb_simulator.generate import Settings
from tools.qlvb_simulator.server import create_app
from tools.qlvb_simulator.source import DATASETS, KEYS, Source, generate
from tools.simulation.geography import unit_records

pytestmark = pytest.mark.long

SMALL = Settings(van_ban_moi_thang=900, ho_so_moi_thang=300, den="2025-03")
MOMENTS = ["2025-01-20", "2025-02-01", "2025-03-01", "2025-04-01"]
HEADER = "ma_van_ban,huong\n"
TABLES = ("core.van_ban", "core.ho_so_cong_viec")


@contextmanager
def listening(app: object) -> Iterator[str]:
    """Serves an app on a free port of this machine; gives its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def source() -> Source:
    return generate(SMALL)


@pytest.fixture(scope="module")
def address(source) -> Iterator[str]:
    with listening(create_app(source, "khach", "bi-mat", token_seconds=1)) as address:
        yield address


def client(address: str, **other: object) -> QlvbClient:
    return QlvbClient(address, "khach", "bi-mat", **{"retry_total": 0} | other)


def units_known(world: World) -> World:
    world.ingest("don_vi", world.json(unit_records("20250401000000"), thoi_diem="20250401000000"))
    return world


def pull(world: World, dataset: str, client: QlvbClient, moment: str) -> int:
    until = datetime.fromisoformat(moment)
    return land_api(world.engine, world.folder / "landing", contract_of(dataset), client, until).batch_id


# The whole way --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loaded(source, address, make_world) -> World:
    """The simulated months, pulled, judged and loaded one window after the other."""
    world: World = units_known(make_world())
    for moment in MOMENTS:
        for dataset in DATASETS:
            batch_id = pull(world, dataset, client(address), moment)
            validate(world.engine, batch_id)
            load(world.engine, batch_id)
    return world


@pytest.mark.parametrize("dataset", DATASETS)
def test_exactly_the_bad_rows_of_every_window_are_rejected_by_their_rule(source, loaded, dataset):
    batches = loaded.rows(
        "SELECT batch_id, to_char(window_from, 'YYYYMMDDHH24MISS'), to_char(window_to, 'YYYYMMDDHH24MISS'), "
        "stated_total, lines_read, lines_rejected FROM ops.batch WHERE dataset = :d ORDER BY batch_id",
        d=dataset,
    )
    assert [row[1:3] for row in batches] == [
        (None, "20250120000000"),
        ("20250119000000", "20250201000000"),
        ("20250131000000", "20250301000000"),
        ("20250228000000", "20250401000000"),
    ]
    rule_of = {defect.name: defect.rule for defect in DEFECTS[dataset]}
    all_bad = 0
    for batch_id, tu, den, stated, read, rejected in batches:
        frame = source.frame(dataset, den)
        rows = frame[frame["ngay_cap_nhat"] > (tu or "")].sort_values(["ngay_cap_nhat", "dong"])
        assert stated == read == len(rows)
        # Two lines above the header tell the window and the total.
        bad = {
            line: rule_of[kind] for line, kind in enumerate(rows["loi"], 4) if kind in CRITICAL_KINDS[dataset]
        }
        found = dict(loaded.rows("SELECT line_no, rule_ids FROM ops.reject WHERE batch_id = :b", b=batch_id))
        assert set(found) == set(bad)
        assert all(rule in found[line] for line, rule in bad.items())
        assert rejected == len(bad)
        all_bad += len(bad)
        # Each kind of warning is seen at least as often as it was made.
        made = rows["loi"].value_counts()
        seen = dict(
            loaded.rows(
                "SELECT rule_id, failed_count FROM ops.validation_result WHERE batch_id = :b", b=batch_id
            )
        )
        for defect in DEFECTS[dataset]:
            assert seen[defect.rule] >= made.get(defect.name, 0)
    assert all_bad >= 5


@pytest.mark.parametrize("dataset", DATASETS)
def test_core_holds_the_newest_good_state_of_everything(source, loaded, dataset):
    key, newest = KEYS[dataset], {}
    ends = [moment.replace("-", "") + "000000" for moment in MOMENTS]
    for den in ends:
        frame = source.frame(dataset, den)
        frame = frame[~frame["loi"].isin(CRITICAL_KINDS[dataset])]
        newest |= {row[key]: row for row in frame.to_dict("records")}
    held = loaded.rows(f"SELECT to_jsonb(t) FROM core.{dataset} AS t")
    assert len(held) == len(newest) > 800

    def plain(value: object) -> str:
        text = "" if value is None or pd.isna(value) else str(value)
        text = "".join(c for c in text if c not in "-:T") if text[4:5] == "-" else text
        return text.removesuffix("000000") if len(text) == 14 else text

    for (row,) in held:
        wanted = newest[row[key]]
        for name in set(wanted) - {"don_vi", "ky", "loi", "dong"}:
            assert plain(row[name]) == plain(wanted[name]), (row[key], name)
        assert row["ma_don_vi"] == wanted["don_vi"]


def test_one_pull_of_all_gives_the_same_warehouse_as_many(world):
    # Without defects, because a rejected state leaves the good one before it, which one pull never sees.
    clean = generate(Settings(**vars(SMALL) | {"ty_le_loi": {}}))
    units_known(world)
    contents = []
    with listening(create_app(clean, "khach", "bi-mat")) as address:
        for moments in (MOMENTS, MOMENTS[-1:]):
            world.without_dossiers()
            for moment in moments:
                for dataset in DATASETS:
                    batch_id = pull(world, dataset, client(address), moment)
                    validate(world.engine, batch_id)
                    load(world.engine, batch_id)
            contents.append(world.content(*TABLES))
    assert contents[0] == contents[1]
    assert [len(rows) for rows in contents[0].values()] == [len(clean.frame(d)) for d in DATASETS]


@pytest.mark.parametrize("dataset", DATASETS)
def test_workbook_and_csv_of_a_month_give_the_same_content(source, world, dataset, tmp_path):
    units_known(world)
    contents = []
    for write, suffix in ((exports.write_csv, "csv"), (exports.write_xlsx, "xlsx")):
        path = tmp_path / f"ds.{suffix}"
        count = write(source, dataset, path, "2025-02", loi=True)
        batch, _ = world.ingest(dataset, path, at="2025-03-01" if suffix == "csv" else None)
        assert batch.lines_read == count
        assert batch.extracted_at == datetime(2025, 3, 1)
        rejects = world.rows("SELECT rule_ids FROM ops.reject ORDER BY rule_ids::text")
        contents.append((world.content(*TABLES), rejects, batch.lines_rejected))
        assert (batch.layout == "cot_chuan") == (suffix == "csv")
        assert batch.missing_columns == ([] if suffix == "csv" else ["da_xoa"])
        world.without_dossiers()
    assert contents[0] == contents[1]
    assert len(contents[0][0][f"core.{dataset}"]) > 200


def test_a_source_that_exports_secret_documents_is_stopped(world):
    units_known(world)
    leaking = generate(Settings(**vars(SMALL) | {"ty_le_mat": 0.01}))
    secret = leaking.frame("van_ban", "20250201000000").query("do_mat != '1'")
    with listening(create_app(leaking, "khach", "bi-mat")) as address:
        batch_id = pull(world, "van_ban", client(address), "2025-02-01")
    with pytest.raises(BatchStopped, match=rf"VB23.*\({len(secret)} lines, first in line \d+;") as stopped:
        validate(world.engine, batch_id)
    assert len(secret) > 3
    rejects = world.rows("SELECT masked_row::text FROM ops.reject")
    assert len(rejects) > 3
    kept = " ".join([str(stopped.value), *(row for (row,) in rejects)])
    assert not [code for code in secret["ma_van_ban"] if code and code in kept]
    assert world.rows("SELECT count(*) FROM core.van_ban") == [(0,)]
    # The next pull starts where this one did.
    assert watermark(world.engine, "van_ban") is None


def test_a_token_that_runs_out_is_renewed(address):
    caller = client(address)
    until = datetime(2025, 2, 1)
    first = b"".join(caller.download("/xuat/van-ban", None, until).chunks)
    time.sleep(1.1)
    assert b"".join(caller.download("/xuat/van-ban", None, until).chunks) == first


def test_a_wrong_secret_is_a_refusal_that_names_the_connection(address):
    caller = QlvbClient(address, "khach", "sai", retry_total=0)
    with pytest.raises(SourceRefused, match=r"refused client 'khach'.*connection cchc_qlvb") as refused:
        caller.download("/xuat/van-ban", None, datetime(2025, 2, 1))
    assert "sai" not in repr(caller) + str(refused.value)


def test_of_what_the_source_says_of_a_bad_request_kind_and_length_are_told(address):
    with pytest.raises(SourceRefused, match=r"HTTP 400: \(chữ, 55 ký tự\)"):
        client(address).download("/xuat/van-ban", datetime(2025, 3, 1), datetime(2025, 2, 1))


def test_a_source_that_is_away_is_worth_another_try():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(SourceUnavailable, match=r"no answer .*connection cchc_qlvb"):
        client(f"http://127.0.0.1:{port}").download("/xuat/van-ban", None, datetime(2025, 2, 1))


# Cut off --------------------------------------------------------------------------------------


class Answer(BaseHTTPRequestHandler):
    """Gives a token, and to everything else what `server.answer` is: (status, headers, body)."""

    def do_POST(self) -> None:
        self._reply(200, {}, b'{"access_token": "t"}')

    def do_GET(self) -> None:
        self._reply(*self.server.answer)

    def _reply(self, status: int, headers: dict, body: bytes) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def answering() -> Iterator[Callable[..., QlvbClient]]:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def give(body: bytes, total: object, status: int = 200, **headers: str) -> QlvbClient:
            stated = {"X-Tong-So": str(total), "X-Thoi-Diem": "20250201000000"}
            server.answer = (status, stated | {k.replace("_", "-"): v for k, v in headers.items()}, body)
            return client(f"http://127.0.0.1:{server.server_address[1]}")

        yield give
        server.shutdown()


WHOLE = b'ma_van_ban,ky_hieu\nVB1,"a\nb"\nVB2,"c ""d\n"" e"\n'


def test_line_breaks_inside_quotes_are_no_rows(answering):
    download = answering(WHOLE, 2).download("/xuat/van-ban", None, datetime(2025, 2, 1))
    assert (download.total, b"".join(download.chunks)) == (2, WHOLE)


@pytest.mark.parametrize(
    ("body", "total", "headers"),
    [
        (WHOLE, 3, {}),
        (WHOLE, 1, {}),
        (WHOLE[:-1], 2, {}),
        (WHOLE[:-8], 2, {}),
        (WHOLE, 2, {"Content_Length": "500"}),
        (b"", 0, {}),
    ],
    ids=["a row short", "a row too many", "no last line end", "inside quotes", "connection lost", "nothing"],
)
def test_a_download_that_is_not_whole_lands_nothing(answering, world: World, body, total, headers):
    caller = answering(body, total, **headers)
    with pytest.raises(SourceUnavailable, match="Nothing was landed; it is read again"):
        pull(world, "van_ban", caller, "2025-02-01")
    assert world.rows("SELECT count(*) FROM ops.batch") == [(0,)]
    assert [path for path in Path(world.folder).rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ((b"{}", 0, 503), SourceUnavailable, "HTTP 503"),
        ((b"{}", 0, 429), SourceUnavailable, "HTTP 429"),
        ((b"{}", 0, 403), SourceRefused, "HTTP 403: the token is not accepted"),
        ((b"<html>", 0, 404), SourceUnavailable, "HTTP 404, the answer is no JSON"),
        ((b"<html>Xin chao</html>\n", "", 200), SourceRefused, "X-Tong-So is empty.*is this the address"),
    ],
)
def test_other_answers_say_what_they_are(answering, answer, error, says):
    with pytest.raises(error, match=says):
        answering(*answer).download("/xuat/van-ban", None, datetime(2025, 2, 1))


def test_an_export_as_at_another_moment_is_not_taken(answering):
    caller = answering(WHOLE, 2, X_Thoi_Diem="20250131000000")
    with pytest.raises(SourceRefused, match=r"X-Thoi-Diem 20250131000000\. Expected .* 20250201000000"):
        caller.download("/xuat/van-ban", None, datetime(2025, 2, 1))


def test_a_window_in_which_nothing_changed_moves_the_watermark(answering, world: World):
    units_known(world)
    columns = ",".join(c.name for c in contract_of("van_ban").staged)
    for moment in ("2025-02-01", "2025-02-02"):
        stamp = moment.replace("-", "") + "000000"
        caller = answering(f"{columns}\n".encode(), 0, X_Thoi_Diem=stamp)
        batch_id = pull(world, "van_ban", caller, moment)
        validate(world.engine, batch_id)
        batch, _ = load(world.engine, batch_id)
        assert (batch.lines_read, batch.stated_total, batch.lines_accepted) == (0, 0, 0)
        assert watermark(world.engine, "van_ban") == datetime.fromisoformat(moment)

"""A source's totals by month of receipt beside what core holds: equal, explained, different, unknown."""

import json
from datetime import datetime

import pytest

from cchc.contracts import contract_of
from cchc.errors import BadDefinition, SourceDiffers, SourceRefused, SourceUnavailable
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.sources.client import BY_MONTH
from cchc.sources.landing import land_api
from cchc.sources.qlvb import QlvbClient
from cchc.sources.reconciliation import Month, compare, reconcile, reconciled_datasets
from cchc.sources.tthc import TthcClient
from tests.sources.lying_source import LIST, MODES, Mode, Reply, in_json, lying
from tests.sources.test_qlvb import listening
from tests.world import World, code
from tools.qlvb_simulator import server as qlvb_server
from tools.qlvb_simulator import source as qlvb_source
from tools.qlvb_simulator.generate import Settings as DocumentSettings
from tools.tthc_simulator import server as tthc_server
from tools.tthc_simulator import source as tthc_source
from tools.tthc_simulator.generate import Settings

MARCH, APRIL = "2025-03", "2025-04"


class Stating(TthcClient):
    """A system that states these totals; None: it cannot."""

    def __init__(self, totals: dict[str, int] | None) -> None:
        super().__init__("http://127.0.0.1:9", "kho", "bi-mat")
        self.totals = totals

    def months(self, path: str, until: datetime) -> dict[str, int] | None:
        assert (path, until) == ("/api/ho-so", datetime(2025, 5, 1))
        return self.totals


@pytest.fixture
def pulled(province: World) -> World:
    """Dossiers 1 to 3 of March, 4 of April, 5 not received yet."""
    received = {"ngay_tiep_nhan": "20250402090000", "ngay_nop_ho_so": "20250402080000"}
    received |= {"ngay_hen_tra": "20250412090000", "ngay_cap_nhat": "20250402090000"}
    new = {"ngay_tiep_nhan": "", "ngay_hen_tra": "", "trang_thai_ho_so": "1"}
    batch = province.add(*[{}] * 3, received, new, at="2025-05-01")
    assert batch.lines_accepted == 5
    pretend_pulled(province)
    return province


def pretend_pulled(world: World) -> None:
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.batch SET window_to = '2025-05-01' WHERE dataset = 'ho_so'")


def recorded(world: World) -> list[tuple]:
    return world.rows(
        "SELECT month, source_total, core_total, rejected_total, state FROM ops.reconciliation "
        "WHERE dataset = 'ho_so' AND as_of = '2025-05-01' ORDER BY month"
    )


HO_SO = contract_of("ho_so")


def test_what_the_source_states_is_kept_beside_what_core_holds(pulled: World):
    found = reconcile(pulled.engine, HO_SO, Stating({MARCH: 3, APRIL: 1, "": 1}))
    assert found == [
        Month("", 1, 1, 0, "equal"),
        Month(MARCH, 3, 3, 0, "equal"),
        Month(APRIL, 1, 1, 0, "equal"),
    ]
    assert recorded(pulled) == [tuple(vars(month).values()) for month in found]


def test_a_difference_is_recorded_and_told(pulled: World):
    # Two dossiers of March left the list while two others entered it; nobody could see that.
    with pytest.raises(SourceDiffers, match="2025-03: source 5, warehouse 3, rejected 0") as told:
        reconcile(pulled.engine, HO_SO, Stating({MARCH: 5, APRIL: 1, "": 1}))
    assert "2025-04" not in str(told.value)
    assert len(str(told.value).splitlines()) == 1
    assert [row[-1] for row in recorded(pulled)] == ["equal", "differs", "equal"]
    # The source was right in the meantime: the same moment again replaces what was recorded.
    reconcile(pulled.engine, HO_SO, Stating({MARCH: 3, APRIL: 1, "": 1}))
    assert [row[-1] for row in recorded(pulled)] == ["equal", "equal", "equal"]


def test_a_month_that_only_one_side_knows_is_a_difference(pulled: World):
    with pytest.raises(
        SourceDiffers, match=r"no month: source 0, warehouse 1.*2025-06: source 2, warehouse 0"
    ):
        reconcile(pulled.engine, HO_SO, Stating({MARCH: 3, APRIL: 1, "2025-06": 2}))


def test_a_source_that_cannot_say_is_unknown_and_not_equal(pulled: World):
    reconcile(pulled.engine, HO_SO, Stating(None))
    assert recorded(pulled) == [
        ("", None, 1, 0, "unknown"),
        (MARCH, None, 3, 0, "unknown"),
        (APRIL, None, 1, 0, "unknown"),
    ]


def test_what_was_rejected_explains_what_is_missing_and_no_more(province: World):
    nobody_s = {"don_vi_xu_ly": "000.99.99.H59"}
    batch = province.add(*[{}] * 40, nobody_s, {"ma_ho_so": ""}, at="2025-05-01")
    assert (batch.lines_accepted, batch.lines_rejected) == (40, 2)
    pretend_pulled(province)
    assert reconcile(province.engine, HO_SO, Stating({MARCH: 42})) == [Month(MARCH, 42, 40, 2, "explained")]
    with pytest.raises(SourceDiffers):
        reconcile(province.engine, HO_SO, Stating({MARCH: 43}))
    with pytest.raises(SourceDiffers):
        reconcile(province.engine, HO_SO, Stating({MARCH: 39}))
    # Corrected since: the line of dossier 41 that was rejected explains nothing any more.
    corrected = {"ma_ho_so": code(41), "ngay_cap_nhat": "20250306090000"}
    province.add(corrected, at="2025-05-01")
    assert reconcile(province.engine, HO_SO, Stating({MARCH: 42})) == [Month(MARCH, 42, 41, 1, "explained")]


def test_a_dossier_whose_newest_state_was_rejected_counts_in_that_states_month(province: World):
    new = {"ngay_tiep_nhan": "", "ngay_hen_tra": "", "trang_thai_ho_so": "1"}
    province.add(*[{}] * 40, new, at="2025-05-01")
    received = {"ma_ho_so": code(41), "don_vi_xu_ly": "000.99.99.H59", "ngay_cap_nhat": "20250406090000"}
    province.add(*[{}] * 40, received | {"ngay_tiep_nhan": "20250402090000"}, at="2025-05-01")
    pretend_pulled(province)
    found = reconcile(province.engine, HO_SO, Stating({MARCH: 40, APRIL: 1}))
    assert found == [Month(MARCH, 40, 40, 0, "equal"), Month(APRIL, 1, 0, 1, "explained")]


def test_a_rejected_line_without_a_readable_month_may_belong_to_any():
    core, rejected = {MARCH: 5}, {"": 1}
    states = {m.month: m.state for m in compare({MARCH: 6}, core, rejected)}
    assert states[MARCH] == "explained"
    states = {m.month: m.state for m in compare({MARCH: 7}, core, rejected)}
    assert states[MARCH] == "differs"


def test_one_rejected_line_without_a_month_explains_one_missing_thing_not_one_in_every_month():
    core, rejected = {"2025-02": 10, MARCH: 10, APRIL: 10}, {"": 1, APRIL: 2}
    stated = {"2025-02": 11, MARCH: 11, APRIL: 12}
    states = {m.month: m.state for m in compare(stated, core, rejected)}
    # April's own two explain April; of the other two months nobody knows which.
    assert states == {"": "equal", "2025-02": "differs", MARCH: "differs", APRIL: "explained"}
    states = {m.month: m.state for m in compare(stated | {MARCH: 10}, core, rejected)}
    assert states == {"": "equal", "2025-02": "explained", MARCH: "equal", APRIL: "explained"}
    # What is missing in no month is one of them, too.
    states = {m.month: m.state for m in compare(stated | {"": 1, MARCH: 10}, core, rejected)}
    assert states == {"": "differs", "2025-02": "differs", MARCH: "equal", APRIL: "explained"}


def test_a_source_that_could_say_its_totals_and_cannot_any_more_is_told(pulled: World):
    reconcile(pulled.engine, HO_SO, Stating({MARCH: 3, APRIL: 1, "": 1}))
    with pytest.raises(SourceDiffers, match="stated totals by month before and says now that it has no such"):
        reconcile(pulled.engine, HO_SO, Stating(None))
    assert {row[-1] for row in recorded(pulled)} == {"unknown"}


def test_before_the_first_load_there_is_nothing_to_compare(province: World):
    assert reconcile(province.engine, HO_SO, Stating({MARCH: 1})) == []
    assert recorded(province) == []


def test_a_list_without_a_month_of_receipt_is_not_compared(province: World):
    assert reconciled_datasets("tthc") == ["ho_so", "danh_gia", "qua_trinh"]
    assert reconciled_datasets("qlvb") == ["van_ban", "ho_so_cong_viec"]
    with pytest.raises(BadDefinition, match=r"Dataset don_vi has no api\.received"):
        reconcile(province.engine, contract_of("don_vi"), Stating({}))


# What a source answers ------------------------------------------------------------------------


def asked_of(monkeypatch: pytest.MonkeyPatch, reply: Reply) -> dict[str, int] | None:
    lie = Mode("", "", "", lambda asked: reply if asked.path == LIST + BY_MONTH else None)
    monkeypatch.setitem(MODES, "totals", lie)
    with lying("totals") as (client, _):
        return client.months(LIST, datetime(2025, 5, 1))


def totals(*months: tuple[object, object], **other: object) -> Reply:
    listed = [{"thang": month, "tong_so": total} for month, total in months]
    stated = sum(int(str(total)) for _, total in months if str(total).isdecimal())
    return in_json({"thoi_diem": "20250501000000", "tong_so": stated, "data": listed} | other)


def test_totals_by_month_are_read(monkeypatch):
    assert asked_of(monkeypatch, totals((MARCH, 3), (None, "2"))) == {MARCH: 3, "": 2}
    assert asked_of(monkeypatch, totals()) == {}


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_source_without_totals_cannot_say(monkeypatch, status: int):
    assert asked_of(monkeypatch, Reply(b"<html>", status)) is None


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (totals((MARCH, 3), tong_so=4), SourceUnavailable, "tong_so is 4 and the months add up to 3"),
        (totals((MARCH, 3), thoi_diem="20250401000000"), SourceUnavailable, "and 20250501000000 was asked"),
        (totals((MARCH, 3), thoi_diem=None), SourceUnavailable, "thoi_diem is not there"),
        (totals((MARCH, 3), (MARCH, 3)), SourceRefused, "no list of months"),
        (totals(("2025-13", 3)), SourceRefused, "no list of months"),
        (totals(("0000-05", 3)), SourceRefused, "no list of months"),
        (totals((None, 3), ("", 3)), SourceRefused, "no list of months"),
        (
            totals(*((f"{1900 + n // 12}-{n % 12 + 1:02d}", 1) for n in range(1001))),
            SourceRefused,
            "each once, up to 1000",
        ),
        (
            totals((MARCH, 3), error_code="9", message="x"),
            SourceRefused,
            r"error_code 9, message \(chữ, 1 ký tự\)",
        ),
        (totals((MARCH, 3), error_code=None), SourceRefused, "error_code not there"),
        (
            Reply(totals((MARCH, 3)).body.replace(b'"tong_so"', b'"tong_so": 4, "tong_so"')),
            SourceUnavailable,
            "no JSON",
        ),
        (totals((3, 3)), SourceRefused, "no list of months"),
        (totals((MARCH, "ba")), SourceRefused, r"tong_so is \(chữ, 2 ký tự\)"),
        (totals(data={}), SourceRefused, "no list of months"),
        (totals(data=[1]), SourceRefused, "no list of months"),
        (totals(data=None), SourceRefused, "no list of months"),
        (in_json([]), SourceUnavailable, "no JSON object"),
        (
            Reply(json.dumps({"message": "khong"}).encode(), 400),
            SourceRefused,
            "HTTP 400: khong",
        ),
        (Reply(b"x", 503), SourceUnavailable, "HTTP 503 after all retries"),
    ],
)
def test_totals_that_are_none_are_told(monkeypatch, reply: Reply, kind: type[Exception], says: str):
    with pytest.raises(kind, match=says):
        asked_of(monkeypatch, reply)


# The simulated sources ------------------------------------------------------------------------


@pytest.mark.long
def test_the_simulated_sources_with_all_their_defects_differ_in_nothing(world: World):
    moments = [datetime(2025, 2, 1), datetime(2025, 4, 1)]
    dossiers = tthc_source.generate(Settings(per_month=300))
    office = qlvb_source.generate(DocumentSettings(van_ban_moi_thang=300, ho_so_moi_thang=150, den="2025-03"))
    states: dict[str, set[str]] = {}
    with (
        listening(tthc_server.create_app(dossiers, "kho", "bi-mat")) as tthc,
        listening(qlvb_server.create_app(office, "kho", "bi-mat")) as qlvb,
    ):
        clients = {"tthc": (TthcClient, tthc), "qlvb": (QlvbClient, qlvb)}

        def client(dataset: str):
            kind, address = clients[contract_of(dataset).api.system]
            return kind(address, "kho", "bi-mat", retry_total=0)

        for until in moments:
            for dataset in ("don_vi", "tthc", *reconciled_datasets("tthc"), *reconciled_datasets("qlvb")):
                contract = contract_of(dataset)
                batch_id = land_api(
                    world.engine, world.folder / "landing", contract, client(dataset), until
                ).batch_id
                validate(world.engine, batch_id)
                load(world.engine, batch_id)
        for dataset in (*reconciled_datasets("tthc"), *reconciled_datasets("qlvb")):
            found = reconcile(world.engine, contract_of(dataset), client(dataset))
            states[dataset] = {month.state for month in found}
            assert (
                0
                <= sum(month.source - month.core for month in found)
                <= sum(month.rejected for month in found)
            )
            assert sum(month.core for month in found) > 50
        assert all(state <= {"equal", "explained"} for state in states.values()), states
        assert "equal" in states["ho_so"] and "explained" in states["ho_so"]
        # What somebody deletes in the warehouse is missed.
        with world.engine.begin() as connection:
            connection.exec_driver_sql(
                "DELETE FROM core.ho_so WHERE ma_ho_so IN (SELECT ma_ho_so FROM core.ho_so "
                "WHERE ngay_tiep_nhan < '2025-02-01' ORDER BY ma_ho_so LIMIT 30)"
            )
        with pytest.raises(SourceDiffers, match=r"ho_so, as at 2025-04-01 00:00:00: .*2025-01: source"):
            reconcile(world.engine, contract_of("ho_so"), client("ho_so"))

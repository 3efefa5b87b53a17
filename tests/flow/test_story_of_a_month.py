"""The story of a month through a real Airflow: asked, confirmed, closed by two people, changed, restated."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from cchc.commands.airflow_api import AirflowApi, AirflowApiError
from cchc.database_roles import close_to_public
from cchc.publication.evidence import write_evidence
from cchc.publication.ledger import faults
from cchc.publication.rebuild import rebuild
from tests.conftest import _database, engine_for_tests
from tests.figures.test_refresh import BASE, on
from tests.flow.running_airflow import RunningAirflow, running_airflow, wait_until
from tests.flow.test_real_run import deliver
from tests.registers.organisations import called, organise, unit
from tests.registers.organisations import on as at_unit
from tests.registers.organisations import write as register
from tests.world import SO, XA, World, code
from tools.local.publishing import settle

pytestmark = pytest.mark.stack

KY = "2025-01"
PROVINCE = "TONG:toan_tinh"
DAGS = (
    "ingest_file",
    "refresh_chi_so",
    "confirm_chi_so",
    "publish_chi_so",
    "restate_chi_so",
    "except_chi_so",
)
WHY = "Dữ liệu thử, chưa đối chiếu"
STATE = "SELECT trang_thai, revision, nguoi, nguoi_duyet FROM mart.cong_bo WHERE ky = '2025-01'"
T9 = (
    "SELECT tu_so, mau_so, revision FROM mart.chi_so WHERE ky_loai = 'thang' AND ky = :ky "
    "AND ma_chi_so = 'T9' AND ma_don_vi = :u"
)


@pytest.fixture(scope="module")
def engine(postgres, template) -> Iterator[sa.Engine]:
    with contextlib.contextmanager(_database)(postgres, template) as dsn:
        engine = engine_for_tests(dsn)
        with engine.begin() as connection:
            close_to_public(connection)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def airflow(postgres, engine, tmp_path_factory) -> Iterator[RunningAirflow]:
    folder = tmp_path_factory.mktemp("story")
    with running_airflow(
        folder, postgres, engine.url.database, CCHC_FORM_KEY=os.environ["CCHC_FORM_KEY"]
    ) as running:
        for dag_id in DAGS:
            running.api.unpause(dag_id)
        yield running


@pytest.fixture
def world(engine, airflow) -> World:
    return World(engine, airflow.home.path)


@pytest.fixture
def elsewhere(postgres, template) -> Iterator[sa.Engine]:
    """A warehouse without data, as on another machine, as its owner."""
    with contextlib.contextmanager(_database)(postgres, template) as dsn:
        engine = engine_for_tests(postgres.dsn(sa.make_url(dsn).database, "cchc_owner", driver="psycopg2"))
        yield engine
        engine.dispose()


class People:
    """Those who answer, each with a login of Airflow of their own."""

    def __init__(self, airflow: RunningAirflow) -> None:
        self.admin = airflow.api
        self.can_bo = AirflowApi(airflow.address, "can_bo", airflow.passwords["can_bo"])
        self.cua_don_vi = AirflowApi(airflow.address, "cua_don_vi", airflow.passwords["cua_don_vi"])


def asked(airflow: RunningAirflow, run: dict[str, Any]) -> dict[str, Any]:
    """The question that a run waits for, as Airflow shows it."""
    found = wait_until(
        lambda: [
            question
            for question in airflow.api.questions(run)
            if question["task_instance"]["state"] == "awaiting_input"
        ],
        "a question",
    )
    settle(airflow.api, found[0])
    return found[0]


def succeeded(airflow: RunningAirflow, *runs: dict[str, Any]) -> None:
    for run in airflow.ended(*runs):
        assert run["state"] == "success", airflow.log_of(run)


def refused(who: AirflowApi, question: dict[str, Any]) -> None:
    with pytest.raises(AirflowApiError, match="403"):
        who.answer(question, approve=True, reason=WHY)


def test_a_month_is_provisional_confirmed_closed_changed_and_restated(
    airflow, world: World, elsewhere, tmp_path
):
    people = People(airflow)
    # The dossier of January at X, which 84.a is taken for, and later 84.b.
    before, after = (
        register(airflow.home.path / ma, [unit("84.a"), unit("84.b")], [], [called("X", ma)])
        for ma in ("84.a", "84.b")
    )
    world.dimensions()
    organise(world, before)
    world.add(*BASE, at_unit("2025-01-20", "X", 40))
    world.refresh_all()
    with world.engine.begin() as connection:
        for name, of in (("admin", None), ("can_bo", None), ("cua_don_vi", SO)):
            connection.execute(sa.text("SELECT ops.gan_nguoi_xem(:name, :unit)"), {"name": name, "unit": of})

    # Nobody answers within a minute: published as provisional, and told. Meanwhile the unit confirms.
    silent = airflow.api.trigger("publish_chi_so", conf={"ky": KY, "cho_phut": 1})
    confirming = airflow.api.trigger("confirm_chi_so", conf={"ky": KY})
    question = asked(airflow, confirming)
    assert question["subject"] == "Xác nhận con số tháng 01/2025 của đơn vị"
    assert "Sở Xây dựng" in question["body"]
    refused(people.can_bo, question)
    people.cua_don_vi.answer(question, approve=True)
    succeeded(airflow, confirming)
    confirmed = (
        "SELECT ma_don_vi, trang_thai, nguoi FROM mart.xac_nhan WHERE ky = :ky AND ma_don_vi = ANY(:u) "
    )
    assert world.rows(f"{confirmed} ORDER BY 1", ky=KY, u=[SO, XA]) == [
        (SO, "da_xac_nhan", "cua_don_vi"), (XA, "chua", None),
    ]  # fmt: skip
    succeeded(airflow, silent)
    assert world.rows(STATE) == [("tam_cong_bo", 0, "admin", None)]
    assert "được công bố tạm" in airflow.log_of(silent)

    # Closed with the approval of another person, who has to say why it is closed over what is missing.
    closing = airflow.api.trigger("publish_chi_so", conf={"ky": KY})
    question = asked(airflow, closing)
    assert "Mọi đơn vị đã xác nhận con số của mình" in question["body"]
    refused(people.admin, question)
    refused(people.cua_don_vi, question)
    people.can_bo.answer(question, approve=True)
    [why] = wait_until(
        lambda: world.rows("SELECT khong_nhan FROM ops.de_nghi WHERE khong_nhan IS NOT NULL"), "a refusal"
    )
    assert "chốt thì phải nêu lý do" in why[0]
    people.can_bo.answer(asked(airflow, closing), approve=True, reason=WHY)
    succeeded(airflow, closing)
    assert world.rows(STATE) == [("da_chot", 0, "admin", "can_bo")]
    assert world.rows(T9, ky=KY, u=PROVINCE) == [(2, 2, 0)]

    # Two late exports, one of them with a correction, and a unit that another one takes the place of.
    late = world.dossiers(on("0112", 6, don_vi_xu_ly=XA, kenh_thuc_hien="1", ngay_cap_nhat="20250330000000"))
    corrected = BASE[0] | {"kenh_thuc_hien": "1", "ngay_cap_nhat": "20250402000000"}
    more = world.dossiers(on("0114", 7, don_vi_xu_ly=XA, ngay_cap_nhat="20250401000000"), corrected)
    for path, moment in ((late, "2025-04-01T00:00:00"), (more, "2025-04-03T00:00:00")):
        succeeded(airflow, deliver(airflow, "ho_so", path, extracted_at=moment))
    succeeded(
        airflow, *(airflow.api.trigger("refresh_chi_so", conf={"ky": ky}) for ky in organise(world, after))
    )
    waits = "SELECT count(*) FROM ops.period WHERE changed <> refreshed"
    wait_until(lambda: world.rows(waits) == [(0,)], "refreshes")
    assert world.rows(T9, ky=KY, u=PROVINCE) == [(2, 2, 0)]
    parts = (
        "SELECT nguyen_nhan, tu_so, mau_so, so_dong FROM mart.chi_so_thay_doi WHERE ky_loai = 'thang' "
        "AND ky = :ky AND ma_chi_so = 'T9' AND ma_don_vi = :u AND den_revision IS NOT DISTINCT FROM :to "
        "ORDER BY 1"
    )
    # By hand: 6 (on paper) and 7 (online) are late, 1 is on paper now. 2/2 becomes 2/4; of it 1/1 goes from
    # one unit to the other.
    by_hand = [("den_muon", 1, 2, 2), ("sua_o_nguon", -1, 0, 1)]
    assert world.rows(parts, ky=KY, u=PROVINCE, to=None) == by_hand

    # A dry run changes nothing; then it is asked, and published as the next revision.
    dry = airflow.api.trigger("restate_chi_so", conf={"ky": KY, "ly_do": "Hồ sơ nộp muộn", "thu": True})
    succeeded(airflow, dry)
    assert "T9: 2/2 = 100.00 → 2/4 = 50.00; den_muon +1/+2, 2 rows" in airflow.log_of(dry)
    assert world.rows(STATE) == [("da_chot", 0, "admin", "can_bo")]
    restating = airflow.api.trigger(
        "restate_chi_so", conf={"ky": KY, "ly_do": "Hồ sơ nộp muộn", "thu": False}
    )
    question = asked(airflow, restating)
    refused(people.admin, question)
    people.can_bo.answer(question, approve=True)
    succeeded(airflow, restating)
    assert world.rows(T9, ky=KY, u=PROVINCE) == [(2, 4, 1)]
    assert world.rows(parts, ky=KY, u=PROVINCE, to=1) == by_hand

    # Every edition stays readable, with its rows; the triangle says what became of the first figure.
    assert world.rows(
        "SELECT trang_thai, revision, tu_so, mau_so FROM mart.chi_so_lich_su WHERE ky_loai = 'thang' "
        "AND ky = :ky AND ma_chi_so = 'T9' AND ma_don_vi = :u ORDER BY so_cai",
        ky=KY, u=PROVINCE,
    ) == [("tam_tinh", 0, 2, 2), ("da_chot", 0, 2, 2), ("da_chot", 1, 2, 4)]  # fmt: skip
    behind = "SELECT dong FROM mart.ho_so_cua_chi_so('T9', 'thang', :ky, :u, :r, 'mau_so') ORDER BY 1"
    for revision, numbers in ((0, (1, 40)), (1, (1, 6, 7, 40))):
        rows = world.rows(behind, ky=KY, u=PROVINCE, r=revision)
        assert [row[0] for row in rows] == sorted(code(n) for n in numbers)
    for ma, revisions in (("84.a", ([code(40)], [])), ("84.b", ([], [code(40)]))):
        for revision, expected in enumerate(revisions):
            assert [row[0] for row in world.rows(behind, ky=KY, u=ma, r=revision)] == expected
    assert world.rows(
        "SELECT revision, gia_tri_dau, gia_tri, sua_doi FROM mart.tam_giac_sua_doi WHERE ky_loai = 'thang' "
        "AND ky = :ky AND ma_chi_so = 'T9' AND ma_don_vi = :u ORDER BY 1",
        ky=KY, u=PROVINCE,
    ) == [(0, 100, 100, 0), (1, 100, 50, -50)]  # fmt: skip

    # The evidence is rebuilt elsewhere with equal hashes.
    archive = write_evidence(world.engine, KY, tmp_path).path
    result = rebuild(elsewhere, archive, airflow.home.landing, say=lambda _: None)
    assert [str(line) for line in result.lines if line.state != "equal"] == []
    assert result.equal

    # Nobody alters the ledger: the owner is refused, and who passes by the triggers is found.
    with world.engine.connect() as connection:
        assert faults(connection) == []
    alter = "UPDATE ops.so_cai SET ly_do = 'Lý do khác' WHERE loai = 'chot'"
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), world.engine.begin() as connection:
        connection.exec_driver_sql(alter)
    with world.engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL session_replication_role = replica; {alter}")
        assert faults(connection) == ["entry 3 (chot 2025-01) is not what its hash says"]
        connection.rollback()

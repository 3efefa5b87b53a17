"""Who confirms, who closes, over what, and what a lock exception lets in."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.publication.closing import close, publish_provisionally, restate
from cchc.publication.conditions import conditions
from cchc.publication.confirming import confirm
from cchc.publication.exceptions import permit, restate_permitted
from cchc.publication.ledger import entries, faults
from cchc.publication.question_texts import About
from cchc.publication.questions import (
    Place,
    answer_at,
    ask,
    month_to_close,
    month_to_confirm,
    take_answer,
    units_to_ask,
)
from cchc.publication.waiting import waiting
from tests.figures.test_refresh import BASE, LATE, on
from tests.registers.organisations import organise, step, unit, write
from tests.world import HUYEN, SO, XA, World

KY = "2025-01"
BY = {"by": "chi_cuc", "approved_by": "giam_doc"}
WHY = {"reason": "Dữ liệu thử"}
AT = Place("publish_chi_so", "manual__1", "ask")
TO_CLOSE = About("chot", KY)
STATES = "SELECT ma_don_vi, trang_thai FROM mart.xac_nhan WHERE ky = '2025-01' ORDER BY ma_don_vi"


@pytest.fixture
def counted(province: World) -> World:
    """Three months with five dossiers, refreshed."""
    province.add(*BASE)
    province.refresh_all()
    return province


@pytest.fixture
def people(counted: World) -> World:
    """Two who answer for the province, one for the sở."""
    with counted.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM ops.nguoi_xem; DELETE FROM ops.de_nghi"))
        for name, unit in (("lan", None), ("minh", None), ("hoa", SO)):
            connection.execute(
                sa.text("SELECT ops.gan_nguoi_xem(:name, :unit)"), {"name": name, "unit": unit}
            )
    return counted


def missing(world: World, ky: str = KY) -> dict[str, int]:
    with world.engine.connect() as connection:
        return {c.ma: c.thieu for c in conditions(connection, ky) if not c.dat}


# The list before closing -----------------------------------------------------------------------


def test_the_list_says_how_much_of_what_is_missing(counted):
    # By hand: seven datasets that are pulled, 31 days each; five that are compared; three units.
    assert missing(counted) == {"du_lieu": 217, "doi_chieu": 5, "khai_bao": 3, "xac_nhan": 3}
    assert missing(counted, "2025-03") == {
        **{"thang_truoc": 2, "du_lieu": 217, "doi_chieu": 5, "khai_bao": 3, "xac_nhan": 3}
    }


def test_over_what_is_missing_a_month_is_closed_with_a_reason_only(counted):
    with pytest.raises(CchcError, match=r"Month 2025-01 is not complete: Nguồn đã có dữ liệu.*thiếu 217"):
        close(counted.engine, KY, **BY)
    entry = close(counted.engine, KY, **BY, **WHY).entry
    assert {each["ma"]: each["so"] for each in entry.content["thieu"]} == {
        **{"du_lieu": 217, "khai_bao": 3, "doi_chieu": 5, "xac_nhan": 3}
    }


def test_no_reason_helps_for_a_month_that_is_not_over(counted):
    today = datetime.now(UTC) + timedelta(hours=7)
    with counted.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO ops.period (ky) VALUES (:now)"), {"now": f"{today:%Y-%m}"})
    assert missing(counted, f"{today:%Y-%m}")["het_thang"] == 1


@pytest.mark.parametrize(("state", "thieu"), [("equal", 0), ("explained", 0), ("differs", 5), ("unknown", 5)])
def test_a_comparison_counts_when_it_was_made_and_agrees(counted, state, thieu):
    with counted.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO ops.reconciliation (dataset, as_of, month, source_total, core_total, "
                "rejected_total, state) SELECT dataset, '2025-02-02', '2025-01', CASE CAST(:state AS text) "
                "WHEN 'unknown' THEN NULL WHEN 'equal' THEN 3 ELSE 4 END, 3, 1, :state "
                "FROM core.bo_du_lieu_keo WHERE doi_chieu"
            ),
            {"state": state},
        )
    assert missing(counted).get("doi_chieu", 0) == thieu


@pytest.mark.parametrize("allowed", [0, 1])
def test_rejected_lines_are_counted_and_some_may_be_allowed(world: World, allowed):
    province = world.dimensions()
    unknown = on("0111", 40, don_vi_xu_ly="000.00.88.H59")
    province.ingest("ho_so", province.dossiers(*(on("0110", n) for n in range(1, 31)), unknown), "2025-04-01")
    province.refresh_all()
    with province.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE core.quy_tac_chot SET gia_tri = :n WHERE ma = 'loi_toi_da'"), {"n": allowed}
        )
    assert missing(province).get("loi") == (None if allowed else 1)


@pytest.mark.parametrize(
    "reason", ["Chị Nguyễn Thị Hoa gửi muộn", "Gọi 0903 718 264", "Hai\ndòng", "a" * 1001]
)
def test_a_reason_names_nobody_and_is_one_line(counted, reason):
    with pytest.raises(CchcError, match="The reason is not taken, and stands nowhere"):
        close(counted.engine, KY, **BY, reason=reason)
    assert counted.rows("SELECT count(*) FROM ops.so_cai") == [(0,)]


# A unit confirms -------------------------------------------------------------------------------


def test_a_unit_confirms_its_figures_and_no_others(counted):
    confirm(counted.engine, KY, SO, "hoa")
    confirm(counted.engine, KY, XA, "tam", agree=False, reason="Thiếu hồ sơ")
    assert counted.rows(STATES) == [(SO, "da_xac_nhan"), (HUYEN, "chua"), (XA, "tu_choi")]
    assert missing(counted)["xac_nhan"] == 2
    # The commune's late dossier changes its figures and not the sở's.
    confirm(counted.engine, KY, XA, "tam")
    counted.add(LATE)
    counted.refresh_all()
    assert counted.rows(STATES) == [(SO, "da_xac_nhan"), (HUYEN, "chua"), (XA, "da_doi")]
    with counted.engine.connect() as connection:
        assert [(e.kind, e.unit, e.by, e.content["dong_y"]) for e in entries(connection)] == [
            ("xac_nhan", SO, "hoa", True), ("xac_nhan", XA, "tam", False), ("xac_nhan", XA, "tam", True),
        ]  # fmt: skip
        assert faults(connection) == []


@pytest.mark.parametrize(
    ("ky", "unit", "says"),
    [
        (KY, "000.00.99.H59", "Unit '000.00.99.H59' has nothing to confirm for 2025-01"),
        (KY, "000.00.00.H59", "has nothing to confirm"),
        (KY, "TONG:xa", "has nothing to confirm"),
        ("2024-11", SO, "Month 2024-11 has no data"),
    ],
)
def test_what_cannot_be_confirmed(counted, ky, unit, says):
    with pytest.raises(CchcError, match=says):
        confirm(counted.engine, ky, unit, "hoa")


def test_a_closed_month_is_not_confirmed_any_more(counted):
    close(counted.engine, KY, **BY, **WHY)
    with pytest.raises(CchcError, match="Month 2025-01 is closed: there is nothing to confirm any more"):
        confirm(counted.engine, KY, SO, "hoa")


# Asked and answered ----------------------------------------------------------------------------


def test_who_asks_is_not_asked(people):
    assert ask(people.engine, AT, TO_CLOSE, "lan").people == ["minh"]
    assert ask(people.engine, AT, TO_CLOSE, None).people == ["lan", "minh"]
    assert ask(people.engine, AT, About("xac_nhan", KY, SO), "lan").people == ["hoa"]
    with pytest.raises(CchcError, match=r"Nobody can be asked about 2025-01 for unit 000\.01\.42\.H59"):
        ask(people.engine, AT, About("xac_nhan", KY, XA), "lan")


@pytest.mark.long
def test_for_a_unit_that_has_ended_whoever_took_its_place_answers(world: World, tmp_path):
    world.dimensions()
    ended, there = unit("84.a", den="2025-02-28"), unit("84.b", tu="2025-03-01")
    organise(world, write(tmp_path / "r", [ended, there], [step("84.a", "84.b", "2025-03-01")]))
    world.add(*BASE)
    world.refresh_all()
    with world.engine.begin() as connection:
        connection.execute(sa.text("SELECT ops.gan_nguoi_xem('mai', '84.b')"))
    assert ask(world.engine, AT, About("xac_nhan", KY, "84.a"), None).people == ["mai"]


@pytest.mark.parametrize(
    ("about", "by", "reason", "says"),
    [
        (TO_CLOSE, "lan", "Vì thế", "lan đã đề nghị: người khác trả lời"),
        (TO_CLOSE, "hoa", "Vì thế", "hoa không trả lời thay tỉnh được"),
        (TO_CLOSE, "MINH", "Vì thế", "MINH không trả lời thay tỉnh được"),
        (TO_CLOSE, "minh", " ", "chốt thì phải nêu lý do"),
        (TO_CLOSE, "minh", "Hỏi anh Trần Văn Nam", "có thể chứa tên người"),
        (About("xac_nhan", KY, SO), "minh", None, "minh không trả lời thay đơn vị 000.00.01.H59 được"),
        (About("chot", "2025-02"), "minh", "Vì thế", "Chưa chốt được. Các tháng trước đã chốt: thiếu 1"),
    ],
)
def test_an_answer_that_may_not_be_given_is_asked_for_again(people, about, by, reason, says):
    ask(people.engine, AT, about, "lan")
    assert says in take_answer(people.engine, AT, about, "dong_y", by, reason)
    with pytest.raises(CchcError, match="Nobody has answered ask of manual__1"):
        answer_at(people.engine, AT)
    # As the task does it: with the question stands why the answer before was not taken.
    ask(people.engine, AT, about, "lan")
    [told] = people.rows("SELECT khong_nhan FROM mart.de_nghi")
    assert says in told[0]


def test_an_answer_that_is_taken_leaves_nothing_of_the_one_before(people):
    ask(people.engine, AT, TO_CLOSE, "lan")
    assert take_answer(people.engine, AT, TO_CLOSE, "dong_y", "minh", " ")
    ask(people.engine, AT, TO_CLOSE, "lan")
    assert take_answer(people.engine, AT, TO_CLOSE, "dong_y", "minh", "Dữ liệu thử") is None
    assert people.rows("SELECT khong_nhan FROM ops.de_nghi") == [(None,)]


def test_an_answer_that_counts_is_kept(people):
    question = ask(people.engine, AT, TO_CLOSE, "lan")
    assert "Mọi đơn vị đã xác nhận con số của mình" in question.body
    assert take_answer(people.engine, AT, TO_CLOSE, "dong_y", "minh", " Dữ liệu thử ") is None
    found = answer_at(people.engine, AT)
    assert (found.reply, found.asked_by, found.by, found.reason) == ("dong_y", "lan", "minh", "Dữ liệu thử")
    assert people.rows("SELECT count(*) FROM mart.de_nghi") == [(0,)]
    # Asked again, it has no answer.
    ask(people.engine, AT, TO_CLOSE, "lan")
    with pytest.raises(CchcError, match="Nobody has answered"):
        answer_at(people.engine, AT)


def test_about_a_closed_month_nobody_is_asked(people):
    close(people.engine, KY, **BY, **WHY)
    for about in (TO_CLOSE, About("xac_nhan", KY, SO)):
        with pytest.raises(CchcError, match="Month 2025-01 is closed: there is nothing to ask about it"):
            ask(people.engine, AT, about, "lan")


def test_what_was_not_shown_is_not_restated(people):
    close(people.engine, KY, **BY, **WHY)
    people.add(LATE)
    people.refresh_all()
    shown = waiting(people.engine, KY)
    people.add(on("0113", 7, ngay_cap_nhat="20250330000000"), at="2025-04-02")
    with pytest.raises(CchcError, match="What waits for 2025-01 is not what was approved"):
        restate(people.engine, KY, **BY, reason="Nộp muộn", seen=shown.digest)
    assert people.figure("tiep_nhan", XA, KY) == (0, None)
    restate(people.engine, KY, **BY, reason="Nộp muộn", seen=waiting(people.engine, KY).digest)
    assert people.figure("tiep_nhan", XA, KY) == (1, None)


def test_a_hash_that_was_kept_tells_a_ledger_that_was_cut_off(people):
    kept = close(people.engine, KY, **BY, **WHY).entry.digest
    with people.engine.connect() as connection:
        assert faults(connection, kept) == []
        assert "no entry has the hash 00" in faults(connection, "00" * 32)[0]


def test_names_of_units_are_no_markup(people):
    [(name,)] = people.rows("SELECT ten_don_vi FROM core.don_vi WHERE ma_don_vi = :u", u=SO)
    rename = sa.text("UPDATE core.don_vi SET ten_don_vi = :name WHERE ma_don_vi = :u")
    with people.engine.begin() as connection:
        connection.execute(rename, {"u": SO, "name": "[x](http://x) |<b>"})
    try:
        body = ask(people.engine, AT, About("xac_nhan", KY, SO), None).body
    finally:
        with people.engine.begin() as connection:
            connection.execute(rename, {"u": SO, "name": name})
    assert "\\[x\\](http://x) \\|\\<b\\>" in body


def test_which_month_and_which_units_are_asked(people):
    assert (month_to_close(people.engine), month_to_confirm(people.engine)) == (KY, "2025-03")
    assert units_to_ask(people.engine, KY) == [SO]
    ask(people.engine, AT, TO_CLOSE, None)
    ask(people.engine, Place("confirm_chi_so", "r", "ask", 0), About("xac_nhan", "2025-03", SO), None)
    assert (month_to_close(people.engine), month_to_confirm(people.engine)) == ("2025-02", "2025-02")
    assert units_to_ask(people.engine, "2025-03") == []
    confirm(people.engine, KY, SO, "hoa")
    assert units_to_ask(people.engine, KY) == []


def test_without_an_answer_it_is_provisional_once_and_can_be_closed(people):
    done = publish_provisionally(people.engine, KY, "lich", "Hết hạn chưa ai trả lời")
    assert (done.entry.kind, done.entry.approved_by) == ("tam_cong_bo", None)
    assert people.rows("SELECT trang_thai FROM mart.cong_bo WHERE ky = '2025-01'") == [("tam_cong_bo",)]
    with pytest.raises(CchcError, match="was published provisionally before"):
        publish_provisionally(people.engine, KY, "lich", "Hết hạn chưa ai trả lời")
    people.add(LATE)
    people.refresh_all()
    # Provisional figures follow the data, and the rows that differ are kept when it is closed.
    assert people.figure("tiep_nhan", XA, KY) == (1, None)
    closed = close(people.engine, KY, **BY, **WHY)
    assert people.rows(
        "SELECT dong, con, nguyen_nhan FROM core.dong_cong_bo WHERE so_cai = :so AND fact = 'ho_so'",
        so=closed.entry.number,
    ) == [(LATE["ma_ho_so"], True, "den_muon")]
    with people.engine.connect() as connection:
        assert faults(connection) == []
    with pytest.raises(CchcError, match="is closed: what is closed is not published provisionally"):
        publish_provisionally(people.engine, KY, "lich", "Hết hạn chưa ai trả lời")


# Lock exceptions -------------------------------------------------------------------------------


def late_lines(unit: str, dataset: str, until: date) -> dict:
    return {"unit": unit, "dataset": dataset, "until": until, **BY, "reason": "Mất mạng"}


TODAY = datetime.now(UTC).date() + timedelta(days=1)


def test_late_lines_of_the_unit_go_in_without_being_asked_again(counted):
    close(counted.engine, KY, **BY, **WHY)
    entry = permit(counted.engine, KY, **late_lines(XA, "ho_so", TODAY))
    assert restate_permitted(counted.engine) == []
    counted.add(LATE)
    counted.refresh_all()
    [done] = restate_permitted(counted.engine)
    assert (done.entry.by, done.entry.approved_by) == ("chi_cuc", "giam_doc")
    assert done.entry.reason == f"Ngoại lệ (dòng sổ {entry.number}): Mất mạng"
    assert counted.figure("tiep_nhan", XA, KY) == (1, None)


@pytest.mark.parametrize(
    ("unit", "dataset"), [(SO, "ho_so"), (HUYEN, "ho_so"), (XA, "khai_bao"), (XA, "danh_gia")]
)
def test_of_another_unit_or_dataset_they_wait(counted, unit, dataset):
    close(counted.engine, KY, **BY, **WHY)
    permit(counted.engine, KY, **late_lines(unit, dataset, TODAY))
    counted.add(LATE)
    counted.refresh_all()
    assert restate_permitted(counted.engine) == []
    assert counted.figure("tiep_nhan", XA, KY) == (0, None)


def test_they_wait_beside_lines_that_nobody_permitted(counted):
    close(counted.engine, KY, **BY, **WHY)
    permit(counted.engine, KY, **late_lines(XA, "ho_so", TODAY))
    counted.add(LATE, on("0113", 7, ngay_cap_nhat="20250330000000"))
    counted.refresh_all()
    assert restate_permitted(counted.engine) == []


def test_they_wait_when_they_come_after_its_end(counted):
    close(counted.engine, KY, **BY, **WHY)
    permit(counted.engine, KY, **late_lines(XA, "ho_so", TODAY))
    counted.add(LATE)
    with counted.engine.begin() as connection:
        connection.execute(sa.text("UPDATE ops.batch SET landed_at = landed_at + interval '3 days'"))
    counted.refresh_all()
    assert restate_permitted(counted.engine) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"unit": "000.00.99.H59"}, "Unit '000.00.99.H59' is not known"),
        ({"dataset": "don_vi"}, "Dataset 'don_vi' goes into no figure"),
        ({"until": date(2025, 1, 1)}, "The exception would end on 2025-01-01, which is over"),
        ({"approved_by": "chi_cuc"}, "Nobody approves what they asked for"),
        ({"reason": " "}, "needs a reason"),
    ],
)
def test_what_cannot_be_permitted(counted, change, says):
    close(counted.engine, KY, **BY, **WHY)
    with pytest.raises(CchcError, match=says):
        permit(counted.engine, KY, **late_lines(XA, "ho_so", TODAY) | change)


def test_of_an_open_month_there_is_nothing_to_permit(counted):
    with pytest.raises(CchcError, match="Month 2025-01 is open"):
        permit(counted.engine, KY, **late_lines(XA, "ho_so", TODAY))

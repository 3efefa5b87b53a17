"""What people are asked about figures: who answers, about which figures, in which words."""

import pytest
import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.publication.closing import close
from cchc.publication.confirming import confirm
from cchc.publication.question_texts import About
from cchc.publication.questions import Place, answer_at, ask, take_answer
from cchc.publication.reasons import checked
from tests.figures.test_refresh import BASE, LATE, on
from tests.world import SO, XA, World

WHY = "Dữ liệu thử"
HERE = Place("dag", "run", "ask")
CLOSING, CONFIRMING = About("chot", "2025-01"), About("xac_nhan", "2025-01", SO)


@pytest.fixture
def counted(province: World) -> World:
    """January with figures; two people answer for the province, one for each of two units."""
    province.add(*BASE)
    province.refresh_all()
    with province.engine.begin() as connection:
        for name, unit in (("admin", None), ("can_bo", None), ("cua_so", SO), ("cua_xa", XA)):
            connection.execute(
                sa.text("SELECT ops.gan_nguoi_xem(:name, :unit)"), {"name": name, "unit": unit}
            )
    return province


@pytest.mark.parametrize("about", [CLOSING, CONFIRMING], ids=["chot", "xac_nhan"])
def test_an_answer_is_about_the_figures_that_were_shown(counted: World, about: About):
    by = "cua_so" if about.of_unit else "can_bo"
    ask(counted.engine, HERE, about, "admin")
    # Another dossier of the sở, loaded and not counted yet.
    counted.add(on("0113", 9))
    fault = take_answer(counted.engine, HERE, about, "dong_y", by, WHY)
    assert fault == "Con số tháng 2025-01 đã đổi từ lúc hỏi: xem con số mới rồi trả lời lại."
    with pytest.raises(CchcError, match="Nobody has answered"):
        answer_at(counted.engine, HERE)
    # It is asked again, with what it is now.
    ask(counted.engine, HERE, about, "admin")
    assert take_answer(counted.engine, HERE, about, "dong_y", by, WHY) is None


def test_a_unit_is_not_asked_again_for_what_changed_in_another_one(counted: World):
    ask(counted.engine, HERE, CONFIRMING, None)
    counted.add(on("0113", 9, don_vi_xu_ly=XA))
    assert take_answer(counted.engine, HERE, CONFIRMING, "dong_y", "cua_so", None) is None


@pytest.mark.parametrize("by", ["cua_xa", "can_bo", "admin", "CUA_SO", "cua_so ", "", None])
def test_nobody_else_answers_for_a_unit(counted: World, by: str | None):
    ask(counted.engine, HERE, CONFIRMING, None)
    assert "không trả lời thay đơn vị" in take_answer(counted.engine, HERE, CONFIRMING, "dong_y", by, None)


def test_who_was_untied_after_being_asked_does_not_answer(counted: World):
    ask(counted.engine, HERE, CONFIRMING, None)
    with counted.engine.begin() as connection:
        connection.exec_driver_sql("SELECT ops.bo_nguoi_xem('cua_so')")
    said = take_answer(counted.engine, HERE, CONFIRMING, "dong_y", "cua_so", None)
    assert said.startswith("cua_so không trả lời thay đơn vị")


@pytest.mark.parametrize("by", [" ", "\t"])
def test_nobody_confirms_without_a_name(counted: World, by: str):
    with pytest.raises(CchcError, match="Nobody confirms 2025-01"):
        confirm(counted.engine, "2025-01", SO, by)


# Written backwards, between the letters of a word, at its beginning.
@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\ufeff", "\u00ad"])
def test_a_reason_has_no_characters_that_nobody_sees(hidden: str):
    with pytest.raises(CchcError, match="ký tự không thấy được"):
        checked(f"Dữ {hidden}liệu thử")


@pytest.mark.parametrize(
    "about",
    [
        About("dinh_chinh", "2025-01", ly_do="<img src=x> [xem](http://x) **đậm**"),
        About("ngoai_le", "2025-01", "<b>", "[ho_so](http://x)", "**2025**", "Nộp <i>muộn"),
    ],
    ids=lambda about: about.loai,
)
def test_what_people_write_is_no_markup_in_a_question(counted: World, about: About):
    close(counted.engine, "2025-01", by="admin", approved_by="can_bo", reason=WHY)
    counted.add(LATE)
    body = ask(counted.engine, HERE, about, "admin").body.split("\n\nTháng vẫn chốt")[0]
    plain = body.split("\n\nCon số của toàn tỉnh")[0]
    for mark in "<[*":
        assert mark not in plain.replace(f"\\{mark}", "")

"""The guide for indicators, followed to the letter, keeps what it promises."""

import pytest

from tests.guides.following import Copy, follow, only

INDICATOR = "adding-an-indicator.md"
pytestmark = [pytest.mark.long, pytest.mark.stack]


@pytest.fixture(scope="module")
def with_indicator(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = Copy(tmp_path_factory.mktemp("indicator"))
    follow(copy, INDICATOR)
    copy.shell(*only(INDICATOR, "make docs"))
    return copy


def test_an_indicator_costs_two_files(with_indicator: Copy):
    assert with_indicator.touched == [
        "sql/indicators/buu_chinh.yaml",
        "tests/figures/test_indicators.py",
    ]
    with_indicator.check_style()


def test_its_case_passes(with_indicator: Copy):
    [line] = only(INDICATOR, "make test ARGS")
    assert "1 passed" in with_indicator.shell(line)


@pytest.mark.recount
def test_the_tests_that_list_indicators_take_it_in_and_the_recount_names_it(with_indicator: Copy):
    recount = ("-m", "pytest", "tests/figures/test_recount.py", "-k")
    printed = with_indicator.python(
        *recount,
        "of_its_own or late_dossier or up_to_date",
        *("tests/figures/test_refresh.py", "tests/docs/test_indicator_docs.py"),
    )
    assert "3 passed" in printed
    assert "not counted again in pandas: buu_chinh" in printed
    # One without a case is not let through.
    file = with_indicator.root / "sql" / "indicators" / "buu_chinh.yaml"
    other = file.with_stem("khong_co_ca")
    other.write_text(file.read_text(encoding="utf-8").replace("ma: buu_chinh", "ma: khong_co_ca"), "utf-8")
    try:
        with pytest.raises(AssertionError, match=r"assert \['khong_co_ca'\] == \[\]"):
            with_indicator.python(*recount, "of_its_own")
    finally:
        other.unlink()

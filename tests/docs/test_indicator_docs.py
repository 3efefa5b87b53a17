"""docs/indicators.md says what the indicator files say, of every one of them."""

from cchc.figures.definitions import indicators
from tools import indicator_docs


def test_the_page_is_up_to_date():
    page = indicator_docs.PAGE.read_text(encoding="utf-8")
    assert page == indicator_docs.render(), "docs/indicators.md is stale: run `make docs`"


def test_the_page_tells_clause_formula_caveats_and_target_of_each(definitions):
    definitions.change("T9", luu_y="Một lưu ý mới.", can_cu="Một căn cứ mới")
    page = indicator_docs.render()
    for i in indicators().values():
        for text in (i.ma, i.ten, i.can_cu, i.cach_tinh, i.luu_y):
            assert " ".join(text.replace("|", "\\|").split()) in page, (i.ma, text)
    assert "Một lưu ý mới." in page
    assert "≥ 60, 2025-01-01 to 2025-12-31" in page
    assert "FILTER (WHERE (tiep_nhan >= tu_ngay) AND (kenh_thuc_hien = 2))" in page


def test_a_stale_page_fails_the_check_and_is_written_again(tmp_path, monkeypatch, capsys):
    page = tmp_path / "indicators.md"
    page.write_text(indicator_docs.render().replace("T9", "T0"), encoding="utf-8")
    monkeypatch.setattr(indicator_docs, "PAGE", page)
    assert indicator_docs.main(["--check"]) == 1
    assert "make docs" in capsys.readouterr().err
    assert indicator_docs.main([]) == 0
    assert indicator_docs.main(["--check"]) == 0

"""A load file is completed from its contract; a column is never lost, and never of two types."""

import pytest

from cchc.contracts import Column, Contract, contract_of, contracts
from cchc.errors import BadDefinition
from cchc.judging.suites import suite_json
from cchc.loading import load_sql as completing
from cchc.loading.load_sql import core_types, load_sql
from cchc.repository import sql_file

BY_HAND = ["danh_gia", "khai_bao", "qua_trinh"]


def with_column(dataset: str, name: str, kind: str, *, personal: bool = False) -> Contract:
    contract = contract_of(dataset)
    column = Column(name=name, type=kind, personal=personal)
    return contract.model_copy(update={"columns": (*contract.columns, column)})


@pytest.fixture
def types(engine) -> dict[str, dict[str, str]]:
    with engine.connect() as connection:
        return {dataset: core_types(connection, dataset) for dataset in contracts()}


def test_every_load_file_writes_every_column_that_contract_and_table_share(types):
    for contract in contracts().values():
        assert load_sql(contract, types[contract.dataset])


# `so` and `first_day` are words of a load file, but no columns that it inserts.
@pytest.mark.parametrize("dataset", BY_HAND)
@pytest.mark.parametrize("name", ["muc_moi", "so", "first_day", "text"])
def test_column_that_a_file_written_by_hand_does_not_name_is_refused(types, dataset, name):
    with pytest.raises(
        BadDefinition, match=rf"^sql/load/{dataset}\.sql: .* the column {name}, which .* not write"
    ):
        load_sql(with_column(dataset, name, "text"), types[dataset] | {name: "text"})


@pytest.mark.parametrize("dataset", sorted(set(contracts()) - set(BY_HAND)))
def test_lists_made_from_the_contract_take_a_new_column_along(types, dataset):
    text = load_sql(with_column(dataset, "muc_moi", "int"), types[dataset] | {"muc_moi": "integer"})
    assert "muc_moi" in text


def test_column_left_out_with_but_and_not_written_by_hand_is_refused(types, monkeypatch):
    text = sql_file("load/van_ban.sql").replace("but da_xoa", "but da_xoa, han_xu_ly")
    monkeypatch.setattr(completing, "sql_file", lambda _: text)
    with pytest.raises(BadDefinition, match=r"sql/load/van_ban\.sql: .*han_xu_ly"):
        load_sql(contract_of("van_ban"), types["van_ban"])


def test_mark_that_a_formatter_moved_to_a_line_of_its_own_is_refused(types, monkeypatch):
    text = sql_file("load/van_ban.sql").replace("-- columns like huong\n", "\n -- columns like huong\n", 1)
    monkeypatch.setattr(completing, "sql_file", lambda _: text)
    with pytest.raises(BadDefinition, match=r"sql/load/van_ban\.sql, '-- columns like huong': .* own"):
        load_sql(contract_of("van_ban"), types["van_ban"])


@pytest.mark.parametrize("dataset", sorted(contracts()))
def test_column_of_the_contract_alone_is_fine(types, dataset):
    text = load_sql(contract_of(dataset), types[dataset])
    assert load_sql(with_column(dataset, "chi_de_xet", "int"), types[dataset]) == text
    personal = with_column(dataset, "rieng", "text", personal=True)
    assert load_sql(personal, types[dataset] | {"rieng": "text"}) == text


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        ("int", "timestamp without time zone"),
        ("int", "text"),
        ("timestamp", "integer"),
        ("timestamp", "text"),
        ("text", "timestamp(0) without time zone"),
        ("number", "integer"),
        ("json", "text"),
    ],
)
@pytest.mark.parametrize("dataset", ["ho_so", "tthc", "khai_bao"])
def test_type_that_the_table_cannot_hold_is_refused(types, dataset, kind, held):
    with pytest.raises(
        BadDefinition, match=rf"contracts/{dataset}\.yaml, column muc_moi: its type is {kind}, but"
    ):
        load_sql(with_column(dataset, "muc_moi", kind), types[dataset] | {"muc_moi": held})


@pytest.mark.parametrize("held", ["numeric(12,2)", "numeric"])
def test_length_of_a_type_does_not_matter(types, held):
    assert "muc_moi" in load_sql(
        with_column("ho_so", "muc_moi", "number"), types["ho_so"] | {"muc_moi": held}
    )


def test_missing_file_is_named_with_what_to_write(tmp_path, monkeypatch):
    monkeypatch.setattr("cchc.repository.SQL", tmp_path)
    monkeypatch.setattr("cchc.judging.suites.EXPECTATIONS", tmp_path)
    for folder, what in (("load", "into core"), ("look_up", "one SELECT over batch_rows")):
        with pytest.raises(BadDefinition, match=rf"^sql/{folder}/moi\.sql is missing\. Write it: .*{what}"):
            sql_file(f"{folder}/moi.sql")
    with pytest.raises(BadDefinition, match=r"^expectations/moi\.json is missing\. Write it: the rules"):
        suite_json("moi")
    (tmp_path / "load").mkdir()
    (tmp_path / "load" / "moi.sql").write_bytes("SELECT 'xã'".encode("latin-1"))
    with pytest.raises(BadDefinition, match=r"^sql/load/moi\.sql: byte \d+ is not UTF-8"):
        sql_file("load/moi.sql")

"""Of what a source answers nothing of a person comes to messages and logs, whichever part of it has it."""

import logging
import warnings
from urllib.parse import quote

import pytest

from tests.personal.answers import ANSWERS
from tests.personal.leaks import MARKS, leaks
from tests.sources.lying_source import LANDED, MODES, Mode, try_mode

TRIED = ("name", "telephone with points", "identity", "mail")


@pytest.mark.parametrize("place", ANSWERS)
def test_nothing_of_a_person_is_told_of_an_answer(place: str, monkeypatch, caplog, capfd, record_property):
    record_property("places in which a person's data hide", 1)
    caplog.set_level(logging.DEBUG)
    client, lie = ANSWERS[place]
    kinds = []
    for kind in TRIED:
        mark = MARKS[kind]
        # Bytes of a header are those of an address where the mark must be in one.
        monkeypatch.setitem(
            MODES, "marked", Mode("", LANDED, "", lie(quote(mark) if "Location" in place else mark), client)
        )
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            outcome = try_mode("marked")
        kinds.append(outcome.kind)
        assert outcome.asked
        told = [outcome.words, outcome.chain, caplog.text, *(str(one.message) for one in warned)]
        out = capfd.readouterr()
        assert not leaks("\n".join([*told, out.out, out.err]), place)
    assert not any(kind.startswith("raw ") for kind in kinds), kinds


def test_there_are_answers_enough():
    assert len(ANSWERS) >= 40

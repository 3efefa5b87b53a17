"""How names are put in order as in Vietnam."""

import random

import pytest

from cchc.vietnamese import alphabetical


@pytest.mark.parametrize(
    "names",
    [
        ["Dân tộc", "Đăng ký", "Đất đai", "Đầu tư", "Hoa", "Hoà", "Hỏa", "Họa", "Hộ tịch", "Y tế"],
        ["Xã An", "Xã Ăn", "Xã Ân", "Xã Tam Ngãi", "Xã Tân An", "Xã Tân Bình", "Xã Tập Sơn"],
        ["Phường 1", "Phường 2", "Phường 10"],
        # The words come before the tones, as in a dictionary.
        ["Thủ Dầu", "Thú y", "Thuỷ sản", "Thủy văn"],
        ["", "=1+1", "@SUM"],
    ],
)
def test_names_stand_in_the_order_of_the_alphabet(names):
    mixed = names[:]
    random.Random(7).shuffle(mixed)
    assert sorted(mixed, key=alphabetical) == names


def test_composed_and_decomposed_letters_are_the_same():
    assert alphabetical("Đầu tư") == alphabetical("Đâ\u0300u tu\u031b")

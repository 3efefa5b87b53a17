"""Made-up people: names from common parts, numbers from ranges that nobody is given."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tools.simulation.geography import REFORM, units

FAMILY = pa.array(["Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Thạch", "Kim",
                   "Sơn", "Lâm", "Dương", "Ngô", "Hồ", "Trương"])  # fmt: skip
MIDDLE = pa.array(["Văn", "Thị", "Minh", "Ngọc", "Thanh", "Hoàng", "Kim", "Thị Mỹ", "Quốc",
                   "Hữu", "Thị Thu", "Đức"])  # fmt: skip
GIVEN = pa.array(["An", "Bình", "Châu", "Dũng", "Giang", "Hà", "Hạnh", "Hòa", "Hùng", "Lan",
                  "Linh", "Long", "Mai", "Nam", "Nga", "Phúc", "Phương", "Quân", "Sang", "Tâm",
                  "Thảo", "Thủy", "Trang", "Trí", "Tuấn", "Vinh", "Xuân", "Yến"])  # fmt: skip
TRADE = pa.array(["Công ty TNHH Thương mại", "Công ty TNHH Xây dựng", "Công ty TNHH Dịch vụ",
                  "Công ty cổ phần Thủy sản", "Doanh nghiệp tư nhân"])  # fmt: skip
COMPANY = 2

_FOUR = pa.array([f"{i:04d}" for i in range(10_000)])
_COMMUNES = pa.array(
    [
        f"{unit.name.removeprefix('UBND ')}, tỉnh Trà Vinh"
        for unit in units()
        if unit.level == "xa" and unit.valid_from < REFORM
    ]
)


def _take(values: pa.Array, digits: np.ndarray) -> pa.Array:
    return values.take(pa.array(digits % len(values)))


def names(person: np.ndarray, applicant: np.ndarray) -> pa.Array:
    """The holder's name: a company's for LoaiDoiTuong 2, otherwise a person's."""
    given = _take(GIVEN, person[2])
    human = pc.binary_join_element_wise(_take(FAMILY, person[0]), _take(MIDDLE, person[1]), given, " ")
    company = pc.binary_join_element_wise(_take(TRADE, person[0]), _take(FAMILY, person[1]), given, " ")
    return pc.if_else(pa.array(applicant == COMPANY), company, human)


def identity_numbers(person: np.ndarray, applicant: np.ndarray) -> pa.Array:
    """Twelve digits under province code 099 (not assigned), or a tax code beginning with 00."""
    first, second = _take(_FOUR, person[3]), _take(_FOUR, person[4])
    human = pc.binary_join_element_wise("0990", first, second, "")
    company = pc.binary_join_element_wise("00", first, second, "")
    return pc.if_else(pa.array(applicant == COMPANY), company, human)


def phones(person: np.ndarray) -> pa.Array:
    """Ten digits with the prefix 010, which no Vietnamese operator has."""
    tail = pc.utf8_slice_codeunits(_take(_FOUR, person[6]), 1)
    return pc.binary_join_element_wise("010", _take(_FOUR, person[5]), tail, "")


def emails(person: np.ndarray) -> pa.Array:
    """Addresses under a reserved domain; one holder in three has one."""
    text = pc.binary_join_element_wise(
        "nguoidan", _take(_FOUR, person[5]), _take(_FOUR, person[6]), "@example.com", ""
    )
    return pc.if_else(pa.array(person[7] % 3 == 0), text, pa.scalar(None, pa.string()))


def addresses(person: np.ndarray) -> pa.Array:
    """A house number somewhere in the province."""
    number = pc.cast(pa.array(1 + person[4].astype(np.int64) % 400), pa.string())
    return pc.binary_join_element_wise(
        pc.binary_join_element_wise("Số", number, " "), _take(_COMMUNES, person[7]), ", "
    )

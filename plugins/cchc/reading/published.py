"""Names of units, procedures and fields that everybody may read: what may be somebody's name is none."""

import re

from cchc.field_words import made_of_field_words
from cchc.personal_names import has_name
from cchc.spelling import fold

# What a unit's name begins with: what the unit is.
_KINDS = (
    *("tỉnh", "thành phố", "tp", "huyện", "quận", "thị xã", "thị trấn", "xã", "phường", "đặc khu", "khu"),
    *("ấp", "khóm", "sở", "ban", "bộ", "ủy ban", "ubnd", "hđnd", "hội", "tổng", "chi", "cục", "vụ", "phòng"),
    *(
        "văn phòng",
        "vp",
        "trung tâm",
        "tt",
        "trạm",
        "đội",
        "công an",
        "quân",
        "thanh tra",
        "cơ quan",
        "đơn vị",
    ),
    *(
        "đảng",
        "đoàn",
        "liên",
        "mặt trận",
        "trường",
        "bệnh viện",
        "viện",
        "kho",
        "bảo",
        "tòa",
        "quỹ",
        "tổ",
        "nhà",
    ),
    *("bv", "bvđk", "bhxh", "bưu", "kbnn", "thị ủy", "tỉnh ủy", "thành ủy", "huyện ủy"),
    *("bộ phận", "ngân hàng", "thư viện", "đài", "báo", "học viện", "bch", "bql", "hải quan", "thuế", "hạt"),
    *("thống kê", "cảng", "điểm", "quầy", "một cửa", "hợp tác xã", "công ty", "tập đoàn", "điện lực"),
)
_KIND = re.compile(rf"(?:{'|'.join(map(re.escape, _KINDS))})(?!\w)")
OF_A_PERSON = "có thể là hoặc có tên người"


def name_fault(text: str) -> str | None:
    """Why a text is no name of a thing or unit that may be published, None when it is one.

    Behind the word for a kind of unit a name is the unit's: Thị trấn Châu Thành, Trường Phạm Hùng.
    """
    if _KIND.match(fold(text)):
        return None
    return OF_A_PERSON if has_name(text) and not made_of_field_words(text) else None

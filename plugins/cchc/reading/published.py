"""Names of units, procedures and fields that everybody may read: what may be somebody's name is none."""

import re

from cchc.field_words import made_of_field_words
from cchc.known_names import units
from cchc.personal_names import has_name
from cchc.spelling import fold

# What a unit's name begins with: what the unit is. Not what people are called, or have for a post, as well:
# Đoàn Trọng Long, Bảo vệ, Chi trả.
_KINDS = (
    *("tỉnh", "thành phố", "tp", "huyện", "quận", "thị xã", "thị trấn", "xã", "phường", "đặc khu", "khu"),
    *("ấp", "khóm", "sở", "ban", "bộ", "ủy ban", "ubnd", "ubx", "ubp", "hđnd", "hội", "tổng", "cục", "vụ"),
    *("chi cục", "chi nhánh", "chi bộ", "chi hội", "chi đoàn", "phòng", "văn phòng", "vp", "trung tâm", "tt"),
    *("trạm", "đội", "công an", "quân", "thanh tra", "cơ quan", "đơn vị", "đảng", "liên đoàn", "liên minh"),
    *("liên hiệp", "đoàn thanh niên", "đoàn tncs", "đoàn đại biểu", "đoàn đbqh", "đoàn khối", "đoàn xã"),
    *("đoàn phường", "đoàn trường", "đoàn cơ sở", "đoàn luật sư", "đoàn kinh tế", "đoàn thể", "mặt trận"),
    *("trường", "bệnh viện", "viện", "kho", "bảo hiểm", "bảo tàng", "tòa", "quỹ", "tổ", "nhà văn hóa"),
    *("nhà thiếu nhi", "nhà máy", "nhà hát", "nhà trẻ", "nhà khách", "nhà thờ", "nhà xuất bản", "bv", "bvđk"),
    *("bhxh", "bưu", "kbnn", "thị ủy", "tỉnh ủy", "thành ủy", "huyện ủy", "bộ phận", "ngân hàng", "thư viện"),
    *("đài", "báo", "học viện", "bch", "bchqs", "bql", "hải quan", "thuế", "hạt", "thống kê", "cảng", "điểm"),
    *("quầy", "một cửa", "hợp tác xã", "công ty", "cty", "tập đoàn", "điện lực", "dntn", "hộ kinh doanh"),
    *("thpt", "thcs", "th", "mn", "mầm non", "mẫu giáo", "tiểu học", "trung học", "htx", "kcn", "ccn", "kkt"),
    *(
        "kdc",
        "cụm",
        "cầu",
        "đường",
        "tuyến",
        "hẻm",
        "công viên",
        "quảng trường",
        "sân vận động",
        "nghĩa trang",
    ),
    *("vườn quốc gia", "hồ chứa", "làng", "đền", "chùa", "đình", "di tích", "tượng đài", "lễ hội", "giải"),
    *("học bổng", "chợ", "bến", "tyt", "ttyt", "tthcc", "ttpvhcc", "pvhcc", "cax", "cap", "cah", "vpđk"),
    *("vpđkđđ", "cn", "bp", "bpmc", "bpmột cửa", "mttq", "ubmttq", "clb", "tx", "ttr", "tr"),
)
# A letter alone is a kind before a word, not before an initial: P. Phú Cần.
_KIND = re.compile(
    rf"(?:(?:{'|'.join(map(re.escape, _KINDS))})(?!\w)(?!\s+(?:trưởng|phó|viên|ông|bà)(?!\w))"
    r"|[pxhq](?:\.\s?|\s)(?=\w\w))"
)
# A name behind these is no unit's, whatever the text begins with.
_OF_SOMEBODY = re.compile(r"(?<!\w)(?:ông|bà|anh|chị|đ/c|cho|của|trưởng|phó|chủ tịch|bí thư|giám đốc)\s+\w")
OF_A_PERSON = "có thể là hoặc có tên người"


def name_fault(text: str) -> str | None:
    """Why a text is no name of a thing or unit that may be published, None when it is one.

    Behind the word for a kind of unit a name is the unit's: Thị trấn Châu Thành, Trường Phạm Hùng.
    """
    folded = fold(text)
    if folded in units() or (_KIND.match(folded) and not _OF_SOMEBODY.search(folded)):
        return None
    return OF_A_PERSON if has_name(text) and not made_of_field_words(text) else None

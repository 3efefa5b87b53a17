"""Says of words whether they may be somebody's name: a family name, then what people are called."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from cchc.spelling import fold

SYLLABLES = Path(__file__).with_name("name_syllables.txt")
# A family name, perhaps a double one, up to three middle names and a given name.
LONGEST = 6
_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# After these words a name is that of a place, a school, a road, or of a thing that was named for somebody.
_NAMED_FOR = frozenset(
    {
        "phường",
        "xã",
        "trấn",
        "huyện",
        "tỉnh",
        "phố",
        "thị",
        "quận",
        "đường",
        "ấp",
        "khóm",
        "thôn",
        "khu",
        "chợ",
    }
    | {
        "trường",
        "thpt",
        "thcs",
        "viện",
        "học",
        "cầu",
        "cảng",
        "hiệu",
        "tượng",
        "đài",
        "sông",
        "kênh",
        "quỹ",
        "giải",
    }
)
# These are nothing but family names, in whatever letters a text is written.
_ONLY_FAMILIES = frozenset(
    {"nguyễn", "huỳnh", "trần", "trịnh", "đặng", "bùi", "quách", "khuất", "phùng", "doãn"}
    | {"khuat", "quach", "phung"}
)
_NEVER_ELSE = _ONLY_FAMILIES - {"trần", "bùi"}
# The longest syllable is nghiêng: what is longer is no word of Vietnamese.
_LONGEST_SYLLABLE = 7
# Before these words somebody's name follows, whatever its syllables.
_OF_A_PERSON = frozenset({"ông", "bà", "anh", "chị", "đ/c", "mr", "mrs", "ms"})
# Provinces and districts whose names could be those of people.
_PLACES = frozenset(
    {
        "sơn la",
        "lâm đồng",
        "kiên giang",
        "hà nam",
        "hà giang",
        "hà tĩnh",
        "thái bình",
        "thái nguyên",
        "cao bằng",
    }
    | {
        "an giang",
        "ninh bình",
        "ninh thuận",
        "hà tiên",
        "châu thành",
        "châu đốc",
        "mai châu",
        "kim sơn",
        "la gi",
    }
    | {
        "hà đông",
        "cao lãnh",
        "tô châu",
        "hà nội",
        "hà nam ninh",
        "yên bái",
        "yên định",
        "yên mỹ",
        "hồ chí minh",
    }
)


@cache
def families(*, bare: bool = False) -> frozenset[str]:
    """Family names, as they are written or without diacritics."""
    return _of_list(0, bare)


@cache
def syllables(*, bare: bool = False) -> frozenset[str]:
    """What people are called behind their family name; family names, too, are middle names."""
    return _of_list(1, bare) | families(bare=bare)


def may_be_name(words: list[str]) -> bool:
    """Whether folded words are a family name and what may follow it, and nothing else."""
    if not 2 <= len(words) <= LONGEST or " ".join(words) in _PLACES:
        return False
    plain = all(word.isascii() for word in words)
    if words[0] not in families(bare=plain):
        return False
    return all(word in syllables(bare=plain) or len(word) == 1 for word in words[1:])


def is_name(text: str) -> bool:
    """Whether a text as a whole, figures aside, may be a name; of three words and more in any order."""
    words = _WORD.findall(fold(_CAMEL.sub(" ", text)))
    if may_be_name(words):
        return True
    # Of two words many are of the field the other way round: An ninh.
    begin = words[:LONGEST] if len(words) > 2 else [word for word in words if word in _ONLY_FAMILIES]
    return any(may_be_name([word, *(other for other in words if other != word)]) for word in begin)


def has_name(text: str) -> bool:
    """Whether a text is somebody's name, or has one in it that is written with capitals as names are.

    Names behind the word for a place, a school or a road are theirs.
    """
    plain = _CAMEL.sub(" ", unicodedata.normalize("NFC", text))
    if _written_as_name(plain) and is_name(plain):
        return True
    capitals = text.isupper()
    # Nothing but a blank stands between the words of a name.
    for stretch in re.findall(r"[^\W\d_]+(?:[ \u00a0]+[^\W\d_]+)*", plain):
        words = stretch.split()
        for at, word in enumerate(words):
            before = words[at - 1].lower() if at else ""
            if before in _NAMED_FOR:
                continue
            if _is_a_name_alone(word, words[at + 1 : at + 2]):
                return True
            if capitals or not word[0].isupper() or (at and _of_one(words[at - 1], word)):
                continue
            run = _capitals(words[at : at + LONGEST])
            named = before in _OF_A_PERSON and len(run) > 1
            if named or _begins_with_name(run):
                return True
    return False


def _is_a_name_alone(word: str, following: list[str]) -> bool:
    """Whether a word is a name in whatever letters: without its blanks, or nothing but a family name."""
    if len(word) > _LONGEST_SYLLABLE:
        return is_name_without_blanks(fold(word))
    # Nearly all words are small letters in their usual form.
    key = word.lower() if word.islower() else fold(word)
    if key not in _ONLY_FAMILIES:
        return False
    return key in _NEVER_ELSE or may_be_name([key, *map(fold, following)])


def _begins_with_name(run: list[str]) -> bool:
    """Whether words with capitals begin with a name; behind it another word may have a capital."""
    keys = [fold(word) for word in run[:1]]
    if len(run) < 2 or keys[0] not in families(bare=keys[0].isascii()):
        return False
    keys += map(fold, run[1:])
    # Of what bears the name of a place or of somebody whom everybody knows.
    if any(" ".join(keys[:length]) in _PLACES for length in range(2, len(run) + 1)):
        return False
    return any(may_be_name(keys[:length]) for length in range(2, len(run) + 1))


@cache
def _names_without_blanks() -> re.Pattern[str]:
    of_family, called = ("|".join(sorted(words(bare=True))) for words in (families, syllables))
    return re.compile(f"(?:{of_family})(?:{called}){{1,5}}")


def is_name_without_blanks(word: str) -> bool:
    """Whether a word is a name without its blanks."""
    return len(word) > _LONGEST_SYLLABLE and _names_without_blanks().fullmatch(bare_of(word)) is not None


def _of_one(before: str, word: str) -> bool:
    """Whether a word goes on with what the word before it began; "Ông" begins no name."""
    return before[0].isupper() and before.lower() not in _OF_A_PERSON and before.isupper() == word.isupper()


def _capitals(words: list[str]) -> list[str]:
    """The words from the first on that begin with a capital and are written alike."""
    found: list[str] = []
    for word in words:
        if not word[0].isupper() or (len(word) > 1 and word.isupper() != words[0].isupper()):
            break
        found.append(word)
    return found


def _written_as_name(text: str) -> bool:
    """All words begin with a capital, or none does; a heading begins with one and goes on without."""
    firsts = [word[0].isupper() for word in _WORD.findall(text)]
    return all(firsts) or not any(firsts)


def bare_of(word: str) -> str:
    """A folded word without diacritics."""
    apart = unicodedata.normalize("NFD", word.replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _of_list(part: int, bare: bool) -> frozenset[str]:
    lines = [line for line in SYLLABLES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    at = lines.index("----")
    words = " ".join((lines[:at], lines[at + 1 :])[part]).split()
    return frozenset(map(bare_of if bare else fold, words))

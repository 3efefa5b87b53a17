"""Says of words whether they may be somebody's name: a family name, then what people are called."""

import itertools
import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from cchc.known_names import is_place, joined_places, pairs
from cchc.spelling import PLAIN, bare_of, fold

SYLLABLES = Path(__file__).with_name("name_syllables.txt")
# A family name, perhaps a double one, up to three middle names and a given name.
LONGEST = 6
_WORD = re.compile(r"[^\W\d_]+")
_CASES = {
    case: "".join(
        filter(is_so, map(chr, (*range(0x41, 0x180), 0x1A0, 0x1A1, 0x1AF, 0x1B0, *range(0x1EA0, 0x1EFA))))
    )
    for case, is_so in (("lower", str.islower), ("upper", str.isupper))
}
_LOWER, _UPPER = (f"[{_CASES[case]}]" for case in ("lower", "upper"))
_CAMEL = re.compile(f"(?<={_LOWER})(?={_UPPER})")
_SIGN = re.compile("[-_./·]")
_BETWEEN = re.compile(r"(?<=[^\W\d_])[-_./·](?=[^\W\d_])")
_DASHED = re.compile(r"(?<![^\W\d_])[^\W\d_]{2,}(?:[-_./·][^\W\d_]{2,}){2,}")
_INITIAL = re.compile(rf"(?<![^\W_])({_UPPER})\.\s*(?=[^\W\d_])")
_STRETCH = re.compile(r"[^\W\d_]+(?:[ \u00a0]+[^\W\d_]+)*")
# N.V.An, and with `strict` N. An: two and more letters before a word.
_INITIALS = {
    strict: re.compile(
        rf"(?<![^\W_])((?:{_UPPER}\.\s?){{{1 if strict else 2},4}})"
        rf"({_UPPER}{_LOWER}+(?:[ -]{_UPPER}{_LOWER}+)*)"
    )
    for strict in (False, True)
}
_TOWNS = frozenset({"TP", "TX", "TT"})
# A syllable of Vietnamese without diacritics.
_SYLLABLE = re.compile(
    "(?:b|ch?|d|gh?|gi|h|kh?|l|m|ngh?|nh?|ph?|qu|r|s|th?|tr|v|x)?"
    "(?:[iuo]?[aeoy]|i|u|u[oey]|uye|ie|uo|ye)(?:ch|[ctpm]|nh?|ng|[iouy])?"
)
# After these words a name is that of a place, a school, a road, or of a thing that was named for somebody.
_OF_PLACES = frozenset(
    {"phường", "xã", "trấn", "huyện", "tỉnh", "phố", "thị", "quận", "ấp", "khóm", "thôn", "khu"}
    | {"p", "x", "h", "q", "tp", "tx", "ttr"}
)
_NAMED_FOR = _OF_PLACES | frozenset(
    {"đường", "chợ", "trường", "thpt", "thcs", "mn", "viện", "học", "cầu", "cảng", "hiệu", "tượng", "đài"}
    | {"sông", "kênh", "quỹ", "giải", "htx", "kcn", "chùa", "đền"}
    | {"tnhh", "cty", "ty", "cp", "mtv", "dntn"}
)
# Behind somebody's post only a known place is one: Chủ tịch UBND xã. A fund is none behind its cashier.
_POSTS = frozenset(
    {("chủ", "tịch"), ("bí", "thư"), ("giám", "đốc"), ("thủ", "quỹ"), ("cán", "bộ"), ("công", "chức")}
)
_POST_WORDS = frozenset({"trưởng", "phó", "viên", "ông", "bà", "anh", "chị"})
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
_NEVER_A_WORD = frozenset({"nguyen", "tran", "huynh", "khuat", "quach", "phung"})
# Family names that in a sentence are nearly always another word.
_SELDOM = frozenset(
    {"từ", "lại", "tiền", "nay", "hình", "viên", "thẩm", "lô", "vi", "tiêu", "nhà", "phi", "lục", "ứng"}
)
# Middle names of most men and women of old.
_MIDDLE = frozenset({"van", "thi"})


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
    if not 2 <= len(words) <= LONGEST:
        return False
    # A đ alone is no diacritic: Đao is written so by whoever leaves the others away.
    plain = all(word.replace("đ", "d").isascii() for word in words)
    if plain:
        words = [bare_of(word) for word in words]
    if words[0] not in families(bare=plain) or is_place(words):
        return False
    if len(words) == 3 and bare_of(words[1]) in _MIDDLE and is_surely_family(words[0]):
        # Whatever syllable somebody of such a name is called: no list has them all.
        return len(words[2]) == 1 or _is_syllable(bare_of(words[2]))
    return all(word in syllables(bare=plain) or len(word) == 1 for word in words[1:])


def reads_as_name(words: list[str], before: str = "", behind: str = "") -> bool:
    """As `may_be_name`, for words whose case tells nothing: what is made of words of the field is none.

    `before`, `behind`: the words beside them, of which a word of the field may be as well.
    """
    return may_be_name(words) and not _of_field(words, before, behind)


def _of_field(words: list[str], before: str = "", behind: str = "") -> bool:
    """Whether words have a word of the field in them; behind what is hardly anything but a family name only
    the first pair counts."""
    if not words:
        return False
    beside = [before, *words[:2]] if is_surely_family(words[0]) else [before, *words, behind]
    plain = all(word.replace("đ", "d").isascii() for word in words)
    if plain:
        beside = [bare_of(word) for word in beside]
    return any(pair in pairs(bare=plain) for pair in itertools.pairwise(beside))


def is_surely_family(word: str) -> bool:
    """Whether a folded word is hardly ever another word than a family name."""
    plain = word.replace("đ", "d").isascii()
    return (bare_of(word) if plain else word) in _of_list(2, plain)


def is_name(text: str) -> bool:
    """Whether a text as a whole, figures aside, may be a name; of three words and more in any order."""
    words = _WORD.findall(fold(_CAMEL.sub(" ", text)))
    if is_place(words) or _of_field(words):
        return False
    if may_be_name(words):
        return True
    # Of two words many are of the field the other way round: An ninh.
    begin = words[:LONGEST] if len(words) > 2 else [word for word in words if word in _ONLY_FAMILIES]
    return any(may_be_name([word, *(other for other in words if other != word)]) for word in begin)


def has_name(text: str, *, strict: bool = False) -> bool:
    """Whether a text is somebody's name, or has one in it.

    With capitals, as names are written, two words are one, in whatever case three. Names behind the word for
    a place, a school or a road are theirs. `strict`: also two words in whatever case, an initial before a
    word, and what follows other words than those for places that are known.
    """
    plain = _apart(text)
    if (_written_as_name(plain) and is_name(plain)) or _has_initials(text, strict) or _has_dashed_name(text):
        return True
    capitals = text.isupper()
    # Nothing but a blank or a sign stands between the words of a name.
    for stretch in _STRETCH.findall(plain):
        words = stretch.split()
        known = list(map(_known_word, words))
        keys = [key for key, _ in known]
        for at, (word, (_, may_begin)) in enumerate(zip(words, known, strict=True)):
            before = keys[at - 1] if at else ""
            if not may_begin and before not in _OF_A_PERSON:
                continue
            if before in _NAMED_FOR and _is_its_own(before, keys[at:], strict, _has_post(keys[:at])):
                continue
            if _is_a_name_alone(word, words[at + 1 : at + 2]) or _in_any_case(before, keys[at:], strict):
                return True
            if capitals or not word[0].isupper() or (at and _of_one(words[at - 1], word)):
                continue
            run = _capitals(words[at : at + LONGEST])
            named = before in _OF_A_PERSON and len(run) > 1
            if named or _begins_with_name(run, before):
                return True
    return False


@lru_cache(20_000)
def _known_word(word: str) -> tuple[str, bool]:
    """A word as a key, and whether a name may begin with it: few do, whatever stands around them."""
    key = word if word.islower() else fold(word)
    return key, (
        key in _families_of_all_letters()
        or (len(word) > _LONGEST_SYLLABLE and is_name_without_blanks(fold(word)))
    )


def _has_post(keys: list[str]) -> bool:
    """Whether somebody's post is among folded words."""
    return not _POST_WORDS.isdisjoint(keys) or any(pair in _POSTS for pair in itertools.pairwise(keys))


def _has_initials(text: str, strict: bool) -> bool:
    """Whether initials stand before somebody's name; those of a town before its own: T.P. Trà Vinh."""
    if "." not in text:
        return False
    for letters, name in _INITIALS[strict].findall(text):
        of_town = re.sub(r"[\s.]", "", letters) in _TOWNS
        if not (of_town and (is_place(fold(name).split()) or len(name.split()) > 1)):
            return True
    return False


def _has_dashed_name(text: str) -> bool:
    """Whether words that signs join begin with a name, or end with one: HS-LE-VAN-AN-1."""
    if not _SIGN.search(text):
        return False
    for dashed in _DASHED.findall(text):
        keys = [fold(word) for word in _WORD.findall(dashed)]
        for at in range(len(keys) - 2):
            place = at and keys[at - 1] in _NAMED_FOR
            if not place and any(reads_as_name(keys[at:end]) for end in range(at + 3, len(keys) + 1)):
                return True
    return False


def _apart(text: str) -> str:
    """A text with blanks where names have them: between CamelCase, behind initials, for signs in words."""
    plain = _CAMEL.sub(" ", unicodedata.normalize("NFC", text))
    return _BETWEEN.sub(" ", _INITIAL.sub(r"\1 ", plain)) if _SIGN.search(plain) else plain


def _is_its_own(before: str, keys: list[str], strict: bool, post: bool) -> bool:
    """Whether what follows the word for a place or thing is its name."""
    if not (strict or post):
        return True
    if before not in _OF_PLACES:
        return not strict and before != "quỹ"
    known = [length for length in range(1, 5) if is_place(keys[:length])]
    return bool(known) and not any(may_be_name(keys[:n]) for n in range(max(known) + 1, LONGEST + 1))


def _in_any_case(before: str, keys: list[str], strict: bool) -> bool:
    """Whether folded words begin with a name that neither place nor field has."""
    if keys[0] not in _families_of_all_letters():
        return False
    plain = keys[0].replace("đ", "d").isascii()
    first = bare_of(keys[0]) if plain else keys[0]
    if not strict:
        bare_ones = all(key.isascii() for key in keys[:3])
        surely = keys[1:2] and (first in _NEVER_A_WORD or (is_surely_family(first) and keys[1] in _MIDDLE))
        if (bare_ones and not surely) or first in _SELDOM:
            return False
    return any(
        reads_as_name(keys[:length], before, keys[length] if length < len(keys) else "")
        for length in range(2 if strict else 3, min(len(keys), LONGEST) + 1)
    )


def _is_a_name_alone(word: str, following: list[str]) -> bool:
    """Whether a word is a name in whatever letters: without its blanks, or nothing but a family name."""
    if len(word) > _LONGEST_SYLLABLE:
        return is_name_without_blanks(fold(word))
    # Nearly all words are small letters in their usual form.
    key = word.lower() if word.islower() else fold(word)
    if key not in _ONLY_FAMILIES:
        return False
    return key in _NEVER_ELSE or may_be_name([key, *map(fold, following)])


def _begins_with_name(run: list[str], before: str) -> bool:
    """Whether words with capitals begin with a name; behind it another word may have a capital."""
    keys = [fold(word) for word in run[:1]]
    if len(run) < 2 or keys[0] not in families(bare=keys[0].isascii()):
        return False
    keys += map(fold, run[1:])
    # Of what bears the name of a place or of somebody whom everybody knows, if no name goes on behind it:
    # Châu Thành Kiên.
    place = max((length for length in range(2, len(run) + 1) if is_place(keys[:length])), default=0)
    if _of_field(keys[:2], before):
        return False
    return any(may_be_name(keys[:length]) for length in range(max(place + 1, 2), len(run) + 1))


def name_without_blanks(word: str) -> bool | None:
    """Whether a word of letters is a name without its blanks: True where its family name is hardly another
    word, None where it is (what words of the field are in is none), False for none."""
    if not _LONGEST_SYLLABLE < len(word) <= LONGEST * _LONGEST_SYLLABLE:
        return False
    word = bare_of(word)
    if word in joined_places():
        return False
    first = [end for end in range(1, _LONGEST_SYLLABLE + 1) if word[:end] in families(bare=True)]
    if not first:
        return False
    if any(
        word[end : end + 3] in _MIDDLE and is_surely_family(word[:end]) and _is_syllable(word[end + 3 :])
        for end in first
    ):
        return True
    doubtful = False
    # Where one to five syllables that people are called begin, up to the end of the word.
    left = _syllables_to_the_end(word)
    for end in first:
        family = word[:end]
        if not 0 < left[end] < LONGEST:
            continue
        if not is_surely_family(family):
            doubtful = True
        elif any(
            word[end:to] in syllables(bare=True)
            and (to == len(word) or 0 < left[to] < LONGEST - 1)
            and (family, word[end:to]) not in pairs(bare=True)
            for to in range(end + 1, min(end + _LONGEST_SYLLABLE, len(word)) + 1)
        ):
            return True
    return None if doubtful and not _has_pair(word) else False


def is_name_without_blanks(word: str) -> bool:
    """Whether a word may be a name without its blanks."""
    return name_without_blanks(word) is not False


def _syllables_to_the_end(word: str) -> list[int]:
    """For each place of a word the fewest syllables that people are called from there to its end, else 0."""
    left = [0] * (len(word) + 1)
    for at in range(len(word) - 1, -1, -1):
        ways = [
            left[end] + 1
            for end in range(at + 1, min(at + _LONGEST_SYLLABLE, len(word)) + 1)
            if word[at:end] in syllables(bare=True) and (end == len(word) or left[end])
        ]
        left[at] = min(ways, default=0)
    return left


def _has_pair(word: str) -> bool:
    """Whether a word is made of syllables of which two beside each other are a word of the field."""
    last = len(word)
    begins, ends = [True] + [False] * last, [False] * last + [True]
    for at in range(last):
        for end in range(at + 1, min(at + _LONGEST_SYLLABLE, last) + 1):
            begins[end] = begins[end] or (begins[at] and _is_syllable(word[at:end]))
            back, to = last - end, last - at
            ends[back] = ends[back] or (ends[to] and _is_syllable(word[back:to]))
    return any(
        begins[at] and ends[end] and word[at:end] in _joined_pairs()
        for at in range(last)
        for end in range(at + 4, min(at + 2 * _LONGEST_SYLLABLE, last) + 1)
    )


@cache
def _joined_pairs() -> frozenset[str]:
    return frozenset(map("".join, pairs(bare=True)))


@cache
def _families_of_all_letters() -> frozenset[str]:
    """Family names as they are written, without diacritics, and without all but the đ."""
    without = {bare_of(name.replace("đ", "D")).replace("D", "đ") for name in families()}
    return families() | families(bare=True) | without | _ONLY_FAMILIES


@cache
def may_have_name() -> str:
    """For RE2: a text in NFC that does not match has no name in it, unless `strict` is asked for."""
    # Alone, đ is no diacritic. Without these words a name is joined, has initials, or letters of elsewhere.
    words = re.sub("[dđ]", "[dđ]", "|".join(sorted(_families_of_all_letters() | _OF_A_PERSON)))
    joined, initials = rf"\pL{{{_LONGEST_SYLLABLE + 1}}}|\p{{Ll}}\p{{Lu}}", r"(\p{Lu}\.[\s\x{A0}]?){2}"
    return rf"(?i:(^|[^\pL])({words})([^\pL]|$))|{joined}|{initials}|[^{PLAIN}]"


@lru_cache(20_000)
def _is_syllable(word: str) -> bool:
    return _SYLLABLE.fullmatch(word) is not None


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
    capital = None
    for found in _WORD.finditer(text):
        if capital is None:
            capital = found[0][0].isupper()
        elif found[0][0].isupper() is not capital:
            return False
    return True


@cache
def _of_list(part: int, bare: bool) -> frozenset[str]:
    parts = " ".join(line for line in SYLLABLES.read_text(encoding="utf-8").splitlines() if line[:1] != "#")
    return frozenset(map(bare_of if bare else fold, parts.split("----")[part].split()))

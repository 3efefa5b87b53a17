"""Recognises Vietnamese text that was decoded by a wrong table, or lost its letters, and says how.

A table shifts every accented letter, so that the words of a damaged text are no Vietnamese syllables but
become some when the shift is undone. That, and not single characters, tells TCVN3 from a foreign name.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

_LETTERS = (
    "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
    "ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ"
)
# Text without any of this is not looked at more closely. In the syntax of Arrow: what Vietnamese is
# not written with, a question mark beside a letter or between them, pairs that only VNI has, a
# character written as its number.
SUSPECT = (
    f"[^\\t\\n\\r -~\u00a0–—‘’“”…{_LETTERS}]|[ÃĂÂ]\u00a0|\\?[^\\s]|[^\\s]\\?\\s*[^\\s?]|"
    "[aA][àáãâèéêùúõÀÁÃÂÈÉÊÙÚÕ]|[eE][àáãâùõÀÁÃÂÙÕ]|[oO][âõùÂÕÙ]|[uUyYôÔ][õùÕÙ]|"
    "[a-z][ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝĂĐĨŨƠƯ]|[áàâãêôéè]a|[àãâêèìòõôù][cpt]|[aeoyâêôãõýAEOYÂÊÔÃÕÝ][ìòÌÒ]|[uU][ìÌ]|ý[a-zõòì]|[éè][aiuy]|"
    "&#?[0-9A-Za-z]+;|\\\\u[0-9a-fA-F]{4}|%[C-Ec-e][0-9A-Fa-f]%"
)

TCVN3, VNI, MAC_ROMAN = "TCVN3 (ABC)", "VNI", "UTF-8 đọc như MacRoman"
UTF8_AS_WINDOWS = "UTF-8 đọc như Windows-1252 hoặc 1258"
CP1258, TCVN3_AS_1258 = "Windows-1258 đọc như Windows-1252", "TCVN3 (ABC) đọc như Windows-1258"
UTF8_AS_437 = "UTF-8 đọc như bảng mã DOS"
LOST, ESCAPED, NO_LETTER = "dấu ? hoặc ô vuông thay chữ", "ký tự viết bằng mã số", "ký hiệu giữa chữ"

# Syllables ------------------------------------------------------------------------------------

_ONSETS = (
    "", "b", "c", "ch", "d", "đ", "g", "gh", "gi", "h", "k", "kh", "l", "m", "n", "ng",
    "ngh", "nh", "p", "ph", "qu", "r", "s", "t", "th", "tr", "v", "x",
)  # fmt: skip
_OPEN = (
    "a|ach|ai|am|an|anh|ang|ao|au|ay|ăm|ăn|ăng|âm|ân|âng|âu|ây|e|em|en|eng|eo|ê|êm|ên|ênh|êu|i|ia|iêm|iên|iêng|"
    "iêu|im|in|inh|iu|o|oa|oai|oam|oan|oang|oanh|oao|oay|oăm|oăn|oăng|oe|oen|oeo|oi|om|on|ong|oong|ô|ôi|ôm|ôn|"
    "ông|ôông|ơ|ơi|ơm|ơn|u|ua|uân|uâng|uây|uê|uên|uênh|uêu|ui|um|un|ung|uơ|uôi|uôm|uôn|uông|uy|uya|uyên|uyn|uynh|"
    "uyu|ư|ưa|ưi|ưm|ưn|ưng|ươi|ươm|ươn|ương|ươu|ưu|y|yêm|yên|yêng|yêu|yn|ynh"
)
_STOPPED = (
    "ac|ach|ap|at|ăc|ăp|ăt|âc|âp|ât|ec|ep|et|êch|êp|êt|ich|ip|it|iêc|iêp|iêt|oac|oach|oap|oat|oăc|oăt|oc|oet|op|ot|"
    "ooc|ôc|ôp|ôt|ơp|ơt|uât|uc|uêch|up|ut|uôc|uôp|uôt|uych|uyêt|uyp|uyt|ưc|ưt|ươc|ươp|ươt|ych|yêt|yp|yt"
)
_LEVEL, _ALL_TONES, _STOP_TONES = ("",), ("", *"\u0300\u0301\u0303\u0309\u0323"), tuple("\u0301\u0323")
_TOKEN = re.compile(r"""[^\s/,;:()\[\]"“”‘’…–—-]+""")
_NOT_IN_LATIN1 = re.compile("[ăđĩũơưạ-ỹĂĐĨŨƠƯẠ-Ỹ]")


def _toned_at(rhyme: str) -> tuple[int, ...]:
    """On which letters of a rhyme its tone may stand: "hoà" and "hòa", but only "hoàn"."""
    hats = [place for place, letter in enumerate(rhyme) if letter in "ăâêôơư"]
    vowels = [place for place, letter in enumerate(rhyme) if letter in "aeiouy"]
    if hats:
        return (hats[-1],)
    if rhyme in ("oa", "oe", "uy"):
        return (0, 1)
    closed = len(vowels) < len(rhyme)
    return (vowels[-1] if closed else vowels[len(vowels) // 3],)


def _rhymes(rhymes: str, tones: tuple[str, ...]) -> frozenset[str]:
    return frozenset(
        unicodedata.normalize("NFC", rhyme[: at + 1] + tone + rhyme[at + 1 :])
        for rhyme in rhymes.split("|")
        for at in _toned_at(rhyme)
        for tone in tones
    )


_RHYMES = _rhymes(_OPEN, _ALL_TONES) | _rhymes(_STOPPED, _STOP_TONES)
# As they are written when their accents are lost or left out.
_BARE_RHYMES = _rhymes(_OPEN, _LEVEL) | _rhymes(_STOPPED, _LEVEL)


def _syllable(word: str, rhymes: frozenset[str] = _RHYMES) -> bool:
    """Whether a word is a Vietnamese syllable."""
    small = word.lower()
    return any(small.startswith(onset) and small[len(onset) :] in rhymes for onset in _ONSETS)


def _accented(word: str) -> bool:
    """Whether a word is a syllable with an accented letter, in one case or with a capital."""
    return not word.isascii() and (word.islower() or word.istitle() or word.isupper()) and _syllable(word)


# Tables ---------------------------------------------------------------------------------------

_TCVN3_CODES = {
    "àảãáạ": 0xB5, "ằẳẵắ": 0xBB, "ẻẽéẹề": 0xCE, "ểễếệìỉ": 0xD3, "ĩíịò": 0xDC, "ỏõóọồổỗốộờởỡớợù": 0xE1,
    "ủũúụừửữứựỳỷỹýỵ": 0xF1, "ĂÂÊÔƠƯĐ": 0xA1,
}  # fmt: skip
_TCVN3 = {
    code + place: letter
    for letters, code in _TCVN3_CODES.items()
    if code
    for place, letter in enumerate(letters)
} | dict(
    zip(
        (0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xCB, 0xCC, 0xA8, 0xA9, 0xAE, 0xAA, 0xAB, 0xAC, 0xAD),
        "ặầẩẫấậèăâđêôơư",
        strict=True,
    )
)

_VNI_MARKS = {
    "a": ("ùøûõïâáàåãäêéèúüë", "áàảãạâấầẩẫậăắằẳẵặ"),
    "e": ("ùøûõïâáàåãä", "éèẻẽẹêếềểễệ"),
    "o": ("ùøûõïâáàåãä", "óòỏõọôốồổỗộ"),
    "u": ("ùøûõï", "úùủũụ"),
    "y": ("ùøûõ", "ýỳỷỹ"),
    "ô": ("ùøûõï", "ớờởỡợ"),
    "ö": ("ùøûõï", "ứừửữự"),
}
_VNI_ALONE = dict(zip("ñæóòôöî", "đỉĩịơưỵ", strict=True))
_VNI = {
    form(base) + mark_form(mark): form(letter)
    for base, (marks, letters) in _VNI_MARKS.items()
    for mark, letter in zip(marks, letters, strict=True)
    for form, mark_form in ((str.lower, str.lower), (str.upper, str.upper), (str.upper, str.lower))
} | {form(seen): form(letter) for seen, letter in _VNI_ALONE.items() for form in (str.lower, str.upper)}
_VNI_SEEN = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))


def _from_tcvn3(text: str) -> str:
    return text.translate(_TCVN3)


def _from_vni(text: str) -> str:
    return _VNI_SEEN.sub(lambda seen: _VNI[seen[0]], text)


def _bytes(codec: str) -> dict[str, int]:
    """Character → byte of a code table; bytes that it leaves out are those of Latin-1."""
    table = {chr(byte): byte for byte in range(0x80, 0x100)}
    for byte in range(0x80, 0x100):
        try:
            table[bytes([byte]).decode(codec)] = byte
        except UnicodeDecodeError:
            continue
    return table


_CP1252, _CP1258, _MAC, _DOS = _bytes("cp1252"), _bytes("cp1258"), _bytes("mac_roman"), _bytes("cp437")


def _written(text: str, table: dict[str, int]) -> bytes | None:
    """The bytes that a table would write the text with, or None."""
    written = bytearray()
    for letter in text:
        byte = ord(letter) if letter.isascii() else table.get(letter)
        if byte is None:
            return None
        written.append(byte)
    return bytes(written)


def _from_1258(text: str) -> str:
    written = _written(text, _CP1252)
    return unicodedata.normalize("NFC", written.decode("cp1258", "replace")) if written else text


def _from_tcvn3_as_1258(text: str) -> str:
    # NFC has joined the combining marks of the table to letters.
    apart = "".join(
        c if c in _CP1258 or c.isascii() else unicodedata.normalize("NFD", c)
        for c in unicodedata.normalize("NFC", text)
    )
    written = _written(apart, _CP1258)
    return _from_tcvn3(written.decode("latin-1")) if written else text


# A damaged text is damaged from its beginning; a text of megabytes is not taken apart for more.
LOOKED_AT = 10_000
_BY_WORDS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (TCVN3, _from_tcvn3),
    (VNI, _from_vni),
    (CP1258, _from_1258),
    (TCVN3_AS_1258, _from_tcvn3_as_1258),
)
_RUN = re.compile("[^\x00-\x7f]{2,}")
_MEANT = frozenset(f"{_LETTERS}–—‘’“”…\u00a0°²³½«ÄÅÆ")
_UTF8 = (
    (UTF8_AS_WINDOWS, _CP1252),
    (MAC_ROMAN, _MAC),
    (UTF8_AS_WINDOWS, _CP1258),
    (UTF8_AS_437, _DOS),
)

# What undoes nothing --------------------------------------------------------------------------

_NUMBERED = re.compile(
    r"&#(?:\d{3,5}|x[0-9a-f]{2,4});|&[aeiouy](?:acute|grave|circ|tilde|uml);|&eth;|\\u[01][0-9a-f]{3}|"
    r"%(?:c[3-6]|e1%b[ab])%[89ab][0-9a-f]",
    re.IGNORECASE,
)
_BOX = "\ufffd\u25a1\u25af\u2395\ufffc"
_BOX_IN_WORD = re.compile(f"\ufffd|\\w[{_BOX}]+\\w|[a-z][{_BOX}]|[{_BOX}][a-z]")
_SIGN_IN_WORD = re.compile("[^\\W\\d_][¡-©¬®¯±´-¹»-¿÷×][^\\W\\d_]|[^\\W\\d_][\\u0080-\\u009f\\u2500-\\u259f]")
_ASKS = re.compile(r"\?+")
_LETTER = re.compile(r"[^\W_]")


def damaged(texts: pa.Array, escapes: bool = True) -> dict[str, pa.Array]:
    """Kind of damage → which of the texts have it, as booleans; see damage_of."""
    suspects = pc.fill_null(pc.match_substring_regex(texts, SUSPECT), False)
    places: list[int] = pc.indices_nonzero(suspects).to_pylist()
    found = {place: kind for place in places if (kind := damage_of(texts[place].as_py(), escapes))}
    return {
        kind: pa.array([found.get(place) == kind for place in range(len(texts))])
        for kind in dict.fromkeys(found.values())
    }


def damage_of(text: str, escapes: bool = True) -> str | None:
    """How a text is damaged, in the words of a reason; None when it is read as it was meant.

    `escapes`: whether a character written as its number is damage, as in a name; in JSON it is none.
    """
    if _BOX_IN_WORD.search(text) or ("??" in text and not _LETTER.search(text)):
        return LOST
    if escapes and _NUMBERED.search(text):
        return ESCAPED
    return _read_as(text)[0] or (
        LOST if "?" in text and _letters_lost(text[:LOOKED_AT]) else _sign_in_word(text)
    )


def undamaged(text: str) -> str:
    """The text as it was meant where that can be told, or as it is: for messages, never to be loaded."""
    return _read_as(text)[1]


def _read_as(text: str) -> tuple[str | None, str]:
    for kind, table in _UTF8:
        meant = _RUN.sub(partial(_decoded_run, table), text)
        if meant != text:
            return kind, meant
    words = _TOKEN.findall(text[:LOOKED_AT])
    # Letters that no 8-bit table shows are read rightly: then one odd word is a foreign or a misspelt one.
    wanted = 2 if any(_NOT_IN_LATIN1.search(word) and _accented(word) for word in words) else 1
    best: tuple[int, str | None, str] = (wanted - 1, None, text)
    for kind, decode in _BY_WORDS:
        gained = _gained(words, decode)
        # Its letters are also Vietnamese ones: "CĐ" is an abbreviation.
        if gained > best[0] and (gained > 1 or kind != TCVN3_AS_1258):
            best = (gained, kind, decode(text))
    return best[1], best[2]


def _decoded_run(table: dict[str, int], found: re.Match[str]) -> str:
    """A run of non-ASCII characters whose bytes are UTF-8, or the run itself."""
    run = found[0]
    written = _written(run, table)
    if written is None:
        return run
    try:
        meant = written.decode("utf-8")
    except UnicodeDecodeError as error:
        # The last letter may be cut off.
        meant = written[: error.start].decode("utf-8")
    # "«XÃ»" would be "«Xû": a letter that nobody meant.
    return meant if any(c in _MEANT for c in meant) else run


def _gained(words: Iterable[str], decode: Callable[[str], str]) -> int:
    """How many words are syllables only when decoded, less those that are some only as they are."""
    gained = 0
    for word in words:
        # A sign that stands alone is a sign: "·", "×", "®".
        if len(word) > 1 and not word.isascii() and (meant := decode(word)) != word:
            # A font of capitals shows small letters: "TØNH" is "TỉNH".
            gained += (_syllable(meant) and not meant.isascii()) - _accented(word)
    return gained


def _letters_lost(text: str) -> bool:
    """Whether question marks stand for letters, rather than behind a question."""
    weak = 0
    for token in re.finditer(r"\S+", text):
        if "?" not in token[0] or "=" in token[0] or "://" in token[0]:
            continue
        follows = text[token.end() : token.end() + 9].lstrip()[:1]
        for word in re.findall(r"""[^/,;:.()\[\]"“”]+""", token[0]):
            for asks in _ASKS.finditer(word):
                before, after = word[: asks.start()], word[asks.end() :]
                if after[:1].isalpha() and (not before or before[-1].isalpha()):
                    # "Có?Không" lacks a blank, "gi?y" a letter.
                    if not (_whole(before) and _whole(after) and before[-1].islower() and after[0].isupper()):
                        return True
                elif not after and before.isalpha() and not _whole(before):
                    # At the end it may be a letter that is asked for: "hạng B?"
                    weak += 2 if before.islower() or len(before) > 1 or follows else 0
                elif not after and before.isalpha():
                    weak += follows.islower()
    return weak >= 2


def _whole(word: str) -> bool:
    """Whether a word may be a whole syllable, with or without accents."""
    return _syllable(word) or _syllable(word, _BARE_RHYMES)


def _sign_in_word(text: str) -> str | None:
    return NO_LETTER if _SIGN_IN_WORD.search(text) else None

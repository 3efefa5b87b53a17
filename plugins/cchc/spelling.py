"""Compares names and headers whatever their case, spacing, look-alike letters or place of the tone mark."""

import re
import unicodedata

TONE_PAIRS = [("oà", "òa"), ("oá", "óa"), ("oả", "ỏa"), ("oã", "õa"), ("oạ", "ọa"),
              ("oè", "òe"), ("oé", "óe"), ("oẻ", "ỏe"), ("oẽ", "õe"), ("oẹ", "ọe"),
              ("uỳ", "ùy"), ("uý", "úy"), ("uỷ", "ủy"), ("uỹ", "ũy"), ("uỵ", "ụy")]  # fmt: skip


# "hoà" and "hòa" are one word, but "hoàn" has only one spelling: compare word ends only.
_OLD_STYLE = dict(TONE_PAIRS)
_NEW_STYLE_END = re.compile(r"(o[àáảãạèéẻẽẹ]|u[ỳýỷỹỵ])(?!\w)")
# The characters that Vietnamese is usually written with, as ranges.
PLAIN = (
    "\t\n\r -~\u00a0àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
    "ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ"
)
_PLAIN = re.compile(f"[{PLAIN}]*")
# Characters that show nothing, as ranges: soft hyphen, joiners, zero widths, direction marks, variation
# selectors, fillers, byte order mark, tags.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef"
)
# Those and control characters, and what a spreadsheet writes for a line break.
_INVISIBLE = re.compile(f"[\x00-\x08\x0e-\x1b\x7f{INVISIBLE}]")
_BREAK = re.compile("_x000[9ad]_|\u2800", re.IGNORECASE)
# Other letters and signs that print as those of Vietnamese; of small Cyrillic and Greek letters only those
# whose shape is the Latin one in every font. Upper and lower case are named apart: they look like different
# letters (В like B, в not like b).
_LOOK_ALIKES = str.maketrans(
    "ÐðƉɖꞌ" + "АВЕЅІЈКМНОРСТХҮԚԜ" + "асеѕіјһорхуԛԝ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ" + "οϲ" + "ıɑɡ"
    "‘’‚‛′ʹʻʼʽˈ´" + "“”„‟″«»" + "‐‑‒–—―−⁃" + "⁄∕",
    "đđđđ'" + "abesijkmhopctxyqw" + "acesijhopxyqw" + "abezhikmnoptyxc" + "oc" + "iag"
    + "'" * 11 + '"' * 7 + "-" * 8 + "//",
)  # fmt: skip
_UNUSUAL = re.compile(f"[{''.join(map(re.escape, map(chr, _LOOK_ALIKES)))}\u01cd\u01ce\u0300-\u036f]")
_TWICE = re.compile("([\u0300-\u036f])\\1+")
_TONE_BEFORE_HAT = re.compile("([\u0300\u0301\u0303\u0309])([\u0302\u0306])")
# What forms write behind a heading: "Mã hồ sơ (*)", "Mã hồ sơ:", "Ngày hẹn trả (dd/mm/yyyy)".
_NOTES = re.compile(
    r"(?:^\s*[*]+\s*)?(.*?)"
    r"(?:\s*(?:\(\s*[*]+\s*\)|[*:]|\((?:dd/mm/yyyy|ngày/tháng/năm)(?: hh:mm(?::ss)?)?\)))*\s*",
    re.DOTALL,
)


def fold(text: str) -> str:
    """A name or header as a key: what looks alike is alike.

    One Unicode form and one place of the tone mark, lower case, single spaces; without what is not seen
    and without the marks of a form around a heading.
    """
    folded = (text if _PLAIN.fullmatch(text) else _seen(text)).lower()
    if "_x" in folded or "\u2800" in folded:
        folded = _BREAK.sub(" ", folded)
    folded = " ".join(folded.split())
    if folded and (folded[-1] in "*:)" or folded[0] == "*"):
        bare = _NOTES.fullmatch(folded)
        folded = (bare[1].strip() if bare else "") or folded
    if folded.isascii():
        return folded
    return _NEW_STYLE_END.sub(lambda found: _OLD_STYLE[found[1]], folded)


def _seen(text: str) -> str:
    """The text that its letters and signs look like, in NFKC."""
    shown = _INVISIBLE.sub("", text)
    # Before NFKC, which takes ´ apart, and after it, when full-width and decomposed letters have their shape.
    for form in ("NFKC", "NFC"):
        if _UNUSUAL.search(shown):
            shown = _letters(shown)
        shown = unicodedata.normalize(form, shown)
    return _INVISIBLE.sub("", shown)


def _letters(text: str) -> str:
    """The letters and signs that the text shows, with the marks of each in the order of Vietnamese."""
    apart = unicodedata.normalize("NFD", text.translate(_LOOK_ALIKES)).translate(_LOOK_ALIKES)
    apart = apart.replace("a\u030c", "a\u0306").replace("A\u030c", "A\u0306")
    apart = re.sub("[dD][\u0335-\u0338]", "đ", _TWICE.sub(r"\1", apart))
    return unicodedata.normalize("NFC", _TONE_BEFORE_HAT.sub(r"\2\1", apart))


def bare(text: str) -> str:
    """The folded text without diacritics, spaces and punctuation: equal for near misspellings."""
    return re.sub(r"[\W_]+", "", bare_of(fold(text)))


def bare_of(word: str) -> str:
    """A folded word or name without diacritics."""
    apart = unicodedata.normalize("NFD", word.replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def legible(name: str) -> str:
    """The name of a file as text that can be kept: � for what is no UTF-8 in it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def one_line(name: object) -> str:
    """A name as messages show it: as it is, or quoted when it would break their line or a terminal."""
    text = str(name)
    return text if text.isprintable() else repr(text)

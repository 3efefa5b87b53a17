"""Compares names and headers whatever their case, spacing, Unicode form or place of the tone mark."""

import re
import unicodedata

TONE_PAIRS = [("oà", "òa"), ("oá", "óa"), ("oả", "ỏa"), ("oã", "õa"), ("oạ", "ọa"),
              ("oè", "òe"), ("oé", "óe"), ("oẻ", "ỏe"), ("oẽ", "õe"), ("oẹ", "ọe"),
              ("uỳ", "ùy"), ("uý", "úy"), ("uỷ", "ủy"), ("uỹ", "ũy"), ("uỵ", "ụy")]  # fmt: skip


def fold(text: str) -> str:
    """A name or header as a key: NFC, one tone-mark placement, lower case, single spaces."""
    folded = " ".join(unicodedata.normalize("NFC", text).lower().split())
    for new_style, old_style in TONE_PAIRS:
        # "hoà" and "hòa" are one word, but "hoàn" has only one spelling: compare word ends only.
        if new_style in folded:
            folded = re.sub(rf"{new_style}(?!\w)", old_style, folded)
    return folded


def one_line(name: object) -> str:
    """A name as messages show it: as it is, or quoted when it would break their line or a terminal."""
    text = str(name)
    return text if text.isprintable() else repr(text)

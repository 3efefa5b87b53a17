"""Says of a text whether an address of mail is in it, however its @ is written."""

import re

# As letters of other widths, and as pages and addresses of the web escape it.
_AT = (
    r"[@\uff20\ufe6b]|(?<=\w)%(?:25)*40(?=\w)|&#0*64(?!\d)|&#x0*40(?![0-9a-f])|&commat(?![a-z])"
    r"|&commat;|(?:\\|%)u0040"
)
# As people spell it out: only in front of what may be the name of a server, as (a) and at are words, too.
_SPELLED = (
    r"(?<=\w)(?:\s{0,3}[\[({<]\s?(?:at|a|a c[oò]ng)\s?[\])}>]\s{0,3}"
    r"|[\s_.-]{1,4}(?:at|a c[oò]ng)[\s_.-]{1,4})[\w-]{1,63}\.[a-z]{2,}"
)
_ADDRESS = re.compile(f"{_AT}|{_SPELLED}", re.IGNORECASE)
# Most texts have none of what begins one.
_BEGINS = re.compile(r"[@\uff20\ufe6b%&\[({<\\]|[\s_.-][aA]")
# For RE2, which reads columns of texts that nothing else is asked of: what an address needs.
MAY_BE_ONE = r"(?i)[@\x{FF20}\x{FE6B}]|%|&#|&comm|u0040|[\[({<]\s*a|[\s_.-]a(t|\s*c.{1,2}ng)[\s_.-]"


def has_address(text: str) -> bool:
    """Whether an address of mail is in a text."""
    return _BEGINS.search(text) is not None and _ADDRESS.search(text) is not None

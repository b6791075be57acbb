"""What a name may not have, said once: for experiments, arms, factors, levels, and runs from
elsewhere.

Two names that look the same but are not would be two things that nobody can tell apart, and a name
that turns the text around it shows something that is not there. Names of all languages are fine:
the two joiners that some scripts need are allowed between other characters.
"""

import re

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

# control characters beyond ASCII's, separators of lines, and what sets the direction of text
_TURNING = re.compile("[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# soft hyphen, spaces without width, fillers that show nothing, operators, tags, half of a mark
_UNSEEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_JOINERS = "\u200c\u200d"


def fault_of(name: str) -> str | None:
    """Return what is wrong with a name, in words that say what helps; None for a plain one."""
    if found := _TURNING.search(name):
        what = "begins a new line or turns the direction of the text"
        return f"has the character {_code(found[0])}, which {what}; leave it out"
    if found := _UNSEEN.search(name):
        return f"has the character {_code(found[0])}, which nobody can see; leave it out"
    if name != name.strip():
        return "begins or ends with a space; leave it out"
    if name != name.strip(_JOINERS):
        return "begins or ends with a joiner, which nobody can see; leave it out"
    return None


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"


def _plain(name: str) -> str:
    fault = fault_of(name)
    if fault is not None:
        raise PydanticCustomError("plain_name", "{fault}", {"fault": fault})
    return name


PlainName = AfterValidator(_plain)
"""For names that are not stored; those that are have to stay readable, so they are looked at when
they are sent."""

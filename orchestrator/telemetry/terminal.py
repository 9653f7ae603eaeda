"""Makes text from outside harmless on a terminal. Knows nothing of what is printed."""

from __future__ import annotations

import re
from typing import Final

_TURNS: Final = r"\u2028-\u202e\u2066-\u2069"
"""What ends a line, or lets letters appear in another order than they stand in."""

_MOVES: Final = re.compile(rf"[\x00-\x1f\x7f-\x9f{_TURNS}]")
_LEFT_BY_JSON: Final = re.compile(rf"[\x7f-\x9f{_TURNS}]")
_ESCAPES: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def harmless(text: str, keep: str = "") -> str:
    r"""Return `text` with whatever would steer a terminal written out, such as ``\x1b``.

    Args:
        text: from anywhere.
        keep: control characters that may stand as they are.
    """
    return _MOVES.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def harmless_json(written: str) -> str:
    """Return the same JSON, with what it need not escape but a terminal may follow escaped too."""
    return _LEFT_BY_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _escape(character: str) -> str:
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")  # noqa: PLR2004 - two digits

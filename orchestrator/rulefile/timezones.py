"""Reads the names of time zones, the same on every machine. Knows no clock."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from orchestrator.document import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.rulefile.parts import Part

_INSTEAD = "write the IANA name of a place, such as Europe/Berlin, or UTC"
_LIKE = 0.75


def read_timezone(part: Part) -> ZoneInfo | None:
    """Return the time zone of an IANA name; None where it had to be refused."""
    name = part.text(_INSTEAD)
    if name is None:
        return None
    known = _known()
    if name in known.values():
        return ZoneInfo(name)
    found = difflib.get_close_matches(name.lower(), known, n=1, cutoff=_LIKE)
    instead = f"did you mean {known[found[0]]}?" if found else _INSTEAD
    part.refuse(f"{quoted(name)} is not the name of a time zone: {instead}")
    return None


@cache
def _known() -> Mapping[str, str]:
    """Return all names by what people write for them: in lower case, or without the continent.

    They come from the package and not from the system: a folder there also holds files that mean
    something else on every machine, such as ``localtime``.
    """
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    places = {name.rpartition("/")[2].lower(): name for name in names if "/" in name}
    return places | {name.lower(): name for name in names if name != "Factory"}

"""Reads values of which there are only so many: words, true and false, counts. Knows no key."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from orchestrator.document import quoted
from orchestrator.rulefile.parts import nearest

if TYPE_CHECKING:
    from orchestrator.rulefile.parts import Part

W = TypeVar("W", bound=str)


def read_choice(part: Part | None, known: tuple[W, ...], default: W) -> W:
    """Return one of the known words, or the one that is meant; else the default."""
    if part is None:
        return default
    for word in known:
        if part.value == word:
            return word
    meant = nearest(part.value, known) if isinstance(part.value, str) else None
    advice = f"did you mean {meant}?" if meant else f"write one of {', '.join(known)}"
    found = quoted(part.value) if isinstance(part.value, str) else part.kind
    part.refuse(f"`{part.key}` cannot be {found}: {advice}")
    return next((word for word in known if word == meant), default)


def read_switch(part: Part | None, *, default: bool) -> bool:
    """Return true or false; the default where there is none, or it was refused."""
    if part is None:
        return default
    if not isinstance(part.value, bool):
        part.refuse(f"`{part.key}` is {part.kind}: write true or false")
        return default
    return part.value


def read_count(part: Part | None, most: int, default: int) -> int:
    """Return a whole number from 1 to `most`; the default where there is none or it is refused."""
    if part is None:
        return default
    if type(part.value) is int and 1 <= part.value <= most:
        return part.value
    part.refuse(f"`{part.key}` takes a whole number from 1 to {most:,}, such as {default:,}")
    return default

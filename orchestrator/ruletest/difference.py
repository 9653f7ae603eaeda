"""Where data differs from what was expected of it. Knows nothing of messages and files."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

_LONGEST = 100
_CONTEXT = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where data is not as expected.

    Attributes:
        path: where in the data.
        message: what is wrong there.
    """

    path: Path
    message: str

    def __str__(self) -> str:
        """Return the place as an expression would read it, and what is wrong there."""
        place = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in self.path)
        return f"data{place} {self.message}"


def differences(
    expected: object, found: object, *, exactly: bool, path: Path = ()
) -> Iterator[Difference]:
    """Yield every place where `found` is not as `expected`.

    Args:
        expected: a JSON value.
        found: a JSON value.
        exactly: whether mappings may have no other fields. Lists never have other items.
        path: where in the data the two stand.
    """
    match expected, found:
        case dict(), dict():
            yield from _fields(expected, found, exactly=exactly, path=path)
        case list(), list():
            if len(expected) != len(found):
                counts = f"has {len(found)} items, expected {len(expected)}"
                yield Difference(path, f"{counts}: {shown(found)}")
                return
            for index, (wanted, item) in enumerate(zip(expected, found, strict=True)):
                yield from differences(wanted, item, exactly=exactly, path=(*path, index))
        case _:
            if not _equal(expected, found) and isinstance(expected, str) and isinstance(found, str):
                yield Difference(path, _texts(expected, found))
            elif not _equal(expected, found):
                yield Difference(path, f"is {shown(found)}, expected {shown(expected)}")


def _fields(
    expected: dict[str, object], found: dict[str, object], *, exactly: bool, path: Path
) -> Iterator[Difference]:
    for name, wanted in expected.items():
        inner = (*path, name)
        if name in found:
            yield from differences(wanted, found[name], exactly=exactly, path=inner)
        else:
            yield Difference(inner, f"is missing, expected {shown(wanted)}")
    for name, value in found.items() if exactly else ():
        if name not in expected:
            yield Difference((*path, name), f"is {shown(value)}, and was not expected")


def _equal(expected: object, found: object) -> bool:
    # To Python true is 1; to JSON it is not.
    return expected == found and isinstance(expected, bool) == isinstance(found, bool)


def _texts(expected: str, found: str) -> str:
    """Say how two texts differ: long ones from shortly before the place where they part."""
    if max(len(expected), len(found)) <= _LONGEST:
        return f"is {shown(found)}, expected {shown(expected)}"
    pairs = zip(expected, found, strict=False)
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    begin = max(0, common - _CONTEXT)
    texts = f"{shown(found[begin:])}, expected {shown(expected[begin:])}"
    return f"differs after {common} characters: it has {texts}"


def shown(value: object) -> str:
    """Return a JSON value on one line, cut where it becomes long."""
    text = orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."

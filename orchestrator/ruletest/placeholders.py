"""Replaces texts in event data by placeholders that the schema takes just as well. Pure."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

from orchestrator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

Path: TypeAlias = tuple[str | int, ...]

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_FIRST_DAY: Final = date(2000, 1, 1)
_LETTERS: Final = 26


class Placeholders:
    """Stand-ins for texts: equal ones for equal texts, others for others, over a whole case.

    Args:
        names: what stands for some texts, wherever the schema allows it.

    Attributes:
        kept: where a text stayed, because nothing else satisfies the schema: paths, in order.
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._taken = dict(names or {})
        self._named = len(self._taken)
        self.kept: dict[str, None] = {}

    def redact(
        self,
        data: object,
        validate: Callable[[object], None],
        keep: Collection[tuple[str, ...]],
    ) -> object:
        """Return a copy of `data` in which each text is replaced by one that is as valid.

        Numbers, bools, nulls, empty texts and the names of fields stay. So does what `keep` names,
        and a text for which no placeholder satisfies the schema, such as a word of an enum.

        Args:
            data: a JSON value.
            validate: raises ``Refused`` for data that breaks the schema.
            keep: paths of fields to leave as they are, with everything inside.
        """
        root = [deepcopy(data)]
        is_valid = _accepts(validate, root[0])
        for path, _ in list(_texts(data, ())):
            if not _is_kept(path, keep):
                self._replace(root, path, lambda: not is_valid or _accepts(validate, root[0]))
        return root[0]

    def _replace(self, root: list[object], path: Path, fits: Callable[[], bool]) -> None:
        *steps, last = (0, *path)
        holder: object = root
        for step in steps:
            holder = holder[step]  # type: ignore[index]  # the path was found in the data
        text: str = holder[last]  # type: ignore[index]
        for candidate in self._candidates(text):
            holder[last] = candidate  # type: ignore[index]
            if fits():
                self._taken.setdefault(text, candidate)
                return
        holder[last] = text  # type: ignore[index]
        self.kept[".".join(map(str, path))] = None

    def _candidates(self, text: str) -> Iterator[str]:
        """Yield what may stand for `text`, the best first; nothing that stands for another."""
        if text in self._taken:
            yield self._taken[text]
        used = set(self._taken.values())
        for candidate in _like(text, len(self._taken) - self._named + 1):
            if candidate not in used and candidate != text:
                yield candidate


def texts_at(data: object, keep: Collection[tuple[str, ...]]) -> Iterator[str]:
    """Yield the texts that stay as they are because `keep` names them."""
    return (text for path, text in _texts(data, ()) if _is_kept(path, keep))


def _is_kept(path: Path, keep: Collection[tuple[str, ...]]) -> bool:
    return any(_names(path)[: len(kept)] == kept for kept in keep)


def _accepts(validate: Callable[[object], None], data: object) -> bool:
    try:
        validate(data)
    except Refused:
        return False
    return True


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    match value:
        case str() if value:
            yield path, value
        case dict():
            for name, inner in value.items():
                yield from _texts(inner, (*path, name))
        case list():
            for index, inner in enumerate(value):
                yield from _texts(inner, (*path, index))


def _names(path: Path) -> tuple[str, ...]:
    """Return the names of a path up to the first index: what an expression may say of it."""
    names: list[str] = []
    for step in path:
        if isinstance(step, int):
            break
        names.append(step)
    return tuple(names)


def _like(text: str, number: int) -> Iterator[str]:
    """Yield texts of the kind that `text` is of, then such of its length, then of its shape."""
    yield from _of_kind(text, number)
    plain = f"text {number}"
    yield plain
    yield plain.ljust(len(text), ".")[: len(text)]
    shifted = "".join(_shifted(one, number) for one in text)
    yield shifted
    yield "".join(_shifted(one, number) if one.isdecimal() else one for one in text)
    yield "".join(_shifted(one, number) if one.isalpha() else one for one in text)


def _of_kind(text: str, number: int) -> Iterator[str]:
    day = _FIRST_DAY + timedelta(days=number)
    if _EMAIL.fullmatch(text):
        yield f"person{number}@example.org"
    elif _URI.fullmatch(text):
        yield f"https://example.org/{number}"
    elif _is(UUID, text):
        yield str(UUID(int=number, version=4))
    elif _is(date.fromisoformat, text):
        yield day.isoformat()
    elif _is(datetime.fromisoformat, text) and ":" in text:
        yield f"{day.isoformat()}T00:00:00Z"


def _is(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _shifted(one: str, number: int) -> str:
    """Return a character of the same class: a digit, a small or a capital letter, or itself."""
    if one.isdecimal():
        return str((int(one) + number) % 10)
    if one.isalpha():
        first = "A" if one.isupper() else "a"
        return chr(ord(first) + (ord(one.lower()) + number) % _LETTERS)
    return one

"""The items of for-each steps, kept in pieces so that a reply touches one of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

from orchestrator.core.decision import Part
from orchestrator.core.workflow.state import Task, moment_of, pack_task, unpack_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Packed: TypeAlias = "dict[str, Any]"
"""An item in the form of its bytes."""

PIECE: Final = 32
"""Items per piece: what a reply to one of them reads and writes."""


class PiecesWanted(Exception):
    """Deciding needs pieces of the state that were not loaded.

    Attributes:
        names: theirs.
    """

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.names = tuple(names)


class Pieces:
    """The items that were loaded, as a working copy. Only those that are touched are unpacked."""

    def __init__(self, loaded: Mapping[str, bytes]) -> None:
        self._loaded = loaded
        self._packed: dict[str, list[Packed]] = {}
        self._touched: dict[str, dict[int, Task]] = {}

    def item(self, step: str, index: int) -> Task:
        """Return an item, which the caller may change. Raise `PiecesWanted` if it is not here."""
        name = piece_of(step, index)
        packed, place = self._piece(name), index % PIECE
        touched = self._touched.setdefault(name, {})
        if place not in touched:
            touched[place] = unpack_task(packed[place])
        return touched[place]

    def items(self, step: str, start: int, stop: int) -> Iterator[tuple[int, Task]]:
        """Yield items from `start` to before `stop`, to be read.

        Raises:
            PiecesWanted: naming everything of them that is not here.
        """
        names = [piece_of(step, index) for index in range(start // PIECE * PIECE, stop, PIECE)]
        missing = [name for name in names if name not in self._packed and name not in self._loaded]
        if missing:
            raise PiecesWanted(missing)
        for index in range(start, stop):
            name, place = piece_of(step, index), index % PIECE
            touched = self._touched.get(name, {}).get(place)
            yield index, touched or unpack_task(self._piece(name)[place])

    def create(self, step: str, values: list[object]) -> None:
        """Add the items of a step that is being opened."""
        for start in range(0, len(values), PIECE):
            name = piece_of(step, start)
            items = [Task("pending", item=value) for value in values[start : start + PIECE]]
            self._packed[name] = [pack_task(item) for item in items]
            self._touched[name] = {}

    def touch(self, name: str) -> Iterator[tuple[int, Task]]:
        """Yield the items of a whole piece with their indexes; it will be written."""
        step, _, number = name.rpartition("/")
        start = int(number) * PIECE
        for index in range(start, start + len(self._piece(name))):
            yield index, self.item(step, index)

    def touch_all(self, step: str, total: int) -> None:
        """Have all items of a step written, changed or not; raise as `items` does."""
        for index, _ in self.items(step, 0, total):
            self._touched.setdefault(piece_of(step, index), {})

    def written(self, earliest: int | None) -> tuple[Part, ...]:
        """Return what changed, each piece with the time of the first of its items.

        Args:
            earliest: no piece is looked at before then; None for no such limit.
        """
        return tuple([self._part(name, earliest) for name in self._touched])

    def _part(self, name: str, earliest: int | None) -> Part:
        packed = self._piece(name)
        for place, task in self._touched[name].items():
            packed[place] = pack_task(task)
        dues = [due for each in packed if (due := each.get("undo", each).get("due")) is not None]
        if not dues:
            return Part(name, orjson.dumps(packed))
        due = min(dues) if earliest is None else max(min(dues), earliest)
        return Part(name, orjson.dumps(packed), moment_of(due))

    def _piece(self, name: str) -> list[Packed]:
        packed = self._packed.get(name)
        if packed is None:
            loaded = self._loaded.get(name)
            if loaded is None:
                raise PiecesWanted((name,))
            packed = self._packed[name] = orjson.loads(loaded)
        return packed


def piece_of(step: str, index: int) -> str:
    """Return the name of the piece that holds an item."""
    return f"{step}/{index // PIECE}"


def items_of(piece: bytes) -> list[Task]:
    """Return the items that a piece holds, for people to look at."""
    return [unpack_task(packed) for packed in orjson.loads(piece)]


def first_due(tasks: Iterable[Task]) -> int | None:
    """Return when the first of `tasks`, or of their compensations, is due; None for never."""
    first: int | None = None
    for task in tasks:
        undo = task.undo
        due = task.due if undo is None else undo.due
        if due is not None and (first is None or due < first):
            first = due
    return first

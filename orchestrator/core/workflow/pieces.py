"""The items of for-each steps, kept in pieces of 64 so that a reply touches one of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.core.decision import Part
from orchestrator.core.workflow.state import Task, moment_of, pack_items, unpack_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PIECE: Final = 64
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
    """The items that were loaded, as a working copy."""

    def __init__(self, loaded: Mapping[str, bytes]) -> None:
        self._loaded = loaded
        self._read: dict[str, list[Task]] = {}
        self._changed: dict[str, None] = {}

    def item(self, step: str, index: int) -> Task:
        """Return an item, which the caller may change. Raise `PiecesWanted` if it is not here."""
        name = piece_of(step, index)
        tasks = self._tasks(name)
        self._changed[name] = None
        return tasks[index % PIECE]

    def items(self, step: str, start: int, stop: int) -> Iterator[tuple[int, Task]]:
        """Yield items from `start` to before `stop`, to be read.

        Raises:
            PiecesWanted: naming everything of them that is not here.
        """
        names = [piece_of(step, index) for index in range(start // PIECE * PIECE, stop, PIECE)]
        missing = [name for name in names if name not in self._read and name not in self._loaded]
        if missing:
            raise PiecesWanted(missing)
        for index in range(start, stop):
            yield index, self._tasks(piece_of(step, index))[index % PIECE]

    def create(self, step: str, values: list[object]) -> None:
        """Add the items of a step that is being opened."""
        for start in range(0, len(values), PIECE):
            name = piece_of(step, start)
            self._read[name] = [
                Task("pending", item=value) for value in values[start : start + PIECE]
            ]
            self._changed[name] = None

    def touch(self, name: str) -> Iterator[tuple[int, Task]]:
        """Yield the items of a whole piece with their indexes; it will be written."""
        self._changed[name] = None
        _, _, number = name.rpartition("/")
        start = int(number) * PIECE
        yield from enumerate(self._tasks(name), start)

    def touch_all(self, step: str, total: int) -> None:
        """Have all items of a step written, changed or not; raise as `items` does."""
        for _ in self.items(step, 0, total):
            pass
        self._changed |= dict.fromkeys(piece_of(step, start) for start in range(0, total, PIECE))

    def written(self, earliest: int | None) -> tuple[Part, ...]:
        """Return what changed, each piece with the time of the first of its items.

        Args:
            earliest: no piece is looked at before then; None for no such limit.
        """
        return tuple([self._part(name, earliest) for name in self._changed])

    def _part(self, name: str, earliest: int | None) -> Part:
        tasks = self._read[name]
        due = first_due(tasks)
        if due is not None and earliest is not None:
            due = max(due, earliest)
        return Part(name, pack_items(tasks), moment_of(due))

    def _tasks(self, name: str) -> list[Task]:
        tasks = self._read.get(name)
        if tasks is None:
            packed = self._loaded.get(name)
            if packed is None:
                raise PiecesWanted((name,))
            tasks = self._read[name] = unpack_items(packed)
        return tasks


def piece_of(step: str, index: int) -> str:
    """Return the name of the piece that holds an item."""
    return f"{step}/{index // PIECE}"


def first_due(tasks: Iterable[Task]) -> int | None:
    """Return when the first of `tasks`, or of their compensations, is due; None for never."""
    first: int | None = None
    for task in tasks:
        undo = task.undo
        due = task.due if undo is None else undo.due
        if due is not None and (first is None or due < first):
            first = due
    return first

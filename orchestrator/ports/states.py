"""What is kept under a key: where, until when, and its change."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from orchestrator.core.decision import Instance, Part
    from orchestrator.core.status import Status


MESSAGE: Final = "m/"
"""What the part of a kept message begins with."""

PIECE: Final = "p/"
"""What the part of a piece begins with."""

NOTHING: Final[Mapping[InstanceKey, Sequence[str]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class InstanceKey:
    """Where an instance is kept: a definition's name and a correlation key.

    Two things are kept beside what a definition remembers about a key, and `part` tells which:

    - a *kept message*, which the definition sends later: ``m/`` and the message's id. It is an
      instance of its own, with a version and a timer, and outlives what the definition remembers.
    - a *piece* of the instance: ``p/`` and its name. It has no version: it is written only together
      with the instance it belongs to, and ends with it. It may have a timer.

    Attributes:
        definition: the definition's name.
        key: the correlation key; it alone decides about the shard.
        part: empty for the instance itself, its head.
    """

    definition: str
    key: str
    part: str = ""

    @property
    def head(self) -> InstanceKey:
        """The instance that a piece belongs to, or that a kept message was decided for."""
        return InstanceKey(self.definition, self.key) if self.part else self

    @property
    def message(self) -> str:
        """The id of a kept message; empty for everything else."""
        return self.part[len(MESSAGE) :] if self.part.startswith(MESSAGE) else ""

    @property
    def piece(self) -> str:
        """The name of a piece; empty for everything else."""
        return self.part[len(PIECE) :] if self.part.startswith(PIECE) else ""

    def of_message(self, message_id: str) -> InstanceKey:
        """Return where a message is kept until it is sent."""
        return InstanceKey(self.definition, self.key, MESSAGE + message_id)

    def of_piece(self, name: str) -> InstanceKey:
        """Return where a piece is kept."""
        return InstanceKey(self.definition, self.key, PIECE + name)


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer: of an instance, a kept message or a piece. Each has one, or none.

    Attributes:
        at: whose.
        due: when, aware, to the millisecond.
    """

    at: InstanceKey
    due: datetime


@dataclass(frozen=True, slots=True)
class InstanceWrite:
    """The change of one instance, decided on `expected`.

    Attributes:
        at: which instance, or which kept message; never a piece.
        expected: the instance as the decision saw it; None when there was none. One that has ended
            is begun again: none may be open, and it must be the one that was kept last.
        status: from now on. A final one ends it: it goes with its pieces and their timers, and is
            listed as finished for a while. None writes nothing, and only insists on `expected`.
        state: the next state. Of one that ends, what is kept for a while beside its pieces; None
            to keep nothing.
        due: when its timer is due from now on; None for no timer.
        revision: of the definition that began it.
        parts: the pieces that change. Each sets or removes its own timer.
    """

    at: InstanceKey
    expected: Instance | None
    status: Status | None
    state: bytes | None = None
    due: datetime | None = None
    revision: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def recalled(self) -> Instance | None:
        """The instance that had ended and is begun again; None for any other write."""
        return self.expected if self.expected and self.expected.status.final else None

    @property
    def parted(self) -> bool:
        """Whether the instance has, or had, pieces."""
        return bool(self.parts) or (self.expected is not None and self.expected.parted)

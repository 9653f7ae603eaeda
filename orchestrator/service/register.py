"""Who runs which service and what he can do: the port that instances announce themselves at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

BEAT_SECONDS: Final = 2.0
"""How often an instance announces itself."""

SILENCE_SECONDS: Final = 3 * BEAT_SECONDS
"""An instance that was not heard of for so long does not live."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What an instance says about itself.

    Attributes:
        service: whose instance it is.
        name: its own, unique; also its queue and the routing key that reaches it alone.
        host: where it runs, for people.
        capabilities: what it can do.
        in_hand: how many messages it has taken and not finished.
        concurrency: how many it works on at once, at least 1.
    """

    service: str
    name: str
    host: str
    capabilities: tuple[str, ...]
    in_hand: int
    concurrency: int

    @property
    def load(self) -> float:
        """How busy it is: 1 is as many messages as it works on at once."""
        return self.in_hand / self.concurrency


@dataclass(frozen=True, slots=True)
class Heard:
    """An instance that lives.

    Attributes:
        announcement: what it said last.
        at_ms: when, by the register's own clock, in milliseconds.
        age_seconds: how long ago that is.
    """

    announcement: Announcement
    at_ms: int
    age_seconds: float


class Register(Protocol):
    """Keeps the last announcement of each instance, by a clock that is the same for all."""

    async def announce(self, announcement: Announcement) -> None:
        """Note that the instance lives, and what it says.

        Raises:
            Unavailable: the register cannot be reached.
        """

    async def leave(self, name: str) -> None:
        """Forget an instance, which need not be known.

        Raises:
            Unavailable: the register cannot be reached.
        """

    async def living(self) -> Sequence[Heard]:
        """Return who was heard of lately, ordered by name.

        Raises:
            Unavailable: the register cannot be reached.
        """

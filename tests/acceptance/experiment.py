"""Load on an installation while something happens to it, and the count afterwards."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from tests.acceptance.process import PATIENCE_SECONDS, POLL_SECONDS, READY, eventually
from tests.acceptance.verdict import verdict

if TYPE_CHECKING:
    import random

    from tests.acceptance.harness import Site
    from tests.acceptance.process import Process


class Experiment:
    """Load on a site while something happens to it, and the count afterwards.

    Args:
        site: under load.
        per_second: events; more than 250 are shared among several publishers.
    """

    def __init__(self, site: Site, *, per_second: float) -> None:
        lanes = int(per_second // 250) + 1
        self._site = site
        self._stack = ExitStack()
        self._publishers = [
            site.publisher(per_second=per_second / lanes, name=f"e{lane}-") for lane in range(lanes)
        ]
        self.collector = site.collector()

    def __enter__(self) -> Self:
        for thread in (self.collector, *self._publishers):
            self._stack.enter_context(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def confirmed(self) -> set[str]:
        """The ledger."""
        return set().union(*(publisher.confirmed for publisher in self._publishers))

    def progress(self, events: int) -> None:
        """Wait until so many more events are confirmed, and the subject reacted to one of them."""
        known, arrived = self.confirmed, len(self.collector.arrivals)
        goal = len(known) + events
        eventually(lambda: len(self.confirmed) >= goal, f"{events} more events confirmed")

        def reacted() -> bool:
            return any(each.event_id not in known for each in self.collector.arrivals[arrived:])

        eventually(reacted, "a command of a new event")

    def stop_load(self) -> None:
        """Publish nothing any more, once all is confirmed."""
        for publisher in self._publishers:
            publisher.stop()

    def count(self, quiet_seconds: float = PATIENCE_SECONDS) -> list[str]:
        """Stop the load, let the subject finish, and return what is wrong.

        Args:
            quiet_seconds: how long nothing may arrive before what is missing counts as lost.
        """
        self.stop_load()
        confirmed, arrived = self.confirmed, 0
        deadline = time.monotonic() + quiet_seconds
        while (wrong := self._wrong(confirmed)) and time.monotonic() < deadline:
            if len(self.collector.arrivals) > arrived:
                arrived, deadline = len(self.collector.arrivals), time.monotonic() + quiet_seconds
            time.sleep(POLL_SECONDS)
        return wrong

    def _wrong(self, confirmed: set[str]) -> list[str]:
        return verdict(confirmed, list(self.collector.arrivals))


def kill_repeatedly(
    process: Process,
    chance: random.Random,
    *,
    seconds: float,
    between: tuple[float, float],
    ready: str | None = READY,
) -> int:
    """Kill `process` and start it again, at random moments; return how often.

    Args:
        process: the victim.
        chance: picks the moments.
        seconds: how long at least.
        between: the shortest and the longest time it has, in seconds.
        ready: what it logs when it is up: every other time it has that time from there, as on a
            slow machine it would die before it has begun, each time. None for what logs nothing.
    """
    deadline, kills = time.monotonic() + seconds, 0
    while time.monotonic() < deadline or kills < seconds / between[1]:
        if ready is not None and kills % 2:
            process.wait_for(ready)
        time.sleep(chance.uniform(*between))
        process.kill()
        process.start()
        kills += 1
    return kills

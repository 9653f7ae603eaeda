"""Looks who lives, for workflows that route commands by capability. Chooses nobody itself."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from orchestrator.core.directory import Live, Snapshot
from orchestrator.core.workflow import Workflow
from orchestrator.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.directory import Directory
    from orchestrator.core.event import Outgoing
    from orchestrator.engine.patience import Patience
    from orchestrator.service.register import Heard, Register

LOOK_SECONDS: Final = 1.0


class Whereabouts(Protocol):
    """What the spine asks about instances of services."""

    @property
    def directory(self) -> Directory | None:
        """Who lives, as far as is known; None for nobody."""

    def sent(self, outgoing: Iterable[Outgoing]) -> None:
        """Hear what a decision sends."""


class Roster:
    """Reads the register of instances once a second, if any workflow asks for a capability.

    Between two looks it counts what was sent to whom: an instance says how busy it is only every
    other second, and until then all commands would go to who was idle then. While the register
    is away, the last look stands: on the broker, what is for somebody who died is passed on.

    Args:
        register: where instances announce themselves.
        rulebook: returns what is reacted with now.
        patience: how to wait for the register.
    """

    def __init__(
        self, register: Register, rulebook: Callable[[], Rulebook], patience: Patience
    ) -> None:
        self._register = register
        self._rulebook = rulebook
        self._patience = patience
        self._beats: dict[str, int] = {}
        self._snapshot: Snapshot | None = None

    @property
    def directory(self) -> Snapshot | None:
        """Who lives, as far as is known; None before the first look, or if nobody asks."""
        return self._snapshot

    async def run(self) -> None:
        """Look again and again, until the process stops."""
        with suppress(Unavailable, Misconfigured):  # only once it stops: then nobody asks
            while not self._patience.stopping:
                await self.look()
                await self._patience.idle(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once. Without a workflow that routes commands, ask nobody."""
        if routes(self._rulebook()):
            heard = await self._patience.until_done("store", self._register.living)
            self._take(heard)
        else:
            self._snapshot = None

    def sent(self, outgoing: Iterable[Outgoing]) -> None:
        """Count what a decision sends. It may still be decided again; then it counts twice."""
        snapshot = self._snapshot
        if snapshot is not None:
            for message in outgoing:
                snapshot = snapshot.after(message.channel)
            self._snapshot = snapshot

    def _take(self, heard: Sequence[Heard]) -> None:
        """Replace the snapshot; who has said nothing new keeps what was counted for him."""
        before = self._snapshot or Snapshot()
        services: dict[str, Live] = {}
        able: dict[str, list[str]] = {}
        for each in heard:
            said = each.announcement
            known = before.services.get(said.name)
            news = self._beats.get(said.name) != each.at_ms
            services[said.name] = Live(
                name=said.name,
                channel=said.name,
                load=said.load if known is None or news else known.load,
                share=1 / said.concurrency,
                turn=known.turn if known is not None else 0,
            )
            for capability in said.capabilities:
                able.setdefault(capability, []).append(said.name)
        self._beats = {each.announcement.name: each.at_ms for each in heard}
        self._snapshot = Snapshot(services, able, before.turn)


def routes(rulebook: Rulebook) -> bool:
    """Tell whether any workflow, in its wording of today or an old one, asks for a capability."""
    retired = rulebook.retired.definitions.values()
    return any(
        isinstance(definition, Workflow) and definition.routes
        for definition in (*rulebook.definitions, *retired)
    )

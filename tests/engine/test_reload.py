"""A new rulebook is swapped in while events flow; a bad one changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.ids import ReactionId
from orchestrator.core.problem import Problem
from orchestrator.core.retired import Revision
from orchestrator.core.status import Status
from orchestrator.engine.archive import Archive
from orchestrator.engine.arming import Arming
from orchestrator.engine.orders import cancel, carry_out
from orchestrator.engine.reload import Reloader
from orchestrator.errors import InvalidDefinitions, Misconfigured, Unavailable
from orchestrator.ports import Commit, InstanceKey, InstanceWrite, Reaction
from tests.engine.definitions import HERE, Contract, Pairs, rule
from tests.engine.definitions import rulebook as make_rulebook
from tests.engine.interference import MeddledBroker, Outage
from tests.engine.messages import QUEUE, filed, told
from tests.engine.world import NOW, World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestrator.core.definitions import Rulebook
    from orchestrator.engine.engine import Engine
    from orchestrator.ports import Broker
    from tests.engine.interference import Interference
    from tests.engine.ledger import Ledger


def book(revision: str, **channels: str) -> Rulebook:
    """Return a rulebook that wants these event types on these channels."""
    rules = make_rulebook(*(rule(f"on-{name}", name, "Send") for name in channels))
    contracts = {name: Contract(name, channel) for name, channel in channels.items()}
    return replace(rules, revision=revision, contracts=contracts)


OLD = book("old", Kept="kept.v1", Dropped="dropped.v1")
NEW = book("new", Kept="kept.v1", Added="added.v1")


class Log:
    """Notes what the broker was told, and which rulebook ran at that moment."""

    def __init__(self, broker: Broker) -> None:
        self.lines: list[tuple[str, set[str], str]] = []
        self.engine: Engine | None = None
        self._broker = broker

    async def bind(self, queue: str, channels: Any) -> None:
        self._note("bind", channels)
        await self._broker.bind(queue, channels)

    async def unbind(self, queue: str, channels: Any) -> None:
        self._note("unbind", channels)
        await self._broker.unbind(queue, channels)

    def _note(self, call: str, channels: Any) -> None:
        assert self.engine is not None
        self.lines.append((call, set(channels), self.engine.rulebook.revision))


def reloader(
    world: World, build: Callable[[], Rulebook], between: Interference | None = None
) -> tuple[Reloader, Log, Engine, Ledger]:
    log = Log(world.broker)
    world.rulebook = OLD
    engine, ledger = world.engine()
    patience = engine._patience  # noqa: SLF001 - the daemon gives both the same
    log.engine = engine
    broker: Any = MeddledBroker(log, between) if between else log  # type: ignore[arg-type]
    arming = Arming(world.store, world.clock, patience)
    made = Reloader(
        engine,
        broker,
        patience,
        ledger,
        arming=arming,
        archive=Archive(world.store, world.clock, patience),
        queue=QUEUE,
        build=build,
    )
    return made, log, engine, ledger


def world() -> World:
    return World(MemoryStore())


async def test_channels_are_bound_before_the_swap_and_unbound_after_it() -> None:
    """No event falls between two rulebooks: first the queue gets more, last it gets less."""
    reload, log, _, ledger = reloader(world(), lambda: NEW)

    await reload.start()
    assert await reload.reload() is True

    assert log.lines == [
        ("bind", {"kept.v1", "dropped.v1"}, "old"),
        ("bind", {"added.v1"}, "old"),
        ("unbind", {"dropped.v1"}, "new"),
    ]
    assert ledger.loaded == ["old", "new"]


async def test_the_same_channels_are_left_alone() -> None:
    """A changed condition is no business of the broker's."""
    reload, log, engine, _ = reloader(world(), lambda: replace(OLD, revision="edited"))
    assert await reload.reload() is True
    assert (log.lines, engine.rulebook.revision) == ([], "edited")


@pytest.mark.parametrize(
    ("error", "problems"),
    [
        (
            InvalidDefinitions([Problem(HERE, "unknown key"), Problem(HERE, "no such type")]),
            ("test.yaml:1:1: error: unknown key", "test.yaml:1:1: error: no such type"),
        ),
        (Misconfigured("the folder rules cannot be read"), ("the folder rules cannot be read",)),
    ],
)
async def test_a_refused_rulebook_changes_nothing(
    error: Exception, problems: tuple[str, ...]
) -> None:
    """A typo must not take the system down; every problem is told, one per line."""

    def build() -> Rulebook:
        raise error

    reload, log, engine, ledger = reloader(world(), build)

    assert await reload.reload() is False

    assert (log.lines, engine.rulebook, ledger.loaded) == ([], OLD, [])
    assert ledger.refused == [problems]


async def test_after_a_refusal_the_mended_rulebook_is_taken() -> None:
    """An operator mends the file; nobody restarts anything."""
    books: list[Exception | Rulebook] = [Misconfigured("cannot be read"), NEW]

    def build() -> Rulebook:
        found = books.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    reload, _, engine, _ = reloader(world(), build)
    assert [await reload.reload(), await reload.reload()] == [False, True]
    assert engine.rulebook is NEW


@pytest.mark.parametrize("name", ["bind", "unbind"])
@pytest.mark.parametrize("error", [Unavailable("away"), Misconfigured("no permission")])
async def test_a_broker_that_is_away_is_waited_for(name: str, error: Exception) -> None:
    """The swap without its bindings would be a rulebook that hears nothing."""
    reload, log, engine, ledger = reloader(world(), lambda: NEW, Outage(name, 1, error))

    assert await reload.reload() is True

    assert engine.rulebook is NEW
    assert [(call, revision) for call, _, revision in log.lines] == [
        ("bind", "old"),
        ("unbind", "new"),
    ]
    assert ledger.waits == [("broker", str(error))]


@pytest.mark.parametrize(("name", "swapped"), [("bind", False), ("unbind", True)])
async def test_it_ends_quietly_when_the_process_stops_during_an_outage(
    name: str, *, swapped: bool
) -> None:
    """An error here would cut off the engine, which still has work in hand."""
    reload, _, engine, _ = reloader(world(), lambda: NEW, Outage(name, failures=10**9))
    engine.stop()
    assert await reload.reload() is swapped
    assert (engine.rulebook is NEW) is swapped


class SwapAt:
    """Assigns a new rulebook in the middle of a batch."""

    def __init__(self, swap: Callable[[], None]) -> None:
        self._swap = swap

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        if name == "commit":
            self._swap()
        return await call()


async def test_a_batch_is_decided_by_one_rulebook() -> None:
    """The swap takes effect between two batches, and with the next one."""
    this = World(MemoryStore(), rule("before", "Filed", "Before"))
    after = make_rulebook(rule("after", "Filed", "After"))
    await this.publish(*(filed(f"e{number}", "C-1") for number in range(4)))
    engines: list[Engine] = []
    engine, _ = this.engine(between=SwapAt(lambda: setattr(engines[0], "rulebook", after)))
    engines.append(engine)

    await engine.run()

    assert told(this.sent) == ["Before e0", "Before e1", "After e2", "After e3"]


async def test_what_runs_is_bound_again_and_again() -> None:
    """Who deletes the bus, and has it made anew, deletes bindings that nobody else brings back."""
    reload, log, _, _ = reloader(world(), lambda: NEW)
    await reload.start()

    await reload.refresh()

    assert log.lines == [("bind", {"kept.v1", "dropped.v1"}, "old")] * 2


async def test_channels_of_what_ran_stay_bound_while_something_is_open_under_it() -> None:
    """The other half of an open join must still come in after its rule is gone."""
    this = world()
    reload, log, engine, ledger = reloader(this, lambda: NEW)
    pairs = Pairs(triggers=("Dropped",))
    engine.rulebook = replace(OLD, definitions=(*OLD.definitions, pairs))
    await reload.start()
    await reload.reload()
    assert ("unbind", {"dropped.v1"}, "new") not in log.lines
    gone = Revision("pairs", pairs.revision)
    at = InstanceKey("pairs", "C-1")
    begin = InstanceWrite(at, None, Status.WAITING, b"e1", revision=pairs.revision)
    reaction = Reaction(ReactionId(bytes(16)), ())
    await this.store.commit([Commit("C-1", (reaction,), (begin,))], NOW)

    await reload.refresh()
    assert ("unbind", {"dropped.v1"}, "new") not in log.lines
    assert ledger.old[-1] == ({gone: 1}, {})

    assert await carry_out(this.store, cancel, [at], NOW) == []
    await reload.refresh()
    assert log.lines[-1] == ("unbind", {"dropped.v1"}, "new")
    assert ledger.old[-1] == ({}, {})

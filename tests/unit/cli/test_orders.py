"""Orders about instances: whom they are for, and what is said of each."""

from __future__ import annotations

import asyncio
import getpass
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
import pytest

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.catalog import built_in_types
from orchestrator.cli import orders, steering
from orchestrator.cli.orders import Choice, who
from orchestrator.clock import SystemClock
from orchestrator.core.definitions import Rulebook
from orchestrator.core.ids import ReactionId, content_digest
from orchestrator.core.status import Status
from orchestrator.errors import Misconfigured
from orchestrator.operation.desk import Desk
from orchestrator.ports import Commit, InstanceKey, InstanceWrite, OpenInstance, Reaction
from tests.unit.core.workflow.build import step, workflow
from tests.unit.core.workflow.play import Play

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from orchestrator.core.event import Message
    from orchestrator.settings import Settings
    from tests.unit.cli.conftest import Result

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def chosen(condition: str, **facts: str) -> bool:
    """Ask a filter about an instance that has not changed for two hours."""
    at = InstanceKey(facts.get("workflow", "permit"), facts.get("key", "P-1"))
    found = OpenInstance(at, NOW - timedelta(hours=2), None)
    return Choice.read(None, None, condition).holds(found, NOW)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('workflow == "permit"', True),
        ('key.startsWith("R-")', False),
        ('status == "waiting"', True),
        ('unchanged > duration("1h")', True),
        ('unchanged > duration("1d")', False),
        ('status == "waiting" && key in ["P-1", "P-2"]', True),
    ],
)
def test_a_filter_asks_what_a_list_shows(condition: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """Who sees a column in `instances list` can choose by it."""
    assert chosen(condition) is expected


def test_a_workflow_narrows_a_filter() -> None:
    """Both must hold: an order for one workflow must not reach another."""
    found = OpenInstance(InstanceKey("permit", "P-1"), NOW, None)
    assert Choice.read(None, "permit", "true").holds(found, NOW)
    assert not Choice.read(None, "licence", "true").holds(found, NOW)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("size(", "--filter: "),
        ("stats == 1", "did you mean status"),
        ("data.x == 1", "data"),
    ],
)
def test_a_filter_that_is_none_says_so(condition: str, said: str) -> None:
    """Before anything is looked at, let alone sent."""
    with pytest.raises(Misconfigured, match="--filter: ") as caught:
        Choice.read(None, None, condition)
    assert said in str(caught.value)


@pytest.mark.parametrize("condition", ["unchanged > 5", "key"])
def test_a_filter_that_cannot_be_answered_says_so(condition: str) -> None:
    """A condition that fails on one instance must not choose it, nor pass over it in silence."""
    with pytest.raises(Misconfigured, match="--filter: "):
        chosen(condition)


@pytest.mark.parametrize(("key", "condition"), [(None, None), ("P-1", "true")])
def test_one_is_named_or_many_are_chosen(key: str | None, condition: str | None) -> None:
    """An order without a key must never mean all."""
    with pytest.raises(click.UsageError, match="by its KEY, or many with --filter"):
        Choice.read(key, None, condition)


def test_who_has_no_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run as users that nobody has written down."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert who().startswith("uid ")


def reaction(name: str) -> Reaction:
    return Reaction(ReactionId(content_digest(name.encode())), ())


class Busy(MemoryBroker):
    """A broker with instances that never rest: whenever something is published, they change."""

    def __init__(self) -> None:
        super().__init__({"orchestrator"})
        self.change: Callable[[], Awaitable[object]] | None = None

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish, and let something else happen meanwhile."""
        await super().publish(messages)
        if self.change is not None:
            await self.change()


class Counter:
    """A desk over services in memory, with instances of one workflow, and no daemon."""

    def __init__(self, keys: list[str]) -> None:
        self.broker = Busy()
        self.store = MemoryStore()
        self.keys = keys
        self.play = Play(workflow(step("A"))).start()

    @asynccontextmanager
    async def open(self, _settings: Settings) -> AsyncIterator[Desk]:
        definition = self.play.workflow
        rulebook = Rulebook("r", (definition,), {})
        await self.store.commit([self._commit(key) for key in self.keys], NOW)
        yield Desk(
            self.broker,
            self.store,
            self.store,
            SystemClock(),
            source="test",
            messages=built_in_types(),
            rulebook=lambda: rulebook,
        )

    def _commit(self, key: str) -> Commit:
        assert self.play.instance is not None
        instance = self.play.instance
        at = InstanceKey("flow", key)
        write = InstanceWrite(at, None, instance.status, instance.state)
        return Commit(key, (reaction(key),), (write,))

    async def change(self, key: str) -> None:
        """Let an instance take an event that has nothing to do with any order."""
        (found,) = await self.store.load([InstanceKey("flow", key)])
        assert found is not None
        write = InstanceWrite(InstanceKey("flow", key), found, found.status, found.state)
        await self.store.commit([Commit(key, (reaction("other"),), (write,))], NOW)

    @property
    def sent(self) -> list[str]:
        return [str(message.correlation_id) for message in self.broker.published]


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """A desk that the commands reach, where looking once is enough."""
    found = Counter(["F-1", "F-2", "F-3"])
    monkeypatch.setattr(orders, "desk", found.open)
    monkeypatch.setattr(orders, "_LOOKS", 1)
    return found


def test_nothing_is_sent_where_one_only_asks(
    counter: Counter, invoke: Callable[..., Result]
) -> None:
    """`--dry-run` says who is meant, and that is all."""
    done = invoke("instances", "suspend", "--filter", 'key != "F-2"', "--dry-run")
    assert (done.code, counter.sent) == (0, [])
    assert [line.split("\t")[1:] for line in sorted(done.lines)] == [
        ["F-1", "running", "would be asked for"],
        ["F-3", "running", "would be asked for"],
    ]


def test_what_does_not_fit_is_not_sent(counter: Counter, invoke: Callable[..., Result]) -> None:
    """A dead letter and five seconds of waiting tell less than one line at once."""
    done = invoke("instances", "resume", "F-1")
    assert (done.code, counter.sent) == (1, [])
    assert done.out == "flow F-1: refused: it is not suspended\n"


def test_what_nobody_does_is_told(counter: Counter, invoke: Callable[..., Result]) -> None:
    """No daemon runs: it has been asked for, and nothing came of it yet."""
    done = invoke("instances", "suspend", "--filter", "true")
    assert (done.code, sorted(counter.sent)) == (1, ["F-1", "F-2", "F-3"])
    assert "nothing has come of it yet for" in done.err
    assert {line.split("\t")[3] for line in done.lines} == {"asked for"}


def test_a_key_of_nobody_is_an_error(counter: Counter, invoke: Callable[..., Result]) -> None:
    """And what would show the right one is named."""
    done = invoke("instances", "suspend", "F-9")
    assert (done.code, counter.sent) == (1, [])
    assert "no workflow has an open instance for F-9: `orchestrator instances list`" in done.err


def test_nobody_chosen_is_no_error(counter: Counter, invoke: Callable[..., Result]) -> None:
    """A script that cleans up every night finds nothing most of the time."""
    done = invoke("instances", "suspend", "--filter", 'key == "F-9"')
    assert (done.code, done.out, counter.sent) == (0, "", [])


def test_only_what_came_of_the_order_is_told(
    counter: Counter, invoke: Callable[..., Result]
) -> None:
    """An instance that changes for another reason has not been suspended by that."""
    counter.broker.change = lambda: counter.change("F-1")
    done = invoke("instances", "suspend", "F-1")
    assert (done.code, done.out) == (1, "flow F-1: asked for\n")


def test_what_a_rule_remembers_is_nothing_to_watch(
    counter: Counter, invoke: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no steps; naming the rule as a workflow is a slip, not a defect of ours."""
    monkeypatch.setattr(steering, "desk", counter.open)
    write = InstanceWrite(InstanceKey("join", "F-1"), None, Status.WAITING, b'{"kept":{}}')
    asyncio.run(counter.store.commit([Commit("F-1", (reaction("join"),), (write,))], NOW))
    done = invoke("instances", "watch", "F-1", "--workflow", "join")
    assert (done.code, done.out) == (1, "")
    assert "no workflow has an instance for F-1" in done.err

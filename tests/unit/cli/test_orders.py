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
    from orchestrator.core.workflow import Workflow
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
    """A desk over services in memory, with instances of one workflow, and no daemon.

    `others` are further workflows whose instances stand where these stand; `rules` is in force.
    """

    def __init__(self, keys: list[str]) -> None:
        self.broker = Busy()
        self.store = MemoryStore()
        self.keys = keys
        self.others: tuple[str, ...] = ()
        self.play = Play(workflow(step("A"))).start()
        self.rules: tuple[Workflow, ...] = (self.play.workflow,)

    @asynccontextmanager
    async def open(self, _settings: Settings) -> AsyncIterator[Desk]:
        rulebook = Rulebook("r", self.rules, {})
        commits = [self._commit(name, key) for name in ("flow", *self.others) for key in self.keys]
        await self.store.commit(commits, NOW)
        yield Desk(
            self.broker,
            self.store,
            self.store,
            SystemClock(),
            source="test",
            messages=built_in_types(),
            rulebook=lambda: rulebook,
        )

    def _commit(self, name: str, key: str) -> Commit:
        assert self.play.instance is not None
        instance = self.play.instance
        write = InstanceWrite(InstanceKey(name, key), None, instance.status, instance.state)
        return Commit(key, (reaction(f"{name} {key}"),), (write,))

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


@pytest.mark.parametrize("order", ["retry", "skip"])
def test_one_step_of_many_instances(
    counter: Counter, invoke: Callable[..., Result], order: str
) -> None:
    """When a service is mended, nobody wants to name a hundred instances one by one."""
    done = invoke("instances", order, "A", "--filter", 'key != "F-2"')
    assert sorted(counter.sent) == ["F-1", "F-3"]
    assert [line.split("\t")[3] for line in done.lines] == ["asked for", "asked for"]


def test_who_only_asks_hears_of_what_would_be_refused(
    counter: Counter, invoke: Callable[..., Result]
) -> None:
    """What is tried without harm first must not look better than the order itself."""
    done = invoke("instances", "retry", "B", "--filter", 'key == "F-1"', "--dry-run")
    assert (done.code, counter.sent) == (1, [])
    assert done.out == "flow F-1: refused: step B is not open: open are A\n"


def test_many_are_chosen_of_workflows_that_left_the_rules(
    counter: Counter, invoke: Callable[..., Result]
) -> None:
    """They go on by the wording they began with, and just they may have to be ended."""
    counter.rules = ()
    done = invoke("instances", "cancel", "--filter", 'key != "F-2"', "--workflow", "flow")
    assert sorted(counter.sent) == ["F-1", "F-3"]
    assert len(done.lines) == 2


@pytest.mark.parametrize("order", [("skip", "F-1", "A"), ("retry", "F-1", "A")])
def test_an_order_about_a_step_is_for_one_instance(
    counter: Counter, invoke: Callable[..., Result], order: tuple[str, ...]
) -> None:
    """Who steers a step, or decides about it, thinks of one workflow, not of its namesakes."""
    counter.others = ("permit",)
    counter.rules = (*counter.rules, Play(workflow(step("A"), name="permit")).workflow)
    done = invoke("instances", *order)
    assert (done.code, counter.sent) == (1, [])
    assert "F-1 has instances of flow, permit with this step: say which, with --wor" in done.err
    invoke("instances", *order, "--workflow", "permit")
    assert counter.sent == ["F-1"]


@pytest.mark.parametrize("line", ["retry F-1", "skip --workflow flow", "retry --dry-run"])
def test_an_order_about_a_step_names_it(
    counter: Counter, invoke: Callable[..., Result], line: str
) -> None:
    """A key alone is not taken for a step."""
    done = invoke("instances", *line.split())
    assert (done.code, counter.sent) == (2, [])
    assert "say which STEP, behind the KEY or beside --filter" in done.err


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

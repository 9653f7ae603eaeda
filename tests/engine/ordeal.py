"""Real engines under events, repetitions, kills and passing time, and what a model says of them.

Hypothesis chooses what happens, and which outside call of which replica goes on next.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from orchestrator.adapters.memory.progress import MemoryProgress
from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.ids import ReactionId, event_identity, reaction_id
from orchestrator.engine.witness import Witness
from orchestrator.ports import Committed
from tests.engine.forms import (
    FORMS,
    SECOND,
    Case,
    Fact,
    Outcome,
    message,
    outcome,
    rules,
)
from tests.engine.messages import QUEUE, distinct
from tests.engine.stepping import Replica, settle
from tests.engine.world import NOW, StillClock, World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orchestrator.ports import Commit, CommitResult, Timer

LONG = 1000 * SECOND
MANY = 100
LOOKS = 3
"""How often all look how far the others are, until whatever can be proven is."""
HAPPENINGS = st.tuples(
    st.sampled_from("ABC"),  # its type
    st.integers(1, 2),  # its case
    st.integers(0, 2),  # what conditions ask for
    st.sampled_from([0, 0, 0, 1, 4, 9, 12, -3]),  # how many seconds ago
)
BOOK = rules()


def seconds(moment: datetime) -> int:
    return (moment - NOW) // SECOND


class Journal(MemoryStore):
    """A store that writes down what was committed, in that order."""

    def __init__(self, machine: Forms) -> None:
        super().__init__()
        self._machine = machine

    def _apply(self, commit: Commit, now: datetime) -> CommitResult:
        result = super()._apply(commit, now)
        if isinstance(result, Committed):
            self._machine.committed(commit)
        return result


class Forms(RuleBasedStateMachine):
    """Up to three replicas on one store and one queue.

    Attributes:
        reached: the commands that any example led to.
    """

    reached: ClassVar[set[str]] = set()
    store: type[Journal] = Journal
    witness: type[Witness] = Witness
    wired = False

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.SelectorEventLoop()
        self.loop.set_exception_handler(lambda *_: None)  # of processes that were killed
        self.world = World(self.store(self))
        self.world.rulebook = BOOK
        self.silence = StillClock()
        self.world.progress = MemoryProgress(self.silence)
        self.published: dict[Fact, datetime] = {}
        self.cases: dict[tuple[str, int], Case] = {}
        self.expected = Counter[Outcome]()
        self.problems: list[str] = []
        self.reactions: dict[ReactionId, tuple[str, Fact]] = {}
        self.replicas: list[Replica] = []

    @initialize(count=st.integers(1, 3))
    def start(self, count: int) -> None:
        self.replicas = [self._replica() for _ in range(count)]

    @rule(happenings=st.lists(HAPPENINGS, min_size=1, max_size=3))
    def events(self, happenings: list[tuple[str, int, int, int]]) -> None:
        """Things happened a few seconds ago; the clock of their producer may be fast."""
        now = self.world.clock.now()
        for event_type, k, n, lag in happenings:
            fact = Fact(seconds(now) - lag, event_type, f"e{len(self.published)}", k, n)
            self.published[fact] = now
            self._expect(fact)
            self._publish(fact)

    @precondition(lambda self: self.published)
    @rule(choice=st.integers(0, 9))
    def repeat(self, choice: int) -> None:
        """A producer sends one of its last events again."""
        facts = list(self.published)[-10:]
        self._publish(facts[choice % len(facts)])

    @rule(choices=st.lists(st.integers(0, 7), min_size=1, max_size=12))
    def step(self, choices: list[int]) -> None:
        """Calls go on, of whichever replica."""
        for choice in choices:
            if busy := [replica for replica in self.replicas if replica.steps.held]:
                busy[choice % len(busy)].steps.step(choice // len(busy))
                self._settle()

    @rule(by=st.sampled_from([0, 1, 2, 5, 11]), looking=st.sets(st.integers(0, 2)))
    def time_passes(self, by: int, looking: set[int]) -> None:
        """And replicas look for timers that are due."""
        self.world.clock.moment += by * SECOND
        for which in looking:
            self.replicas[which % len(self.replicas)].fire()
        self._settle()

    @rule(which=st.integers(0, 2))
    def look(self, which: int) -> None:
        """A replica looks how far the others are."""
        self.replicas[which % len(self.replicas)].look()
        self._settle()

    @rule(which=st.integers(0, 2))
    def sweep(self, which: int) -> None:
        self.replicas[which % len(self.replicas)].sweep()
        self._settle()

    @rule(which=st.integers(0, 2))
    def kill(self, which: int) -> None:
        """A process dies between any two steps, and another takes its place."""
        which %= len(self.replicas)
        self.replicas[which].kill()
        self.replicas[which] = self._replica()

    @rule(by=st.sampled_from([0, 5, 11]), held=st.integers(0, 2))
    def hold(self, by: int, held: int) -> None:
        """Time passes, and one replica decides nothing in it; the others do whatever they can."""
        self.world.clock.moment += by * SECOND
        some = [each for number, each in enumerate(self.replicas) if number != held]
        for _ in range(2):
            for replica in some:
                replica.fire()
            self._look(some, self.replicas[held : held + 1])

    @rule()
    def calm(self) -> None:
        """Everything that has begun comes to its end."""
        self._look(self.replicas)

    def _look(self, some: list[Replica], held: Sequence[Replica] = ()) -> None:
        self._finish(some)
        for _ in range(LOOKS):
            for replica in (*some, *held):
                replica.look()
            self._finish(some)
            for replica in held:
                while replica.steps.answer():
                    self._settle()

    def _finish(self, some: list[Replica]) -> None:
        self._settle()
        while busy := [replica for replica in some if replica.steps.held]:
            busy[0].steps.step(0)
            self._settle()

    def committed(self, commit: Commit) -> None:
        """Tell the model what was decided next, and see that it was not decided too early."""
        if commit.timer is not None:
            self._elapsed(commit.timer)
            return
        for reaction in commit.reactions:
            if reaction.id not in self.reactions:
                self.problems.append("a reaction to nothing, or under another id")
                continue
            name, fact = self.reactions[reaction.id]
            self.expected.update(self._case(name, fact.k).arrive(fact))

    def teardown(self) -> None:
        """Let all time pass, and compare."""
        try:
            self._come_to_an_end()
            self._compare()
        finally:
            for replica in self.replicas:
                replica.kill()
            self.loop.close()

    def _expect(self, fact: Fact) -> None:
        identity = event_identity("portal", fact.type, fact.id)
        for name, form in FORMS.items():
            if form.element(fact) is not None:
                self.reactions[reaction_id(identity, name)] = (name, fact)

    def _elapsed(self, timer: Timer) -> None:
        if timer.due > self.world.clock.now():
            self.problems.append(f"{timer} is early")
        if undecided := self._undecided(timer.due):
            self.problems.append(f"{timer} overtakes {undecided}")
        if not timer.at.part:
            case = self._case(timer.at.definition, int(timer.at.key[-1]))
            self.expected.update(case.elapse(seconds(timer.due)))

    def _undecided(self, until: datetime) -> list[Fact]:
        """Return the events that had arrived before then, and that some rule did not decide."""
        arrived = [fact for fact, moment in self.published.items() if moment < until]
        return [fact for fact in arrived if fact.id not in self._decided(fact)]

    def _decided(self, fact: Fact) -> set[str]:
        wanted = [name for name, form in FORMS.items() if form.element(fact) is not None]
        known = [self._case(name, fact.k).seen for name in wanted]
        return set.intersection(*known)

    def _case(self, name: str, k: int) -> Case:
        return self.cases.setdefault((name, k), Case(FORMS[name]))

    def _come_to_an_end(self) -> None:
        if not self.replicas:
            return
        self.calm()
        self.silence.moment += LONG  # whoever was killed is forgotten at last
        self.calm()
        for _ in range(MANY):  # a timer may set another
            self.world.clock.moment += LONG
            if not self._run(self.world.store.due(self.world.clock.now(), 1)):
                break
            for replica in self.replicas:
                replica.fire()
            self.calm()
        self.replicas[0].sweep()
        self.calm()

    def _compare(self) -> None:
        self.reached.update(command for command, _ in self.expected)
        assert self.problems == [], self.problems
        assert [error for replica in self.replicas for error in replica.failures()] == []
        assert not self.published or self._undecided(self.world.clock.now()) == []
        assert Counter(map(outcome, distinct(self.world.sent))) == self.expected
        assert self.world.dead_letters == []
        assert self.world.broker.depth(QUEUE) == 0
        assert self._run(self.world.store.outbox_size()) == 0
        assert self._run(self.world.store.due(self.world.clock.now() + LONG, 10)) == []
        waiting = [name for (name, _), case in self.cases.items() if case.kept and name != "ever"]
        assert waiting == []

    def _publish(self, fact: Fact) -> None:
        self._run(self.world.publish(message(fact)))
        self._settle()

    def _replica(self) -> Replica:
        return Replica(self.world, self.loop, self.witness, wired=self.wired)

    def _settle(self) -> None:
        settle(self.loop)

    def _run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

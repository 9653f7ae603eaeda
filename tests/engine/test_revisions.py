"""An open instance keeps the wording of the rule it began under, whatever the files say since."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.headers import REDRIVE_RULE
from orchestrator.core.retired import Revision
from orchestrator.engine.archive import GRACE, Archive
from orchestrator.engine.case import Case
from orchestrator.engine.orders import carry_out, retry_timer
from orchestrator.engine.spine import Spine
from orchestrator.errors import InvalidDefinitions
from orchestrator.ports import InstanceKey
from tests.engine.interference import Fuse, crash_everywhere, survived
from tests.engine.messages import distinct, filed
from tests.engine.mistakes import LooksAtNoRevision
from tests.engine.world import NOW, World
from tests.engine.written import types, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.definitions import Rulebook
    from orchestrator.ports import Store
    from tests.engine.conftest import NewStore

CATALOG = types(("A", "B", "C"), ("Old", "New", "Late", "Other"))
HOUR = timedelta(hours=1)


def join(command: str, events: str = "[A, B]", extra: str = "") -> str:
    """Return a rule called ``join``; `extra` is one more line of it."""
    return f"- name: join\n  when: {{all: {events}}}\n  then: [{command}]\n  {extra}\n"


def book(text: str) -> Rulebook:
    return written(text, CATALOG)


OLD = join("Old", extra="within: 1h\n  otherwise: [Late]")
NEW = join("New", extra="within: 2h")
OTHER = "- {name: other, when: C, then: [Other]}\n"


class Replica(World):
    """A world on services shared with others, with rules as they are written."""

    def __init__(self, store: Store, text: str, beside: Replica | None = None) -> None:
        super().__init__(store)
        if beside is not None:
            self.broker, self.clock = beside.broker, beside.clock
        self.rulebook = book(text)
        engine, _ = self.engine()
        self.archive = Archive(store, self.clock, engine._patience)  # noqa: SLF001 - shared

    async def start(self) -> Replica:
        """Do what a reload does before the swap."""
        await self.archive.keep(self.rulebook)
        await self.archive.recall(self.rulebook)
        return self

    async def take(self, *events: str, **options: Any) -> None:
        """Work off events such as ``A1``: a type and a case."""
        await self.publish(*(fact(event) for event in events))
        await self.run(**options)


def fact(event: str, **data: object) -> Any:
    return filed(event, event[1:], event[0], **data)


async def replica(store: Store, text: str, beside: Replica | None = None) -> Replica:
    return await Replica(store, text, beside).start()


def sent(this: World) -> Counter[str]:
    """Count what was sent for which case, each id once."""
    bodies = [orjson.loads(message.body) for message in distinct(this.sent)]
    return Counter(f"{body['type']} {body['correlationid']}" for body in bodies)


@pytest.mark.parametrize("batch_size", [1, 100])
async def test_an_open_join_ends_as_it_began(store: Store, batch_size: int) -> None:
    """And what begins after the change, also under the same key in one batch, is as it is now."""
    old = await replica(store, OLD)
    await old.take("A1", "A2", "B2")
    new = await replica(store, NEW, old)
    await new.publish(fact("B1"), fact("A1x"), fact("A3"), fact("B3"))
    await new.publish(filed("again-a", "1", "A"), filed("again-b", "1", "B"))
    await new.run(batch_size=batch_size)
    assert sent(new) == {"Old 1": 1, "Old 2": 1, "New 3": 1, "New 1": 1}
    assert not new.dead_letters


async def test_what_is_sent_again_for_another_rule_is_none_of_an_old_wordings(store: Store) -> None:
    """That rule alone is to react to it: the old wording has, or has a letter of its own."""
    old = await replica(store, OLD)
    await old.take("A1")
    new = await replica(store, NEW + OTHER.replace("when: C", "when: B"), old)
    await new.publish(replace(fact("B1"), headers={REDRIVE_RULE: "other"}))
    await new.run()
    assert sent(new) == {"Other 1": 1}


async def test_a_replica_learns_of_a_wording_when_it_meets_it(store: Store) -> None:
    """Replicas swap at different moments: an instance may begin under any of two at any time."""
    old, new = await replica(store, OLD), Replica(store, NEW)
    new.broker, new.clock = old.broker, old.clock
    await new.start()
    await old.take("A1")
    await new.take("A2")
    await new.take("B1")
    await old.take("B2")
    assert sent(old) == {"Old 1": 1, "New 2": 1}
    assert not old.dead_letters


async def test_a_rule_that_is_gone_ends_what_it_began(store: Store) -> None:
    """Events and timers reach it until nothing is open any more; nothing begins."""
    old = await replica(store, OLD)
    await old.take("A1", "A2")
    new = await replica(store, OTHER, old)
    await new.take("B1", "A3", "B3", "C1")
    new.clock.moment = NOW + HOUR
    await new.fire()
    assert sent(new) == {"Old 1": 1, "Late 2": 1, "Other 1": 1}
    assert await store.load([InstanceKey("join", "3")]) == [None]
    assert new.rulebook.retired
    await new.archive.recall(new.rulebook)
    assert not new.rulebook.retired


async def test_a_timer_goes_by_the_wording_it_was_set_under(store: Store) -> None:
    """The new rule says nothing when time is over, and would wait longer."""
    old = await replica(store, OLD)
    await old.take("A1")
    new = Replica(store, NEW, old)  # has not even looked
    new.clock.moment = NOW + HOUR
    await new.fire()
    assert sent(new) == {"Late 1": 1}


@pytest.mark.parametrize("is_renewed", [True, False])
async def test_what_failed_by_an_old_wording_is_tried_again_by_the_one_it_is_given(
    store: Store, *, is_renewed: bool
) -> None:
    """A person mended the rule; by the words it began with it would fail without end."""
    otherwise = "within: 1h\n  otherwise: [{Late: {n: '${data.n}'}}]"
    old = await replica(store, join("Old", extra=otherwise))
    await old.take("A1")
    new = await replica(store, OLD, old)
    new.clock.moment = NOW + HOUR
    await new.fire()
    at, revision = InstanceKey("join", "1"), new.rulebook.by_name["join"].revision

    order = retry_timer(new.clock.moment, {at: revision} if is_renewed else {})
    assert await carry_out(store, order, [at], new.clock.moment) == []
    await new.fire()

    assert sent(new) == ({"Late 1": 1} if is_renewed else {})
    assert len(new.dead_letters) == (1 if is_renewed else 2)
    left = 0 if is_renewed else 1
    assert sum((await store.open_revisions()).values()) == left


async def test_another_key_finds_what_began_under_the_old_one(store: Store) -> None:
    """The event names both; exactly one of the two wordings may react to it."""
    old = await replica(store, join("Old", extra="by: data.case"))
    await old.publish(fact("A1", case="x", person="p"), fact("A2", case="y", person="p"))
    await old.run()
    new = await replica(store, join("New", extra="by: data.person"), old)
    await new.publish(fact("B1", case="x", person="p"), fact("B3", case="z", person="q"))
    await new.publish(fact("A3", case="z", person="q"), fact("B2", case="y", person="q"))
    await new.run()
    assert sent(new) == {"Old 1": 1, "New 3": 1, "Old 2": 1}


async def test_an_element_that_is_new_means_nothing_to_an_old_case(store: Store) -> None:
    """The case goes on as it began, and is neither lost nor mixed up."""
    old = await replica(store, OLD)
    await old.take("A1")
    new = await replica(store, join("New", "[A, B, C]"), old)
    await new.take("C1", "C2", "A2", "B1", "B2")
    assert sent(new) == {"Old 1": 1, "New 2": 1}
    assert not new.dead_letters


async def test_a_wording_that_cannot_be_read_costs_only_its_own_cases(store: Store) -> None:
    """The event is kept with what to do about it, the instance stays, other rules react."""
    old = await replica(store, OLD + OTHER)
    await old.take("A1")
    (revision,) = [each.revision for each in old.rulebook.texts]
    await store.put_definitions({revision: f"rules:\n{join('Gone')}"}, NOW)
    new = await replica(store, NEW + OTHER, old)
    await new.take("B1", "C1", "A2", "B2")
    assert sent(new) == {"Other 1": 1, "New 2": 1}
    (letter,) = new.dead_letters
    assert letter.headers["x-reason"] == "unreadable-revision"
    error = str(letter.headers["x-error"])
    assert all(
        word in error
        for word in ("rule join, key 1", revision, "Gone", "redrive", "cancel 1 --rule join")
    )
    assert await store.load([InstanceKey("join", "1")]) != [None]
    new.clock.moment = NOW + HOUR
    await new.fire()
    assert [each.headers["x-reason"] for each in new.dead_letters] == ["unreadable-revision"] * 2
    assert await store.load([InstanceKey("join", "1")]) != [None]


async def test_texts_that_nobody_needs_are_dropped_in_time(store: Store) -> None:
    """Not at once: another replica may be about to begin an instance under one of them."""
    old = await replica(store, join("Old"))
    await old.take("A1")
    new = await replica(store, NEW, old)
    texts = {each.revision for each in (*old.rulebook.texts, *new.rulebook.texts)}
    new.clock.moment = NOW + 2 * GRACE
    await new.archive.keep(new.rulebook)
    await new.archive.tidy(new.rulebook, await new.archive.recall(new.rulebook))
    assert set(await store.definitions()) == texts
    await new.take("B1")
    await new.archive.tidy(new.rulebook, await new.archive.recall(new.rulebook))
    assert set(await store.definitions()) == {each.revision for each in new.rulebook.texts}


async def test_what_ran_until_now_is_known_without_being_looked_up(store: Store) -> None:
    """What is in hand when the rules change may begin an instance a moment later."""
    old = await replica(store, join("Old", extra="by: data.case"))
    new = await replica(store, join("New", extra="by: data.person"), old)
    new.archive.inherit(new.rulebook, old.rulebook)
    await old.publish(fact("A1", case="x", person="p"))
    await old.run()
    await new.publish(fact("B1", case="x", person="p"))
    await new.run()
    assert sent(new) == {"Old 1": 1}
    assert await new.archive.recall(new.rulebook) == {}
    assert not new.rulebook.retired


@pytest.mark.parametrize("text", ["", "[]", "rules: []", "x: 1", "rules: [1, 2]", "workflows: []"])
def test_a_text_that_is_none_is_said_so(text: str) -> None:
    """Somebody may have written into the store by hand."""
    recall = book(OLD).recall
    assert recall is not None
    with pytest.raises(InvalidDefinitions, match=r"join@0123456789ab"):
        recall(Revision("join", "0123456789ab"), text)


async def test_a_crash_anywhere_lets_no_other_wording_decide(new_store: NewStore) -> None:
    """Whichever call is the last one of the process that has the new rules."""

    async def live(fuse: Fuse) -> list[str]:
        store = new_store()
        old = await replica(store, OLD)
        await old.take("A1")
        new = Replica(store, NEW, old)
        await new.publish(fact("B1"))
        with survived():
            await new.run(between=fuse)
        await new.run()
        async for entry in store.outbox(NOW + HOUR):
            await new.broker.publish(entry.messages)
            await store.settle([entry.settlement])
        return [] if sent(new) == {"Old 1": 1} else [f"sent {sent(new)}"]

    crashes = await crash_everywhere(live)
    assert crashes.problems == []
    assert crashes.at >= {"load", "definitions", "commit", "publish", "settle", "acknowledge"}


HAPPENINGS = st.permutations([f"{kind}{case}" for case in range(4) for kind in "AB"]).flatmap(
    lambda events: st.tuples(
        st.just(events),
        st.lists(st.booleans(), min_size=len(events), max_size=len(events)),
        st.lists(st.booleans(), min_size=len(events), max_size=len(events)),
    )
)


async def play(
    happenings: tuple[Sequence[str], Sequence[bool], Sequence[bool]], spine: type[Spine]
) -> tuple[Counter[str], Counter[str], list[Any]]:
    """Let two replicas with different rules take events, each twice; return sent and expected."""
    store = MemoryStore()
    old = await replica(store, OLD)
    new = await replica(store, NEW, old)
    began: dict[str, str] = {}
    for event, by_new, looks in zip(*happenings, strict=True):
        this = new if by_new else old
        if looks:
            await this.archive.recall(this.rulebook)
        began.setdefault(event[1:], "New" if by_new else "Old")
        await this.take(event, spine=spine)
        await (old if by_new else new).take(event, spine=spine)  # a repetition
    expected = Counter(f"{wording} {case}" for case, wording in began.items())
    return sent(old), expected, old.dead_letters


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HAPPENINGS)
async def test_who_began_a_case_ends_it_in_any_order(happenings: Any) -> None:
    """Two replicas on different rules, every order of events, every event twice."""
    found, expected, letters = await play(happenings, Spine)
    assert (found, letters) == (expected, [])


async def test_without_routing_cases_change_their_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the property above must notice an engine that looks at no revision."""
    monkeypatch.setattr(Case, "is_for", lambda *_: True)
    events = (["A0", "B0", "A1", "B1"], [False, True, True, False], [False] * 4)
    found, expected, _ = await play(events, LooksAtNoRevision)
    assert found != expected


def test_a_text_says_what_its_rule_says() -> None:
    """Compiled again, it is the same definition under the same revision."""
    found = book(OLD)
    assert found.recall is not None
    for revision, text in found.texts.items():
        again = found.recall(revision, text)
        assert again.definition.revision == revision.revision
        assert book(text).texts == found.texts
    assert Revision("join", found.by_name["join"].revision) in found.texts

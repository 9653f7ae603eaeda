"""Sets the timers of rules on a schedule, and ends those of rules that are gone. Runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.decision import forget
from orchestrator.core.ids import ReactionId, order_id
from orchestrator.core.scheduled import ScheduledRule, pending
from orchestrator.core.status import Status
from orchestrator.ports import Commit, Conflict, InstanceKey, InstanceWrite, Reaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from orchestrator.core.decision import Decision, Definition, Instance
    from orchestrator.core.definitions import Rulebook
    from orchestrator.engine.patience import Patience
    from orchestrator.ports import Clock, CommitResult, Store

_NO_VERSION = ReactionId(bytes(16))


class Arming:
    """Makes every schedule wait for its next tick, at start and whenever the rules have changed.

    Each is one commit on the version that was seen, so any number of replicas may do it at once.

    Args:
        store: where the timers are.
        clock: what the next tick is next to.
        patience: how to wait for the store.
    """

    def __init__(self, store: Store, clock: Clock, patience: Patience) -> None:
        self._store = store
        self._clock = clock
        self._patience = patience

    async def arm(self, rulebook: Rulebook, before: Rulebook | None = None) -> None:
        """Set the timers of the rules on a schedule, and end those that `before` had besides.

        A tick that is pending stays. What changes while we look is looked at again.

        Args:
            rulebook: what runs now.
            before: what ran until now; None at start.
        """
        rules = _by_place(rulebook.definitions)
        gone = _by_place(before.definitions).keys() - rules.keys() if before else ()
        left = [*rules, *gone]
        while left:
            left = await self._arm(left, rules)

    async def restore(self, rulebook: Rulebook) -> None:
        """Set the timers of schedules of which nothing is left, and touch no other.

        One may have been cancelled, or dropped by a replica that does not know the rule.
        """
        rules = _by_place(each for each in rulebook.definitions if isinstance(each, ScheduledRule))
        places = list(rules)
        if not places:
            return
        found = await self._patience.until_done("store", lambda: self._store.load(places))
        left = [at for at, instance in zip(places, found, strict=True) if instance is None]
        while left:
            left = await self._arm(left, rules)

    async def _arm(
        self, places: Sequence[InstanceKey], rules: Mapping[InstanceKey, Definition]
    ) -> list[InstanceKey]:
        """Return where somebody else was faster."""
        found = await self._patience.until_done("store", lambda: self._store.load(places))
        now = self._clock.now()
        commits = [
            _commit(at, instance, decision, now)
            for at, instance in zip(places, found, strict=True)
            if (decision := _decide(rules.get(at), instance, now)) is not None
        ]
        results = await self._commit(commits, now) if commits else []
        return [
            commit.writes[0].at
            for commit, result in zip(commits, results, strict=True)
            if isinstance(result, Conflict)
        ]

    async def _commit(self, commits: Sequence[Commit], now: datetime) -> Sequence[CommitResult]:
        return await self._patience.until_done("store", lambda: self._store.commit(commits, now))


def _by_place(definitions: Iterable[Definition]) -> dict[InstanceKey, Definition]:
    """Return definitions by where the instance of a schedule of that name is kept."""
    return {InstanceKey(each.name, each.name): each for each in definitions if each.stateful}


def _decide(rule: Definition | None, instance: Instance | None, now: datetime) -> Decision | None:
    """Return what becomes of a schedule; None where there is none and none is wanted."""
    if isinstance(rule, ScheduledRule):
        return rule.arm(instance, now)
    if instance is not None and pending(instance.state) is not None:
        return forget(status=Status.CANCELLED)
    return None


def _commit(
    at: InstanceKey, instance: Instance | None, decision: Decision, now: datetime
) -> Commit:
    """Return what writes a decision that follows from no event and no timer.

    A schedule is of no revision: its ticks are run by the rule as it is then.
    """
    version = instance.version if instance else _NO_VERSION
    state = decision.state or b""
    reaction = order_id(version, f"arm {state.decode()} {now.isoformat()}", at.definition)
    write = InstanceWrite(at, instance, decision.status, decision.state, decision.due)
    return Commit(at.key, (Reaction(reaction, ()),), (write,))

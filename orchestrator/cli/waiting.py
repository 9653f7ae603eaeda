"""What rules still wait for, as people ask about it. Concludes nothing about events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from shlex import quote
from typing import TYPE_CHECKING, Final

from orchestrator.cli.clauses import lacking
from orchestrator.cli.evidence import wording
from orchestrator.cli.output import text
from orchestrator.cli.timeline import interval
from orchestrator.core.stateful import StatefulRule
from orchestrator.core.stateful.tally import every_event
from orchestrator.core.status import Status
from orchestrator.operation.account import is_workflow, open_steps

if TYPE_CHECKING:
    from orchestrator.cli.evidence import Evidence
    from orchestrator.core.decision import Instance
    from orchestrator.core.stateful.memory import Memory
    from orchestrator.ports import InstanceKey, OpenInstance

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wait:
    """What a rule still waits for.

    Attributes:
        rule: the name of the rule.
        key: what its state is kept under.
        lacks: what has to come, in words; empty where nobody can tell.
        came: the events that came, by the names they count for.
        until: when its time is over; None for never.
        revision: the revision it began with; empty where nobody knows.
        outdated: whether the rule is another one by now, or gone.
        status: what it is doing.
        mended_by: the command that lets it go on once a person has mended what failed; empty where
            it goes on by itself.
    """

    rule: str
    key: str
    lacks: str
    came: tuple[tuple[str, str, datetime], ...]
    until: datetime | None
    revision: str
    outdated: bool
    status: Status
    mended_by: str


def waits(evidence: Evidence, rule: str | None = None) -> list[Wait]:
    """Return what rules remember under the keys of a case, by the names of the rules.

    Args:
        evidence: what is known of the case.
        rule: the only rule to tell of; None for all.
    """
    wanted = [
        (at, found) for at, found in evidence.instances.items() if rule in (None, at.definition)
    ]
    return [
        _wait(evidence, found[0], found[1])
        for at, found in sorted(wanted, key=lambda one: (one[0].definition, one[0].key))
    ]


def _wait(evidence: Evidence, listed: OpenInstance, instance: Instance) -> Wait:
    at, status = listed.at, listed.status
    rule = wording(evidence.rulebook, at, instance)
    current = evidence.rulebook.by_name.get(at.definition)
    revision = instance.revision
    outdated = current is None or revision not in ("", current.revision)
    mended_by = _mended_by(at, instance) if status is Status.INCIDENT else ""
    facts = (listed.due, revision, outdated, status, mended_by)
    if not isinstance(rule, StatefulRule):
        steps = open_steps(instance) if is_workflow(instance) else []
        lacking_steps = f"the end of {', '.join(steps)}" if steps else ""
        return Wait(at.definition, at.key, lacking_steps, (), *facts)
    memory = every_event(instance.state, rule.elements)
    came = tuple(
        (one.name, one.event.id if one.event else "", _EPOCH + timedelta(microseconds=one.time))
        for one in memory.kept
    )
    return Wait(at.definition, at.key, lacks(rule, memory), came, *facts)


def _mended_by(at: InstanceKey, instance: Instance) -> str:
    verb = "instances show" if is_workflow(instance) else "timers retry"
    return f"orchestrator {verb} {quote(at.key)}"


def lacks(rule: StatefulRule, memory: Memory) -> str:
    """Return what a rule with that memory still needs, in words."""
    return lacking(rule, {one.name for one in memory.kept}, len(memory.kept))


def at_moment(moment: datetime, now: datetime) -> str:
    """Return a moment with how far away it is: ``2026-03-03T09:00:00.000Z (in 1 d 23 h)``."""
    return f"{text(moment)} ({distance(moment - now)})"


def distance(length: timedelta) -> str:
    """Return how far away that is: ``in 1 d 23 h``, or ``5 m 00 s late``."""
    shown = interval(length)
    return f"in {shown[1:]}" if shown.startswith("+") else f"{shown[1:]} late"

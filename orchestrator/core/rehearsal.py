"""What a rule that remembers nothing yet would do with given events. Pure; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.decision import Instance, Signal
from orchestrator.core.hearing import hear
from orchestrator.core.ids import reaction_id
from orchestrator.core.scope import Scope
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from orchestrator.core.decision import Definition
    from orchestrator.core.event import Event

SOURCE = "rehearsal"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would come of events.

    Attributes:
        fires: whether anything would be sent at once.
        waits: whether they would be remembered, and their time not be over.
        until: how long, then; None for ever.
    """

    fires: bool = False
    waits: bool = False
    until: datetime | None = None


def rehearse(rule: Definition, events: Iterable[Event], now: datetime) -> Rehearsal:
    """Return what `rule`, remembering nothing else, makes of these events.

    Args:
        rule: a definition of any kind.
        events: what comes, in this order; what the rule does not want is left out.
        now: the time of the decisions.
    """
    running: Instance | None = None
    until: datetime | None = None
    for event in events:
        if event.type not in rule.triggers or not hear(rule, event, now).wants:
            continue
        reaction = reaction_id(event.identity, rule.name)
        signal = Signal(event, reaction, now, SOURCE, Scope(event, now))
        try:
            decision = rule.decide(running, signal)
        except Refused:
            return Rehearsal()
        if decision.outgoing or decision.later:
            return Rehearsal(fires=True)
        if decision.writes:
            state, until = decision.state, decision.due
            running = None if state is None else Instance(reaction, state)
    return Rehearsal(waits=running is not None and (until is None or until > now), until=until)

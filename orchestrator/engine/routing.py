"""Who decides on an event where old wordings of a definition are still in use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.core.retired import Revision
from orchestrator.engine.absence import miss_among_old
from orchestrator.engine.case import Case
from orchestrator.errors import Refused
from orchestrator.ports import InstanceKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.core.decision import Definition, Instance
    from orchestrator.core.definitions import Rulebook
    from orchestrator.engine.archive import Archive
    from orchestrator.engine.batch import Batch
    from orchestrator.engine.case import Trigger
    from orchestrator.engine.patience import Patience
    from orchestrator.ports import Store


@dataclass(frozen=True, slots=True)
class Claim:
    """A wording that wants an event, and the key it computes."""

    definition: Definition
    key: str

    @property
    def at(self) -> InstanceKey:
        """Where its instance is, if there is one."""
        return InstanceKey(self.definition.name, self.key)


@dataclass(slots=True)
class Dispute:
    """One event, and every wording of one definition that wants it.

    Attributes:
        name: the definition's name.
        trigger: the event.
        claims: old wordings first, the current one last.
        error: why a wording could not say whether it wants the event; None if all could.
    """

    name: str
    trigger: Trigger
    claims: list[Claim] = field(default_factory=list)
    error: Refused | None = None


class Router:
    """Finds out who decides on events that more than one wording of a definition may want.

    Args:
        store: tells under which wording an instance is open.
        archive: has the wordings.
        patience: how to wait for the store.
    """

    def __init__(self, store: Store, archive: Archive, patience: Patience) -> None:
        self._store = store
        self._archive = archive
        self._patience = patience

    async def route(
        self, batch: Batch, cases: Sequence[Case], rulebook: Rulebook
    ) -> Sequence[Case]:
        """Return the cases, each stray one as the wording that decides has it."""
        strays = [case for case in cases if case.stray]
        if not strays:
            return cases
        disputed = [(case.definition.name, trigger) for case in strays for trigger in case.triggers]
        disputes = [dispute(name, trigger, rulebook) for name, trigger in disputed]
        instances = await self._look(disputes)
        while await self._archive.learn_of(instances, rulebook):
            disputes = [dispute(name, trigger, rulebook) for name, trigger in disputed]
            instances = await self._look(disputes)
        settled = settle(batch, disputes, instances, rulebook)
        return [case for case in cases if not case.stray] + settled

    async def _look(self, disputes: Sequence[Dispute]) -> Mapping[InstanceKey, Instance | None]:
        ats = places(disputes)
        found = await self._patience.until_done("store", lambda: self._store.load(ats))
        return dict(zip(ats, found, strict=True))


def dispute(name: str, trigger: Trigger, rulebook: Rulebook) -> Dispute:
    """Ask every wording of a definition about an event."""
    found = Dispute(name, trigger)
    event_type = trigger.signal.event.type
    old = rulebook.retired.by_type.get(event_type, {}).get(name, [])
    current = rulebook.by_name.get(name)
    wordings = [*old, current] if current and event_type in current.triggers else old
    for definition in wordings:
        condition = definition.condition(event_type)
        try:
            if condition is None or condition(trigger.signal.scope):
                key = definition.key(trigger.signal.event, trigger.signal.scope)
                found.claims.append(Claim(definition, key))
        except Refused as error:
            found.error = error
    return found


def settle(
    batch: Batch,
    disputes: Iterable[Dispute],
    instances: Mapping[InstanceKey, Instance | None],
    rulebook: Rulebook,
) -> list[Case]:
    """Return who decides on what: of all wordings of a definition at most one for each event."""
    cases: list[Case] = []
    stateful: dict[tuple[InstanceKey, str], list[Trigger]] = {}
    for each in disputes:
        try:
            claim = _responsible(each, instances, rulebook)
        except Refused as error:
            batch.fail(each.trigger.intake, each.name, error)
            continue
        if claim is None:
            for any_of_them in each.claims[:1]:
                case = Case(any_of_them.definition, any_of_them.key, [each.trigger])
                miss_among_old(batch, case)
            continue
        definition = claim.definition
        place = (claim.at, definition.revision)
        if definition.stateful and place in stateful:
            stateful[place].append(each.trigger)
            continue
        triggers = stateful[place] = [each.trigger]
        retired = rulebook.by_name.get(definition.name) is not definition
        cases.append(Case(definition, claim.key, triggers, retired=retired))
    return cases


def _responsible(
    found: Dispute, instances: Mapping[InstanceKey, Instance | None], rulebook: Rulebook
) -> Claim | None:
    """Return the wording whose instance is open, else the current one; None for nobody.

    Raises:
        Refused: nobody can be asked who should be.
    """
    current = None
    for claim in found.claims:
        instance = instances[claim.at] if claim.definition.stateful else None
        if instance is not None and instance.revision == claim.definition.revision:
            return claim
        if rulebook.by_name.get(found.name) is claim.definition:
            current = claim
    if current is not None and current.definition.stateful:
        instance = instances[current.at]
        if instance is not None and instance.revision:
            # Of another wording, which does not want this event: that case goes on without it.
            rulebook.responsible(Revision(found.name, instance.revision), current.key)
            if found.error is not None:  # or could not tell: then the event must be kept
                raise found.error
            return None
    if current is None and found.error is not None:
        raise found.error
    return current


def places(disputes: Sequence[Dispute]) -> list[InstanceKey]:
    """Return the instances to look at before disputes can be settled."""
    return list(
        dict.fromkeys(
            claim.at for each in disputes for claim in each.claims if claim.definition.stateful
        )
    )

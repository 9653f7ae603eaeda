"""By which wording a rule that failed when its time was over is asked again. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.retired import Revision
from orchestrator.core.stateful import StatefulRule
from orchestrator.errors import InvalidDefinitions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.decision import Definition, Instance
    from orchestrator.core.definitions import Rulebook
    from orchestrator.ports import InstanceKey, KeptDefinition


def renewed(
    incidents: Mapping[InstanceKey, Instance],
    rulebook: Rulebook,
    texts: Mapping[str, KeptDefinition],
) -> dict[InstanceKey, str]:
    """Return the revisions of now for incidents whose rule has been changed since they began.

    A rule that was mended would otherwise fail again, by the words that are wrong. Left out is what
    the rule of now cannot read, or would make nothing of, and what no daemon has taken over yet.

    Args:
        incidents: instances that wait for a person.
        rulebook: the rules as they are now.
        texts: the kept texts of definitions, by revision.
    """
    found: dict[InstanceKey, str] = {}
    for at, instance in incidents.items():
        current = rulebook.by_name.get(at.definition)
        if (
            isinstance(current, StatefulRule)
            and current.revision != instance.revision
            and current.revision in texts
            and _goes_on(current, _before(at, instance, rulebook, texts), instance)
        ):
            found[at] = current.revision
    return found


def _before(
    at: InstanceKey,
    instance: Instance,
    rulebook: Rulebook,
    texts: Mapping[str, KeptDefinition],
) -> Definition | None:
    """Return the wording an instance began under; None where it cannot be read any more."""
    kept = texts.get(instance.revision)
    if kept is None or rulebook.recall is None:
        return None
    try:
        return rulebook.recall(Revision(at.definition, instance.revision), kept.text).definition
    except InvalidDefinitions:
        return None


def _goes_on(current: StatefulRule, before: Definition | None, instance: Instance) -> bool:
    return (
        isinstance(before, StatefulRule)
        and current.reads_like(before)
        and current.remembered(instance).first is not None
    )

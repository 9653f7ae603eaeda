"""Finds instances that have ended and are wanted once more. Knows nothing of why they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.core.retired import Revision
from orchestrator.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.decision import Instance
    from orchestrator.core.definitions import Rulebook
    from orchestrator.engine.archive import Archive
    from orchestrator.engine.case import Case
    from orchestrator.engine.patience import Patience
    from orchestrator.ports import Store


class Recaller:
    """Completes what was loaded by instances that have ended.

    Args:
        store: where they are kept for a while.
        archive: has the wordings they began under.
        patience: how to wait for the store.
    """

    def __init__(self, store: Store, archive: Archive, patience: Patience) -> None:
        self._store = store
        self._archive = archive
        self._patience = patience

    async def complete(
        self, cases: Sequence[Case], instances: Sequence[Instance | None], rulebook: Rulebook
    ) -> tuple[Sequence[Case], Sequence[Instance | None]]:
        """Return the cases and their instances; of one that is recalled what was kept of it.

        It goes to the wording it began under, as it would if it were open.
        """
        wanted = [
            number
            for number, (case, instance) in enumerate(zip(cases, instances, strict=True))
            if instance is None and case.recalls
        ]
        if not wanted:
            return cases, instances
        ats = [cases[number].at for number in wanted]
        found = await self._patience.until_done("store", lambda: self._store.ended(ats))
        await self._archive.learn_of(dict(zip(ats, found, strict=True)), rulebook)
        all_cases, all_instances = list(cases), list(instances)
        for number, ended in zip(wanted, found, strict=True):
            if ended is not None and (case := _decided_by_its_own(cases[number], ended, rulebook)):
                all_cases[number], all_instances[number] = case, ended
        return all_cases, all_instances


def _decided_by_its_own(case: Case, ended: Instance, rulebook: Rulebook) -> Case | None:
    """Return the case with the definition that `ended` began under; None if that is lost."""
    try:
        definition = rulebook.responsible(Revision(case.definition.name, ended.revision), case.key)
    except Unreadable:
        return None  # then it is as if nothing were kept, and the definition says so
    if definition is None or definition is case.definition:
        return case
    return replace(case, definition=definition, retired=True)

"""Lists instances of workflows page by page, also of those that left the rules. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from orchestrator.core.workflow.machine import Workflow
from orchestrator.operation.account import is_workflow
from orchestrator.ports import FinishedInstance, OpenInstance

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.status import Status
    from orchestrator.ports import Inspection, Store

Found = TypeVar("Found", OpenInstance, FinishedInstance)


@dataclass(frozen=True, slots=True)
class Page(Generic[Found]):
    """Some instances of a list.

    Attributes:
        instances: those of the page; all it may have, unless it is the last.
        last: where the next page begins; None where there is none.
    """

    instances: Sequence[Found]
    last: Found | None


class Listing:
    """Lists of instances, in which rules that remember are passed over.

    Args:
        store: where open instances are.
        inspection: its lists.
        rulebook: returns what is in force.
    """

    def __init__(
        self, store: Store, inspection: Inspection, rulebook: Callable[[], Rulebook]
    ) -> None:
        self._store = store
        self._inspection = inspection
        self._rulebook = rulebook

    async def open(
        self,
        workflow: str | None,
        status: Status | None,
        after: OpenInstance | None,
        limit: int,
    ) -> Page[OpenInstance]:
        """Return a page of open instances, the newest change first.

        Args:
            workflow: only of this one; None for all.
            status: only of this one; None for all that are open.
            after: the last of the page before; None for the first page.
            limit: how many at most.
        """
        found = await self._inspection.open_instances(
            definitions=await self._workflows(workflow),
            status=status,
            after=after,
            limit=limit + 1,
        )
        return _page(found, limit)

    async def ended(
        self,
        workflow: str | None,
        status: Status | None,
        after: FinishedInstance | None,
        limit: int,
    ) -> Page[FinishedInstance]:
        """Return a page of instances that have ended, the last first; arguments as for `open`.

        Of workflows that left the rules only those whose last state is still kept.
        """
        found: list[FinishedInstance] = []
        more = True
        while more and len(found) <= limit:
            part = await self._inspection.finished(
                definition=workflow, status=status, after=after, limit=limit + 1
            )
            found += [each for each in part if await self._was_workflow(each)]
            after, more = part[-1] if part else None, len(part) > limit
        return _page(found, limit)

    async def _workflows(self, workflow: str | None) -> list[str]:
        """Return the names of the workflows that have open instances, or one if it is meant."""
        names = {workflow}
        if workflow is None:
            names = {name for name, _ in await self._store.open_revisions()}
        return [name for name in sorted(filter(None, names)) if await self._is_workflow(name)]

    async def _is_workflow(self, name: str) -> bool:
        """Tell by an open instance what a definition is that left the rules."""
        known = self._rulebook().by_name.get(name)
        if known is not None:
            return isinstance(known, Workflow)
        some = await self._inspection.open_instances(definitions=(name,), limit=1)
        loaded = await self._store.load([each.at for each in some])
        return any(each is not None and is_workflow(each) for each in loaded)

    async def _was_workflow(self, ended: FinishedInstance) -> bool:
        known = self._rulebook().by_name.get(ended.at.definition)
        if known is not None:
            return isinstance(known, Workflow)
        last = await self._inspection.last_state(ended.at) if ended.kept else None
        return last is not None and is_workflow(last)


def _page(found: Sequence[Found], limit: int) -> Page[Found]:
    """Return a page of what was `found`: one more than `limit` shows that there is another."""
    return Page(found[:limit], found[limit - 1] if len(found) > limit else None)

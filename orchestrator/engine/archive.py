"""Keeps the wordings of definitions for as long as instances may need them. Reads no file."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from orchestrator.core.retired import Recalled, Revision
from orchestrator.errors import InvalidDefinitions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from orchestrator.core.decision import Instance
    from orchestrator.core.definitions import Rulebook
    from orchestrator.engine.patience import Patience
    from orchestrator.ports import Clock, InstanceKey, KeptDefinition, Store

T = TypeVar("T")

GRACE = timedelta(hours=1)
"""How long a text stays that nobody needs: another replica may be about to open an instance."""

_NO_TEXT = "its text is not kept (the store came back older, or it was lost by hand)"


class Archive:
    """Stores the texts of what runs, and compiles those of what ran before.

    Args:
        store: where the texts are, and the numbers of open instances.
        clock: since when a text was not needed.
        patience: how to wait for the store.
        retention: how long an instance that has ended may be begun again.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        patience: Patience,
        *,
        retention: timedelta = timedelta(0),
    ) -> None:
        self._spared = GRACE + retention
        self._store = store
        self._clock = clock
        self._patience = patience

    async def keep(self, rulebook: Rulebook) -> None:
        """Store the texts of what runs. Before an instance may begin under them."""
        texts = {revision.revision: text for revision, text in rulebook.texts.items()}
        if texts:
            now = self._clock.now()
            await self._until_done(lambda: self._store.put_definitions(texts, now))

    async def recall(self, rulebook: Rulebook) -> Mapping[Revision, int]:
        """Learn under which old wordings instances are open, and take no notice of others.

        Returns:
            How many, by old wording.
        """
        counts = await self._until_done(self._store.open_revisions)
        opened = {Revision(*revision): number for revision, number in counts.items()}
        old = {
            revision: number
            for revision, number in opened.items()
            if revision.revision and not rulebook.is_current(revision)
        }
        await self.learn(rulebook, old)
        retired = rulebook.retired
        for revision in [*retired.definitions, *retired.unreadable]:
            if revision not in old:
                retired.forget(revision)
        return old

    def inherit(self, rulebook: Rulebook, before: Rulebook) -> None:
        """Take over what ran until now, although nothing may be open under it.

        What is in hand, or other replicas that have not swapped yet, may be about to begin
        instances under it. The next `recall` looks whether they did.
        """
        for definition in before.definitions:
            revision = Revision(definition.name, definition.revision)
            if definition.stateful and definition.triggers and not rulebook.knows(revision):
                contracts = {each: before.contracts[each] for each in definition.triggers}
                rulebook.retired.add(Recalled(definition, contracts))

    async def learn(self, rulebook: Rulebook, wanted: Collection[Revision]) -> None:
        """Make the rulebook know these wordings, be it that they cannot be read any more."""
        if all(map(rulebook.knows, wanted)):
            return
        kept = await self._until_done(self._store.definitions)
        for revision in wanted:
            if not rulebook.knows(revision):  # who else asked may have learned it meanwhile
                _learn_one(rulebook, revision, kept.get(revision.revision))

    async def learn_of(
        self, instances: Mapping[InstanceKey, Instance | None], rulebook: Rulebook
    ) -> bool:
        """Learn of wordings these began under that only other replicas have met so far.

        Returns:
            Whether there were any.
        """
        missing = _unknown(instances, rulebook)
        if missing:
            await self.learn(rulebook, missing)
        return bool(missing)

    async def tidy(self, rulebook: Rulebook, old: Collection[Revision]) -> None:
        """Drop the texts that nobody has needed for a while."""
        needed = {revision.revision for revision in (*rulebook.texts, *old)}
        kept = await self._until_done(self._store.definitions)
        before = self._clock.now() - self._spared
        gone = [
            revision
            for revision, definition in kept.items()
            if revision not in needed and definition.put_at < before
        ]
        if gone:
            await self._until_done(lambda: self._store.drop_definitions(gone))

    async def _until_done(self, operation: Callable[[], Awaitable[T]]) -> T:
        return await self._patience.until_done("store", operation)


def _unknown(instances: Mapping[InstanceKey, Instance | None], rulebook: Rulebook) -> set[Revision]:
    """Return the wordings that instances began under and the rulebook knows nothing of."""
    found = {
        Revision(at.definition, instance.revision)
        for at, instance in instances.items()
        if instance is not None and not at.message
    }
    return {revision for revision in found if not rulebook.knows(revision)}


def _learn_one(rulebook: Rulebook, revision: Revision, kept: KeptDefinition | None) -> None:
    if kept is None or rulebook.recall is None:
        rulebook.retired.unreadable[revision] = _NO_TEXT
        return
    try:
        rulebook.retired.add(rulebook.recall(revision, kept.text))
    except InvalidDefinitions as error:
        rulebook.retired.unreadable[revision] = "; ".join(str(error).splitlines())

"""What a new version of the rules means for what is open now. Changes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.cli import output
from orchestrator.cli.memory import memory
from orchestrator.core.expression.times import format_timestamp
from orchestrator.core.retired import Revision
from orchestrator.core.scheduled import ScheduledRule, pending
from orchestrator.core.stateful import StatefulRule
from orchestrator.errors import InvalidDefinitions
from orchestrator.ports import InstanceKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.decision import Definition
    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.scheduled import Pending
    from orchestrator.ports import KeptDefinition
    from orchestrator.settings import Settings

_LIVE: Final = "live: "
_PART: Final = f"{_LIVE}only of rules that stand here: check the whole folder for the others"


@dataclass(frozen=True, slots=True)
class Told:
    """What the new rules mean for one wording that cases are open under, or for one schedule.

    Attributes:
        rule: its name.
        revision: which wording; None for a schedule, which keeps none.
        instances: how many stay on it.
        message: all of it in words.
    """

    rule: str
    revision: str | None
    instances: int
    message: str

    @property
    def line(self) -> str:
        """The message as it is printed."""
        return f"{_LIVE}{self.message}"


def tell_live(
    settings: Settings, rulebook: Rulebook, *, is_part: bool = False
) -> list[dict[str, object]]:
    """Say on standard error which instances would stay on which old wording, and what is dropped.

    Args:
        settings: where it is remembered what is open.
        rulebook: the rules as they are written now.
        is_part: they are a part of the folder: what is not there may stand in another file.

    Returns:
        The same for programs, by rule and revision; nothing where all go by these rules.

    Raises:
        Unavailable: Redis cannot be reached.
        Misconfigured: it refuses us.
    """
    counts, texts, ticks = asyncio.run(_look(settings))
    if is_part:
        counts = {each: number for each, number in counts.items() if each[0] in rulebook.by_name}
        ticks = {name: tick for name, tick in ticks.items() if name in rulebook.by_name}
        output.note(_PART)
    staying, dropped = wordings(rulebook, counts, texts), dropped_ticks(rulebook, ticks)
    if not staying:
        output.note(all_go_by(counts))
    for each in (*staying, *dropped):
        output.note(each.line)
    return [asdict(each) for each in (*staying, *dropped)]


def wordings(
    rulebook: Rulebook,
    counts: Mapping[tuple[str, str], int],
    texts: Mapping[str, KeptDefinition],
) -> list[Told]:
    """Return what is to be said of the wordings that these rules do not have.

    Args:
        rulebook: the rules as they are written now.
        counts: how many instances are open, by definition and revision.
        texts: the kept texts of definitions, by revision.
    """
    opened = {Revision(*revision): number for revision, number in counts.items()}
    old = sorted(each for each in opened if each.revision and not rulebook.is_current(each))
    return [
        Told(
            each.name,
            each.revision,
            opened[each],
            _sentence(each, opened[each], rulebook, texts.get(each.revision)),
        )
        for each in old
    ]


def all_go_by(counts: Mapping[tuple[str, str], int]) -> str:
    """Return what is printed where no wording stays. Schedules keep none, and are not counted."""
    cases = sum(number for (_, revision), number in counts.items() if revision)
    return f"{_LIVE}all {cases:,} open instances go by these rules"


def dropped_ticks(rulebook: Rulebook, ticks: Mapping[str, Pending]) -> list[Told]:
    """Return what is to be said of schedules whose pending tick will not come.

    Args:
        rulebook: the rules as they are written now.
        ticks: what each schedule waits for.
    """
    return [
        Told(name, None, 0, f"schedule {name} {what}")
        for name, tick in sorted(ticks.items())
        if (what := _lost(tick, rulebook.by_name.get(name))) is not None
    ]


def _lost(tick: Pending, current: Definition | None) -> str | None:
    dropped = f"its tick of {format_timestamp(tick.tick)} is dropped"
    if not isinstance(current, ScheduledRule):
        return f"is gone: {dropped}"
    if tick.schedule != current.schedule.text:
        return f"differs: {dropped}, and the next one is of the new schedule"
    return None


async def _look(
    settings: Settings,
) -> tuple[Mapping[tuple[str, str], int], Mapping[str, KeptDefinition], Mapping[str, Pending]]:
    async with memory(settings) as store:
        counts = await store.open_revisions()
        names = [name for name, revision in counts if not revision]
        found = await store.load([InstanceKey(name, name) for name in names])
        ticks = {
            name: tick
            for name, each in zip(names, found, strict=True)
            if each is not None and (tick := pending(each.state)) is not None
        }
        return counts, await store.definitions(), ticks


def _sentence(
    revision: Revision, number: int, rulebook: Rulebook, kept: KeptDefinition | None
) -> str:
    current = rulebook.by_name.get(revision.name)
    stay = "1 open instance stays" if number == 1 else f"{number:,} open instances stay"
    what = "is gone" if current is None else "differs"
    told = f"rule {revision.name} {what}: {stay} on revision {revision.revision}"
    if kept is None or rulebook.recall is None:
        return f"{told}, whose text is not kept: events and timers for it become dead letters"
    try:
        before = rulebook.recall(revision, kept.text).definition
    except InvalidDefinitions as error:
        why = "; ".join(str(error).splitlines())
        return f"{told}, which these schemas cannot read: events for it become dead letters ({why})"
    return f"{told} to the end{_differences(before, current)}"


def _differences(before: Definition, current: Definition | None) -> str:
    """Say what of an old wording another shape makes it worth to know."""
    if current is None:
        return ""
    told = []
    if gone := [each for each in before.triggers if each not in current.triggers]:
        told.append(f"{', '.join(gone)} is still waited for")
    if new := [each for each in current.triggers if each not in before.triggers]:
        told.append(f"{', '.join(new)} means nothing there")
    if isinstance(before, StatefulRule) and isinstance(current, StatefulRule):
        if _keys(before) != _keys(current):
            told.append("the key (`by`) stays as it was")
        if before.within != current.within:
            told.append("the time (`within`) stays as it was")
    return "".join(f"; {each}" for each in told)


def _keys(rule: StatefulRule) -> dict[str, str] | None:
    return None if rule.by is None else {each: rule.by[each].source for each in rule.by}

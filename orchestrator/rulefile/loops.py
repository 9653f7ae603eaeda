"""Finds rules that would trigger themselves or each other for ever. Evaluates no condition."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import TYPE_CHECKING

from orchestrator.document import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.rulefile.rules import Draft

_MAX_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Step:
    """A rule that sends a message for every event of a type, whatever it holds.

    Attributes:
        number: of the rule, in the order of all files.
        sent: the type of the message.
    """

    number: int
    name: str
    draft: Draft
    sent: str


_Steps = dict[str, dict[str, _Step]]
"""Event type -> message type -> the first rule that leads from one to the other."""


def refuse_loops(named: Sequence[tuple[str, Draft]]) -> None:
    """Refuse rules that send, without any condition, what triggers them again.

    Of loops that share a step only one is reported; the next check shows what is left.
    """
    steps: _Steps = {}
    for number, (name, draft) in enumerate(named):
        if draft.enabled:
            _add_steps(_Step(number, name, draft, ""), steps)
    while loop := _loop(steps):
        _refuse(loop)


def _add_steps(rule: _Step, steps: _Steps) -> None:
    """Note where a rule leads; refuse it if that is back to itself."""
    content = rule.draft.content
    always = [read.action for read in content.actions if not read.in_failure]
    always = [action for action in always if not (action.guard or action.for_each)]
    sent = dict.fromkeys(action.message.name for action in always)
    back = [name for name in sent if name in content.unconditional]
    if back:
        rule.draft.part.refuse(
            f"this rule sends {back[0]}, which triggers it again without end: give it an `if`, or "
            "send something else"
        )
        return
    for trigger in content.triggers:
        if trigger in content.unconditional:
            ways = steps.setdefault(trigger, {})
            for name in sent:
                ways.setdefault(name, _Step(rule.number, rule.name, rule.draft, name))


def _loop(steps: _Steps) -> list[_Step]:
    """Take one loop out of the steps, beginning with its first rule; none if there is no more."""
    try:
        TopologicalSorter(steps).prepare()
    except CycleError as error:
        types: list[str] = error.args[1][::-1]  # the sorter goes from what is sent to its trigger
        loop = [steps[trigger].pop(sent) for trigger, sent in pairwise(types)]
        first = loop.index(min(loop, key=lambda step: step.number))
        return loop[first:] + loop[:first]
    return []


def _refuse(loop: Sequence[_Step]) -> None:
    chain = ", ".join(_shown(loop))
    loop[0].draft.part.refuse(
        f"these rules trigger each other without end: {chain}: give one of them an `if`"
    )


def _shown(loop: Sequence[_Step]) -> Iterator[str]:
    for step in loop[:_MAX_SHOWN]:
        yield f"{quoted(step.name)} sends {step.sent}"
    if len(loop) > _MAX_SHOWN:
        yield f"and {len(loop) - _MAX_SHOWN} more"

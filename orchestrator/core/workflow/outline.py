"""What can be told of a plan before anything happens: who awaits what, who undoes what. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from orchestrator.core.workflow.definition import Approval, Awaited, Command, Group, Run, Wait
from orchestrator.core.workflow.ids import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from orchestrator.core.expression import Expression, Template
    from orchestrator.core.workflow.definition import OnFailure, Plan, Retry, Step

ROOT: Final = ""
"""The name of what holds the outermost steps: the instance itself."""

COMMAND_FAILED: Final = "CommandFailed"
START: Final = "StartWorkflow"
COMPENSATE: Final = "CompensateWorkflow"
ORDER: Final = "InstanceOrder"
APPROVAL: Final = "ApprovalGiven"
APPROVAL_REQUESTED: Final = "ApprovalRequested"
RUN_REPLIES: Final = (
    "instance.completed",
    "instance.faulted",
    "instance.cancelled",
    "instance.compensated",
)

_Read: TypeAlias = "Expression | Template | None"


@dataclass(frozen=True, slots=True)
class Errand:
    """What is sent for a step or its compensation, and how patiently.

    Attributes:
        work: the command, or the workflow to run or to compensate.
        timeout: of one attempt; None for no limit.
        retry: None for one attempt.
        reads: for-each steps whose outputs its data needs.
    """

    work: Command | Run
    timeout: timedelta | None
    retry: Retry | None
    reads: frozenset[str]

    @property
    def awaits(self) -> bool:
        """Whether anybody is expected to answer."""
        return isinstance(self.work, Run) or bool(self.answers)

    @property
    def answers(self) -> tuple[str, ...]:
        """The types that answer it without naming it."""
        return () if isinstance(self.work, Run) else (*self.work.awaits, *self.work.fail_on)


@dataclass(frozen=True, slots=True)
class Place:
    """A step, and what surrounds it.

    Attributes:
        step: the step.
        parent: the group it is in, or `ROOT`.
        ancestors: the groups it is in, the innermost first; then `ROOT`.
        policy: what its failure means.
        rolled_back: what is compensated when it fails and the policy is to compensate.
        errand: what is sent for it; None where nothing is.
        undo: what is sent to undo it; None where nothing is.
        reads: for-each steps whose outputs are needed to open it.
        awaits: the types of the events that close it.
    """

    step: Step
    parent: str
    ancestors: tuple[str, ...]
    policy: OnFailure
    rolled_back: str
    errand: Errand | None
    undo: Errand | None
    reads: frozenset[str]
    awaits: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outline:
    """An index over a plan, made once.

    Attributes:
        plan: the plan.
        places: every step by name, groups' members included.
        members: of each group and of `ROOT`, in the order written.
        inside: of each group and of `ROOT`: the names of all steps in it, at any depth.
        awaiting: event type -> the steps and compensations it may close.
        repeated: the for-each steps.
        ending_reads: for-each steps whose outputs are needed for ``then`` and ``otherwise``.
        commands: the types of the commands it sends and waits for.
        runs: the workflows it runs.
    """

    plan: Plan
    places: Mapping[str, Place] = field(init=False)
    members: Mapping[str, tuple[Step, ...]] = field(init=False)
    inside: Mapping[str, frozenset[str]] = field(init=False)
    awaiting: Mapping[str, tuple[Target, ...]] = field(init=False)
    repeated: frozenset[str] = field(init=False)
    ending_reads: frozenset[str] = field(init=False)
    commands: frozenset[str] = field(init=False)
    runs: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Walk the plan."""
        plan = self.plan
        members = {ROOT: plan.steps} | {
            step.name: step.work.steps for step in _walk(plan.steps) if isinstance(step.work, Group)
        }
        repeated = frozenset(step.name for step in _walk(plan.steps) if step.for_each)
        places = dict(_places(plan, repeated))
        awaiting: dict[str, list[Target]] = {}
        for name, place in places.items():
            for event_type in sorted(place.awaits):
                awaiting.setdefault(event_type, []).append(Target(name))
            for event_type in place.undo.answers if place.undo else ():
                awaiting.setdefault(event_type, []).append(Target(name, undoing=True))
        errands = [
            errand for place in places.values() for errand in (place.errand, place.undo) if errand
        ]
        ending = [
            read
            for action in (*plan.then, *plan.otherwise)
            for read in (action.data, action.guard, action.for_each)
        ]
        found: dict[str, object] = {
            "places": places,
            "members": members,
            "inside": {
                name: frozenset(step.name for step in _walk(steps))
                for name, steps in members.items()
            },
            "awaiting": {event_type: tuple(names) for event_type, names in awaiting.items()},
            "repeated": repeated,
            "ending_reads": _outputs_read(ending, repeated),
            "commands": frozenset(
                errand.work.message.name for errand in errands if isinstance(errand.work, Command)
            ),
            "runs": frozenset(
                errand.work.workflow for errand in errands if isinstance(errand.work, Run)
            ),
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)


def _walk(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield steps and the members of groups among them, a group before its members."""
    for step in steps:
        yield step
        if isinstance(step.work, Group):
            yield from _walk(step.work.steps)


def _places(plan: Plan, repeated: frozenset[str]) -> Iterator[tuple[str, Place]]:
    pending: list[tuple[Step, tuple[Step, ...]]] = [(step, ()) for step in plan.steps]
    while pending:
        step, groups = pending.pop(0)
        yield step.name, _place(plan, step, groups, repeated)
        if isinstance(step.work, Group):
            pending += [(member, (step, *groups)) for member in step.work.steps]


def _place(plan: Plan, step: Step, groups: tuple[Step, ...], repeated: frozenset[str]) -> Place:
    work, fallen = step.work, step.for_each
    own = [step.guard, fallen.items if fallen else None, getattr(work, "data", None)]
    return Place(
        step=step,
        parent=groups[0].name if groups else ROOT,
        ancestors=(*(group.name for group in groups), ROOT),
        policy=_policy(plan, step, groups),
        rolled_back=next(
            (group.name for group in groups if group.on_failure == "compensate"), ROOT
        ),
        errand=Errand(work, step.timeout, step.retry, _outputs_read([work.data], repeated))
        if isinstance(work, Command | Run)
        else None,
        undo=_undo(step, repeated),
        reads=_outputs_read([*own, getattr(work, "until", None)], repeated),
        awaits=_awaits(step),
    )


def _policy(plan: Plan, step: Step, groups: tuple[Step, ...]) -> OnFailure:
    """Return the step's own word, else the innermost group's that has one, else the workflow's.

    A group's word is about its members; it has used it up when it fails itself.
    """
    asked = groups if isinstance(step.work, Group) else (step, *groups)
    return next((each.on_failure for each in asked if each.on_failure), plan.on_failure)


def _undo(step: Step, repeated: frozenset[str]) -> Errand | None:
    compensation = step.compensation
    if compensation is not None:
        reads = _outputs_read([compensation.command.data], repeated)
        return Errand(compensation.command, compensation.timeout, compensation.retry, reads)
    if isinstance(step.work, Run):
        return Errand(step.work, step.timeout, step.retry, frozenset())
    return None


def _awaits(step: Step) -> frozenset[str]:
    """Return the types that close a step, not those that close its compensation."""
    match step.work:
        case Command(awaits=awaits, fail_on=fail_on) | Awaited(awaits=awaits, fail_on=fail_on):
            return frozenset((*awaits, *fail_on))
        case Run() | Wait() | Approval() | Group():
            return frozenset()


def _outputs_read(expressions: Iterable[_Read], repeated: frozenset[str]) -> frozenset[str]:
    """Return the for-each steps whose outputs expressions may read, as far as the text tells."""
    found: set[str] = set()
    for expression in expressions:
        for path in expression.references if expression else ():
            match path:
                case ("steps",):
                    return repeated
                case ("steps", name) | ("steps", name, "output", *_):
                    found.add(name)
                case _:
                    pass
    return repeated & found

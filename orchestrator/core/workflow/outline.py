"""What can be told of a plan before anything happens: who awaits what, who undoes what. Pure."""

from __future__ import annotations

from dataclasses import dataclass
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
        transactional: the names of all steps in transactions.
        awaiting: event type -> the steps and compensations it may close.
        repeated: the for-each steps.
        ending_reads: for-each steps whose outputs are needed for ``then`` and ``otherwise``.
        sends: whether it sends commands, which may be given up.
        runs: whether it runs workflows.
        routes: whether a command of it is for a live instance of a service.
    """

    plan: Plan
    places: Mapping[str, Place]
    members: Mapping[str, tuple[Step, ...]]
    inside: Mapping[str, frozenset[str]]
    transactional: frozenset[str]
    awaiting: Mapping[str, tuple[Target, ...]]
    repeated: frozenset[str]
    ending_reads: frozenset[str]
    sends: bool
    runs: bool
    routes: bool

    @classmethod
    def of(cls, plan: Plan) -> Outline:
        """Walk a plan."""
        steps = list(_walk(plan.steps))
        groups = {step.name: step.work.steps for step in steps if isinstance(step.work, Group)}
        members = {ROOT: plan.steps, **groups}
        inside = {
            name: frozenset(step.name for step in _walk(own)) for name, own in members.items()
        }
        repeated = frozenset(step.name for step in steps if step.for_each)
        places = dict(_places(plan, repeated))
        ending = [
            read
            for action in (*plan.then, *plan.otherwise)
            for read in (action.data, action.guard, action.for_each)
        ]
        return cls(
            plan=plan,
            places=places,
            members=members,
            inside=inside,
            transactional=frozenset().union(*(inside[s.name] for s in steps if _is_atomic(s))),
            awaiting=_awaiting(places),
            repeated=repeated,
            ending_reads=_outputs_read(ending, repeated),
            sends=any(place.errand or place.undo for place in places.values()),
            runs=any(isinstance(step.work, Run) for step in steps),
            routes=any(_routes(place.errand, place.undo) for place in places.values()),
        )


def _routes(*errands: Errand | None) -> bool:
    commands = (errand.work for errand in errands if errand is not None)
    return any(isinstance(work, Command) and work.route is not None for work in commands)


def _awaiting(places: Mapping[str, Place]) -> Mapping[str, tuple[Target, ...]]:
    """Return which steps and compensations an event of a type may close."""
    awaiting: dict[str, list[Target]] = {}
    for name, place in places.items():
        for event_type in sorted(place.awaits):
            awaiting.setdefault(event_type, []).append(Target(name))
        for event_type in place.undo.answers if place.undo else ():
            awaiting.setdefault(event_type, []).append(Target(name, undoing=True))
    return {event_type: tuple(targets) for event_type, targets in awaiting.items()}


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
        rolled_back=next((group.name for group in groups if _takes_back(group)), ROOT),
        errand=Errand(work, step.timeout, step.retry, _outputs_read([work.data], repeated))
        if isinstance(work, Command | Run)
        else None,
        undo=_undo(step, repeated),
        reads=_outputs_read([*own, getattr(work, "until", None)], repeated),
        awaits=_awaits(step),
    )


def _policy(plan: Plan, step: Step, groups: tuple[Step, ...]) -> OnFailure:
    """Return the step's own word, else the innermost group's that has one, else the workflow's.

    A group's word is about its members; it has used it up when it fails itself. The members of a
    transaction are taken back whatever anybody says; its word is about the whole.
    """
    if any(_is_atomic(group) for group in groups):
        return "compensate"
    asked = groups if isinstance(step.work, Group) and not _is_atomic(step) else (step, *groups)
    return next((each.on_failure for each in asked if each.on_failure), plan.on_failure)


def _takes_back(group: Step) -> bool:
    """Tell whether a group takes back its members itself when one of them fails."""
    return _is_atomic(group) or group.on_failure == "compensate"


def _is_atomic(step: Step) -> bool:
    return isinstance(step.work, Group) and step.work.atomic


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
        for path in expression.reads if expression else ():
            match path:
                case ("steps",) | ("steps", "*") | ("steps", "*", "output", *_):
                    return repeated
                case ("steps", name) | ("steps", name, "output", *_):
                    found.add(name)
                case _:
                    pass
    return repeated & found

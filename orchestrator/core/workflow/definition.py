"""What a workflow says, compiled: its steps and what may go wrong with them. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from orchestrator.core.definitions import Action, MessageContract
    from orchestrator.core.expression import Expression, Template
    from orchestrator.core.problem import Position

OnFailure = Literal["compensate", "continue", "stop"]
OnDuplicate = Literal["ignore", "restart", "reject"]
Announcements = Literal["none", "instance", "steps"]
Strategy = Literal["least_busy", "round_robin"]


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a command is sent again after a timeout or a ``CommandFailed``.

    Attributes:
        attempts: how often it is sent in all; None for without end.
        delay: before the second attempt.
        exponential: whether each further delay doubles.
        max_delay: the longest; None for no limit.
        jitter: whether delays are shortened by up to a half, by a hash of the command's id.
    """

    attempts: int | None
    delay: timedelta
    exponential: bool
    max_delay: timedelta | None
    jitter: bool


@dataclass(frozen=True, slots=True)
class Route:
    """Which live instance of a service a command goes to.

    Attributes:
        capability: what it must be able to do.
        strategy: how one is chosen of several.
    """

    capability: str
    strategy: Strategy


@dataclass(frozen=True, slots=True)
class Command:
    """A message to send, and the events that answer it.

    Attributes:
        message: what is sent, and how its data is checked.
        data: template of its data; None sends the workflow's input.
        awaits: event types of which one is the answer; empty where none is waited for.
        fail_on: event types that refuse it: no retry helps.
        accepts: of an answer, over ``data`` and ``event``: others are not meant; None for any.
        route: to which service instance; None for whoever consumes the channel.
    """

    message: MessageContract
    data: Template | None
    awaits: tuple[str, ...] = ()
    fail_on: tuple[str, ...] = ()
    accepts: Expression | None = None
    route: Route | None = None


@dataclass(frozen=True, slots=True)
class Awaited:
    """An event from outside that nobody is asked for.

    Attributes: as of `Command`.
    """

    awaits: tuple[str, ...]
    fail_on: tuple[str, ...] = ()
    accepts: Expression | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing happens for a while.

    Attributes:
        duration: how long; None where `until` says it.
        until: an expression that gives a timestamp, or the text of one.
    """

    duration: timedelta | None
    until: Expression | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """A person decides.

    Attributes:
        role: who may.
        deadline: how long they have; then `escalate_to` has as long again; None for no limit.
        escalate_to: the role that is asked next; None for nobody: the step then times out.
        form: raises ``SchemaViolation`` for data that is not as asked for; None for any.
        form_schema: the JSON Schema that `form` checks, for those who draw the form.
        data: template of what the person is shown; None shows the input.
    """

    role: str
    deadline: timedelta | None
    escalate_to: str | None
    form: Callable[[object], None] | None
    form_schema: object | None
    data: Template | None


@dataclass(frozen=True, slots=True)
class Run:
    """Another workflow, as one step.

    Attributes:
        workflow: its name.
        data: template of its input; None passes ours on.
    """

    workflow: str
    data: Template | None


@dataclass(frozen=True, slots=True)
class Group:
    """Steps under one name, done when all of them are.

    Attributes:
        steps: in the order written; their `depends_on` name steps of this group only.
        atomic: a transaction: when a member fails, all are compensated; once it is done, they are
            not compensated any more. `on_failure` of its step is about the whole.
    """

    steps: tuple[Step, ...]
    atomic: bool = False


Work = Command | Awaited | Wait | Approval | Run | Group


@dataclass(frozen=True, slots=True)
class Compensation:
    """What undoes a step that was done.

    Attributes:
        command: what is sent; its `data` may read the step's (the item's) own output as ``output``;
            None sends that output, or the input where the output is no mapping.
        timeout: how long an answer is waited for; None for no limit.
        retry: how often it is tried.
    """

    command: Command
    timeout: timedelta | None
    retry: Retry | None


MAX_ITEMS = 10_000
"""How many items a for-each may have that says nothing of it."""


@dataclass(frozen=True, slots=True)
class ForEach:
    """A step taken once per item of a list.

    Attributes:
        items: a list expression.
        name: what an item is called in expressions.
        max_parallel: how many are open at once.
        max_items: a longer list fails the step.
    """

    items: Expression
    name: str
    max_parallel: int
    max_items: int = MAX_ITEMS


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: unique in the workflow, groups' members included; without any of ``. [ ] ~ /``, and
            neither ``then`` nor ``otherwise``.
        work: what is to be done.
        depends_on: names of the steps beside it that must be closed first, as the mode says.
        guard: the step is skipped unless this holds; None for always.
        for_each: once per item; None for once. Only for a `Command` or a `Run`.
        timeout: of one attempt, answer included; None for no limit.
        retry: None for one attempt.
        compensation: None for nothing to undo.
        on_failure: what its failure means; None for what its group says, or the workflow.
        position: where it stands in the rule file.
        patient: failing for good makes an incident, whatever `on_failure` says: the commits of a
            transaction.
    """

    name: str
    work: Work
    position: Position
    depends_on: tuple[str, ...] = ()
    guard: Expression | None = None
    for_each: ForEach | None = None
    timeout: timedelta | None = None
    retry: Retry | None = None
    compensation: Compensation | None = None
    on_failure: OnFailure | None = None
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """An event that starts an instance.

    Attributes:
        event_type: its type.
        guard: only events for which this holds; None for all.
        by: the expression of its key; None for its correlation key.
    """

    event_type: str
    guard: Expression | None
    by: Expression | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a workflow says. The machine in this package decides by it.

    Attributes:
        name: unique among rules and workflows.
        revision: hash of the normalised definition, 12 hexadecimal digits.
        description: for people.
        starts: what starts an instance; empty where it is only run by others or over HTTP.
        steps: in the order written.
        on_failure: what the failure of a step means unless the step says it.
        on_duplicate: what a start event means while its instance is open.
        timeout: of the whole instance; None for no limit.
        variables: name -> template of its value, evaluated at the start, in order.
        then: sent when all steps are closed.
        otherwise: sent when it ends any other way.
        announce: which lifecycle events are sent.
        contracts: of the built-in messages, by type: the machine sends most of them. And of
            ``CommandFailed``, where the catalog has it.
        accepts: raises ``SchemaViolation`` for input that is not as asked for; None for any.
        position: where it stands in the rule file.
    """

    name: str
    revision: str
    description: str
    starts: tuple[Start, ...]
    steps: tuple[Step, ...]
    position: Position
    on_failure: OnFailure = "compensate"
    on_duplicate: OnDuplicate = "ignore"
    timeout: timedelta | None = None
    variables: Mapping[str, Template] = field(default_factory=dict)
    then: tuple[Action, ...] = ()
    otherwise: tuple[Action, ...] = ()
    announce: Announcements = "instance"
    contracts: Mapping[str, MessageContract] = field(default_factory=dict)
    accepts: Callable[[object], None] | None = None

"""A workflow as something that decides: a signal in, one decision out. Pure and frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from orchestrator.core.decision import Decision, Elapsed, emit, ignore, want
from orchestrator.core.keys import read_key
from orchestrator.core.workflow.addressing import (
    answers_one_of,
    is_for,
    is_from_a_person,
    may_be_for,
)
from orchestrator.core.workflow.advancing import advance
from orchestrator.core.workflow.approval import decide as decide_approval
from orchestrator.core.workflow.children import (
    compensate,
    compensate_ended,
    expect_start,
    forestall,
    give_up_waiting,
    is_run,
    is_run_by_another,
    refuse_start,
)
from orchestrator.core.workflow.definition import Approval
from orchestrator.core.workflow.dispatch import Dispatch
from orchestrator.core.workflow.ids import read_command_id, workflow_digits
from orchestrator.core.workflow.orders import obey
from orchestrator.core.workflow.outline import (
    APPROVAL,
    COMMAND_FAILED,
    COMPENSATE,
    ORDER,
    RUN_REPLIES,
    START,
    Outline,
)
from orchestrator.core.workflow.pieces import PIECE, PiecesWanted, piece_of
from orchestrator.core.workflow.replies import receive
from orchestrator.core.workflow.running import Running, StateTooLarge
from orchestrator.core.workflow.starting import begin, restart, start_for
from orchestrator.core.workflow.state import unpack
from orchestrator.core.workflow.timers import lapse
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from orchestrator.core.decision import Condition, Instance, Signal
    from orchestrator.core.event import Event
    from orchestrator.core.problem import Position
    from orchestrator.core.scope import Scope
    from orchestrator.core.workflow.definition import Plan


@dataclass(frozen=True, slots=True)
class Workflow:
    """A saga: steps that are taken as their plan says, and taken back where one fails.

    A decision reads from top to bottom: what the signal changes (`_take_in`, or `lapse` for a
    time that is over), what opens or is taken back because of that (`advance`), and everything
    that changed as one value (`Running.decision`).

    Attributes:
        plan: what it says.
        outline: the same, indexed.
    """

    plan: Plan
    outline: Outline = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the plan."""
        object.__setattr__(self, "outline", Outline.of(self.plan))

    @property
    def name(self) -> str:
        """Return the plan's."""
        return self.plan.name

    @property
    def revision(self) -> str:
        """Return the plan's."""
        return self.plan.revision

    @property
    def description(self) -> str:
        """Return the plan's."""
        return self.plan.description

    @property
    def position(self) -> Position:
        """Return where it stands."""
        return self.plan.position

    @property
    def triggers(self) -> tuple[str, ...]:
        """Return the types that start it, answer its steps, or order it about."""
        outline = self.outline
        places = outline.places.values()
        approves = any(isinstance(place.step.work, Approval) for place in places)
        hears = outline.sends and COMMAND_FAILED in self.plan.contracts
        return tuple(
            dict.fromkeys(
                [
                    *(start.event_type for start in self.plan.starts),
                    *outline.awaiting,
                    *(START, COMPENSATE, ORDER),
                    *([APPROVAL] if approves else ()),
                    *([COMMAND_FAILED] if hears else ()),
                    *(RUN_REPLIES if outline.runs else ()),
                ]
            )
        )

    @property
    def stateful(self) -> bool:
        """Return True: it decides on how far an instance is."""
        return True

    @property
    def routes(self) -> bool:
        """Tell whether decisions need to know which instances of services live."""
        return self.outline.routes

    def condition(self, event_type: str) -> Condition | None:
        """Return what must hold of an event before anybody looks for an instance of it."""
        if event_type in {START, COMPENSATE, ORDER}:
            return partial(is_for, self.name)
        if event_type == APPROVAL:
            return partial(may_be_for, self.name)
        guards = [each.guard for each in self.plan.starts if each.event_type == event_type]
        if event_type in self.outline.awaiting or None in guards:
            return None
        asked: list[Condition] = [guard.holds for guard in guards if guard is not None]
        if event_type == COMMAND_FAILED or event_type in RUN_REPLIES:
            asked.insert(0, partial(answers_one_of, workflow_digits(self.name)))
        return asked[0] if len(asked) == 1 else lambda scope: any(holds(scope) for holds in asked)

    def key(self, event: Event, scope: Scope) -> str:
        """Return ``by`` of the start that the event fits, else its correlation key.

        Raises:
            ExpressionError: the event has none that can be used.
        """
        if event.type == START:
            return read_key(event.correlation_id, event.type, self.position)
        start = None if self._answers(event) else start_for(self.plan, event, scope)
        if start is None:
            return event.correlation_id
        value = event.correlation_id if start.by is None else start.by(scope)
        return read_key(value, event.type, self.position)

    def pieces(self, event: Event) -> tuple[str, ...]:
        """Return the pieces of the item that an event answers, and of those that follow it."""
        if not self.outline.repeated or event.causation_id is None:
            return ()
        named = read_command_id(event.causation_id)
        if named is None or named[1].index is None:
            return ()
        _, target = named
        index = named[1].index
        return piece_of(target.step, index), piece_of(target.step, index + PIECE)

    def recalls(self, event_type: str) -> bool:
        """Tell whether such an event takes back what an instance did, be it that it has ended."""
        return event_type == COMPENSATE

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Return what follows from an event, or from a time that is over.

        Raises:
            Refused: the event cannot be taken in; the instance stays as it was.
        """
        try:
            return self._fitted(instance, signal)
        except PiecesWanted as wanted:
            # What is loaded is wanted again: it may be as far as it goes only with all of them.
            loaded = instance.parts if instance is not None else {}
            return want(*sorted({*loaded, *wanted.names}))

    def _fitted(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Decide, once more where what a step gave does not fit in: a person must hear of it."""
        try:
            return self._decide(instance, signal)
        except StateTooLarge as overflow:
            if instance is None:
                raise
            return self._decide(instance, signal, overflow)

    def _decide(
        self,
        instance: Instance | None,
        signal: Signal | Elapsed,
        overflow: StateTooLarge | None = None,
    ) -> Decision:
        dispatch = Dispatch.on(self.plan, signal)
        if instance is None:
            return ignore() if isinstance(signal, Elapsed) else self._begin(signal, dispatch)
        run = Running(self.outline, unpack(instance.state), instance.parts, dispatch)
        run.overflow = overflow
        if run.state.is_over:
            return self._recalled(run, signal)
        if run.state.phase == "recalled":
            return self._unbegun(run, signal)
        if isinstance(signal, Elapsed):
            lapse(run, signal)
        elif not self._take_in(run, signal):
            return ignore()
        advance(run)
        return run.decision()

    def _begin(self, signal: Signal, dispatch: Dispatch) -> Decision:
        """Decide on an event while no instance is open: it starts one, or nothing."""
        event = signal.event
        key = self.key(event, signal.scope)
        match event.type:
            case _ if is_from_a_person(event):
                raise Refused(f"workflow {self.name} has no open instance for {key}")
            case _ if event.type == COMPENSATE:
                return expect_start(self.outline, event, key, dispatch).decision()
            case _ if event.type != START and not self._starts(signal):
                return ignore()
        try:
            run = begin(self.outline, event, key, dispatch)
            advance(run)
            return run.decision()
        except Refused as refusal:
            if not is_run(event):
                raise
            unbegun = Dispatch.on(self.plan, signal)
            refuse_start(self.plan, event, refusal, unbegun)
            return emit(tuple(unbegun.outgoing))

    def _recalled(self, run: Running, signal: Signal | Elapsed) -> Decision:
        """Decide about an instance that has ended: it may have to be taken back."""
        if isinstance(signal, Elapsed) or signal.event.type != COMPENSATE:
            return ignore()
        if not compensate_ended(run, signal.event):
            return emit(tuple(run.dispatch.outgoing))
        advance(run)
        return run.decision()

    def _unbegun(self, run: Running, signal: Signal | Elapsed) -> Decision:
        """Decide about an instance that was recalled before it began."""
        if isinstance(signal, Elapsed):
            give_up_waiting(run)
        elif is_from_a_person(signal.event):
            raise Refused(f"workflow {self.name} for {run.state.key} was recalled before it began")
        elif signal.event.type in {START, COMPENSATE} or self._starts(signal):
            forestall(run, signal.event)
        else:
            return ignore()
        return run.decision()

    def _take_in(self, run: Running, signal: Signal) -> bool:
        """Let an event change the instance; tell whether it concerned it."""
        event = signal.event
        match event.type:
            case _ if event.type == ORDER:
                obey(run, event)
            case _ if event.type == APPROVAL:
                return decide_approval(run, event)
            case _ if event.type == COMPENSATE:
                compensate(run, event)
            case _:
                return receive(run, event) or self._start_again(run, signal)
        return True

    def _start_again(self, run: Running, signal: Signal) -> bool:
        """Do what ``on_duplicate`` says about a start event while the instance is open."""
        event = signal.event
        if event.type != START and not self._starts(signal):
            return False
        if is_run(event) and not is_run_by_another(run.state, event):
            return False  # another attempt at the step: what the first one began answers it
        twice = f"workflow {self.name} is open for {run.state.key} already"
        match self.plan.on_duplicate:
            case "restart":
                restart(run, event)
            case _ if is_run(event):
                refuse_start(self.plan, event, Refused(twice), run.dispatch)
            case "ignore":
                return False
            case "reject":
                raise Refused(f"{twice} (`on_duplicate: reject`)")
        return True

    def _starts(self, signal: Signal) -> bool:
        """Tell whether an event is one that the plan starts on, and no answer to a step."""
        if self._answers(signal.event):
            return False
        return start_for(self.plan, signal.event, signal.scope) is not None

    def _answers(self, event: Event) -> bool:
        """Tell whether an event names a command of an instance of this workflow."""
        named = read_command_id(event.causation_id) if event.causation_id else None
        return named is not None and named[0].startswith(workflow_digits(self.name))

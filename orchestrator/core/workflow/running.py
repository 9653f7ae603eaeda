"""An instance while one signal is decided: a working copy, and what it sends. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.core.decision import Decision, finish, remember
from orchestrator.core.expression import ReactionBudget
from orchestrator.core.status import Status
from orchestrator.core.workflow.dispatch import Letter
from orchestrator.core.workflow.outline import ROOT
from orchestrator.core.workflow.pieces import Pieces, first_due
from orchestrator.core.workflow.scope import InstanceScope
from orchestrator.core.workflow.state import moment_of
from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.workflow.dispatch import Dispatch
    from orchestrator.core.workflow.ids import Target
    from orchestrator.core.workflow.outline import Errand, Outline, Place
    from orchestrator.core.workflow.state import State, Task

MAX_STATE_BYTES: Final = 1024 * 1024
"""What is remembered of one instance, without its items: it is read and written whole."""

_ENDED: Final = {
    "completed": Status.COMPLETED,
    "faulted": Status.FAULTED,
    "cancelled": Status.CANCELLED,
}

_SUSPENDED_MS: Final = 60_000
"""How often the timers of items look whether their instance goes on again."""


class StateTooLarge(ExpressionError):
    """What would have to be remembered is too much."""


class Running:
    """An instance while one signal is decided.

    Attributes:
        outline: what the workflow says.
        state: what is remembered; changes as the decision is made.
        pieces: the items of for-each steps.
        dispatch: the occasion, and what is sent.
        changed: whether a step was closed or a phase changed, so that others may open.
        overflow: why outputs cannot be taken in, once that was tried; None as long as it was not.
    """

    def __init__(
        self, outline: Outline, state: State, loaded: Mapping[str, bytes], dispatch: Dispatch
    ) -> None:
        self.outline = outline
        self.state = state
        self.pieces = Pieces(loaded)
        self.dispatch = dispatch
        dispatch.origin = state.start
        self.changed = False
        self.overflow: StateTooLarge | None = None
        self._budget = ReactionBudget()

    @property
    def now(self) -> int:
        """The decision's time in milliseconds since 1970."""
        return self.dispatch.now

    @property
    def clock(self) -> int:
        """The instance's own time, likewise: it stands still while the instance is suspended."""
        suspended = self.state.suspended
        return self.now if suspended is None else suspended

    def place(self, target: Target) -> Place:
        """Return the step a target belongs to, and what surrounds it."""
        return self.outline.places[target.step]

    def task(self, target: Target) -> Task:
        """Return the task of a target that was begun, to be changed."""
        if target.index is None:
            task = self.state.tasks[target.step]
        else:
            task = self.pieces.item(target.step, target.index)
        if not target.undoing:
            return task
        if task.undo is None:
            raise RuntimeError(f"{target} was not begun")
        return task.undo

    def errand(self, target: Target) -> Errand:
        """Return what is sent for a target."""
        place = self.place(target)
        errand = place.undo if target.undoing else place.errand
        if errand is None:
            raise RuntimeError(f"nothing is sent for {target}")
        return errand

    def goes_on(self, container: str) -> bool:
        """Tell whether steps of a group, or of the instance, may still be opened."""
        if self.state.phase != "running":
            return False
        if container == ROOT:
            return True
        tasks = self.state.tasks
        ancestors = self.outline.places[container].ancestors[:-1]
        return all(tasks[name].status == "running" for name in (container, *ancestors))

    def scope(self, reads: frozenset[str], target: Target | None = None) -> InstanceScope:
        """Return what expressions may read now.

        Args:
            reads: the for-each steps whose outputs they need.
            target: whose item they may read too; None for nobody's.
        """
        scope = InstanceScope(self.outline, self.state, self.pieces, self.dispatch.moment)
        scope.reads = reads
        scope.budget = self._budget
        if target is not None and target.index is not None:
            repeated = self.place(target).step.for_each
            item = self.pieces.item(target.step, target.index)
            scope[repeated.name if repeated else "item"] = item.item
        return scope

    def announce(self, event_type: str, **told: object) -> None:
        """Tell the world about the instance, if the workflow wants that."""
        wanted = self.dispatch.plan.announce
        if wanted == "none" or (wanted == "instance" and event_type.startswith("step.")):
            return
        self.tell(event_type, self.state.key, None, told)

    def tell(
        self, event_type: str, key: str, causation_id: str | None, told: Mapping[str, object]
    ) -> None:
        """Send a message of a built-in type about the instance to whoever has `key`.

        Args:
            event_type: its type.
            key: its correlation key.
            causation_id: the id of the command it answers; None for what led to this decision.
            told: what it says besides which instance it is about.
        """
        plan, state = self.dispatch.plan, self.state
        data = {"workflow": plan.name, "key": state.key, "id": state.id, **told}
        channel = plan.contracts[event_type].channel
        self.dispatch.send(Letter(event_type, channel, data, key, causation_id=causation_id))

    def decision(self) -> Decision:
        """Return everything that changed, as one value."""
        state, dispatch = self.state, self.dispatch
        outgoing, later = tuple(dispatch.outgoing), tuple(dispatch.later)
        packed = state.pack()
        if len(packed) > MAX_STATE_BYTES:
            raise StateTooLarge(
                f"an instance of workflow {dispatch.plan.name} would remember {len(packed):,}"
                f" bytes, over the limit of {MAX_STATE_BYTES:,}: send references instead of"
                " documents (claim check)",
                dispatch.plan.position,
            )
        if state.is_over:
            parts = self.pieces.written(None)
            return finish(packed, _ENDED[state.phase], outgoing, later, parts)
        parts = self.pieces.written(
            self.now + _SUSPENDED_MS if state.suspended is not None else None
        )
        return remember(packed, moment_of(self._due()), outgoing, later, self._status(), parts)

    def _due(self) -> int | None:
        """Return when the first of its times is over; a suspended instance has none."""
        if self.state.suspended is not None:
            return None
        due = first_due(self.state.tasks.values())
        deadline = self.state.deadline
        if deadline is None:
            return due
        return deadline if due is None else min(due, deadline)

    def _status(self) -> Status:
        state = self.state
        if state.suspended is not None:
            return Status.SUSPENDED
        if state.incidents:
            return Status.INCIDENT
        if state.phase in {"compensating", "stopping", "recalled"}:
            return Status.COMPENSATING
        places = self.outline.places
        busy = any(
            task.status == "running" and places[name].errand is not None
            for name, task in state.tasks.items()
        )
        return Status.RUNNING if busy else Status.WAITING

"""What a workflow's expressions may read: input, steps, instance, variables and now. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.scope import Scope
from orchestrator.core.workflow.state import moment_of

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.core.event import Event
    from orchestrator.core.expression import Budget
    from orchestrator.core.workflow.outline import Outline
    from orchestrator.core.workflow.pieces import Pieces
    from orchestrator.core.workflow.state import State, Task


class InstanceScope(Scope):
    """``input``, ``variables``, ``now``, and ``steps`` and ``instance`` if somebody reads them.

    ``data`` is the input, for actions that pass it on.

    Attributes:
        reads: the for-each steps whose outputs are needed; the others' are null.
    """

    __slots__ = ("_outline", "_pieces", "_state", "reads")

    def __init__(self, outline: Outline, state: State, pieces: Pieces, now: datetime) -> None:
        dict.__init__(self, input=state.input, data=state.input, variables=state.variables, now=now)
        self.budget: Budget | None = None
        self.reads: frozenset[str] = frozenset()
        self._outline = outline
        self._state = state
        self._pieces = pieces

    def __missing__(self, name: str) -> object:
        match name:
            case "steps":
                value = self._steps()
            case "instance":
                value = self._instance()
            case _:
                raise KeyError(name)
        self[name] = value
        return value

    def with_item(self, name: str, item: object) -> InstanceScope:
        """Return a copy that also has `item` under `name`."""
        inner = InstanceScope(self._outline, self._state, self._pieces, self._state_now)
        inner.update(self)
        inner[name] = item
        inner.reads, inner.budget = self.reads, self.budget
        return inner

    def with_event(self, event: Event) -> InstanceScope:
        """Return a copy in which ``data`` and ``event`` are those of an answer."""
        inner = self.with_item("event", event.attributes())
        inner["data"] = event.data
        return inner

    @property
    def _state_now(self) -> datetime:
        return self["now"]  # type: ignore[return-value]  # set at construction

    def _steps(self) -> dict[str, object]:
        """Return ``steps``: of each its output, status and error, opened or not."""
        tasks = self._state.tasks
        return {name: self._step(name, tasks.get(name)) for name in self._outline.places}

    def _step(self, name: str, task: Task | None) -> dict[str, object]:
        if task is None:
            return {"output": None, "status": "pending", "error": None}
        output = task.output
        if task.items is not None and name in self.reads:
            items = self._pieces.items(name, 0, task.items.total)
            output = [item.output for _, item in items]
        return {"output": output, "status": task.status, "error": task.error}

    def _instance(self) -> dict[str, object]:
        state = self._state
        return {
            "key": state.key,
            "id": state.id,
            "workflow": self._outline.plan.name,
            "started_at": moment_of(state.started),
            "status": state.phase,
            "error": state.error,
        }

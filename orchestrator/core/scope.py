"""The names expressions may read while an event is decided, and the work they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.core.event import Event
    from orchestrator.core.expression import Budget


class Scope(dict[str, object]):
    """``data``, ``now`` and ``event``; the last is built only if somebody reads it.

    Attributes:
        budget: the steps that all evaluations share; None gives each its own.
    """

    __slots__ = ("_event", "budget")

    def __init__(self, event: Event, now: datetime) -> None:
        super().__init__(data=event.data, now=now)
        self._event = event
        self.budget: Budget | None = None

    def __missing__(self, name: str) -> object:
        if name != "event":
            raise KeyError(name)
        attributes = self["event"] = self._event.attributes()
        return attributes

    def with_item(self, name: str, item: object) -> Scope:
        """Return a copy that also has `item` under `name`."""
        inner = Scope.__new__(Scope)
        inner.update(self)
        inner[name] = item
        inner._event = self._event  # noqa: SLF001 - its own class
        inner.budget = self.budget
        return inner

"""Which deliveries may be acknowledged when they finish out of order. Knows no broker."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.core.event import Delivery


class Window:
    """The deliveries of one subscription that are not acknowledged yet, in the order they came.

    Acknowledging a delivery settles everything received before it, so only the end of the longest
    finished beginning may be acknowledged. One that takes long holds back those behind it; they
    are remembered in the inbox, so redelivering them repeats no effect.
    """

    def __init__(self) -> None:
        self._open: deque[Delivery] = deque()
        self._finished: set[int] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, delivery: Delivery) -> None:
        """Note that `delivery` was received, after all others so far."""
        self._open.append(delivery)

    def finish(self, delivery: Delivery) -> None:
        """Note that everything `delivery` led to is durable."""
        self._finished.add(delivery.token)

    def advance(self) -> Delivery | None:
        """Drop the longest finished beginning and return its end; None if the first is open."""
        last = None
        while self._open and self._open[0].token in self._finished:
            last = self._open.popleft()
            self._finished.remove(last.token)
        return last

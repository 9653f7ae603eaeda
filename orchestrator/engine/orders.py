"""What an operator may do to what is remembered, each as a commit. Knows no rule."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from orchestrator.core.ids import order_id
from orchestrator.core.scheduled import pending
from orchestrator.core.status import Status
from orchestrator.ports import Commit, Conflict, InstanceKey, InstanceWrite, Reaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from orchestrator.core.decision import Instance
    from orchestrator.ports import Store

    Order = Callable[[InstanceKey, Instance], Commit]

NO_REVISIONS: Final[Mapping[InstanceKey, str]] = MappingProxyType({})


def cancel(at: InstanceKey, instance: Instance) -> Commit:
    """Return what ends an instance, or a message kept for later, and its timer. Sends nothing."""
    return _order("cancel", at, instance, Status.CANCELLED)


def cancel_timer(at: InstanceKey, instance: Instance) -> Commit:
    """Return what ends the timer only: what is remembered goes on, for as long as it takes.

    A message kept for later is nothing without its timer, so it ends with it; and so does a
    schedule, or nobody would notice that it does not tick any more.
    """
    ends = bool(at.message) or pending(instance.state) is not None
    return _order("cancel-timer", at, instance, Status.CANCELLED if ends else instance.status)


def retry_timer(now: datetime, revisions: Mapping[InstanceKey, str] = NO_REVISIONS) -> Order:
    """Return the order to ask an instance, or a kept message, again at once: as of `now`.

    Args:
        now: when it is due.
        revisions: by which wordings instances go from then on; where none is named, as they began.
    """

    def order(at: InstanceKey, instance: Instance) -> Commit:
        revision = revisions.get(at, instance.revision)
        return _order("retry-timer", at, instance, Status.WAITING, now, revision)

    return order


def _order(  # noqa: PLR0913, PLR0917 - what is written
    name: str,
    at: InstanceKey,
    instance: Instance,
    status: Status,
    due: datetime | None = None,
    revision: str | None = None,
) -> Commit:
    state = None if status.final else instance.state
    goes_by = instance.revision if revision is None else revision
    write = InstanceWrite(at, instance, status, state, due, goes_by)
    reaction = order_id(instance.version, name, f"{at.definition}/{at.key}/{at.part}")
    return Commit(at.key, (Reaction(reaction, ()),), (write,))


async def carry_out(
    store: Store, order: Order, instances: Sequence[InstanceKey], now: datetime
) -> list[InstanceKey]:
    """Carry out an order on each instance as it is now; one that has ended needs none.

    Returns:
        Those that changed in between, and stay as they are.

    Raises:
        Unavailable: it may be done in part; repeating it is harmless.
    """
    found = zip(instances, await store.load(instances), strict=True)
    orders = [(at, order(at, instance)) for at, instance in found if instance is not None]
    results = await store.commit([commit for _, commit in orders], now)
    return [
        at for (at, _), result in zip(orders, results, strict=True) if isinstance(result, Conflict)
    ]

"""How commands reach what is remembered, and change it. Prints only what was done."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from orchestrator.adapters.redis import RedisStore
from orchestrator.cli import output
from orchestrator.cli.commands import wants_json
from orchestrator.cli.output import text
from orchestrator.cli.remembered import name
from orchestrator.clock import SystemClock
from orchestrator.engine.orders import carry_out
from orchestrator.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from orchestrator.engine.orders import Order
    from orchestrator.ports import InstanceKey
    from orchestrator.settings import Settings

_AT_ONCE = 500


@asynccontextmanager
async def memory(settings: Settings) -> AsyncIterator[RedisStore]:
    """Connect to the store that the settings name.

    Raises:
        Unavailable: it cannot be reached.
        Misconfigured: it refuses us, or lies in another number of shards: most of it would seem
            not to be there.
    """
    store = RedisStore(
        settings.redis_url.get_secret_value(),
        namespace=settings.namespace,
        shards=settings.shards,
        dedupe=timedelta(hours=settings.dedupe_hours),
        retention=timedelta(hours=settings.retention_hours),
        retained=settings.retained,
        allow_weak=settings.redis_allow_weak,
    )
    try:
        await store.agree()
        yield store
    finally:
        await store.close()


async def give(
    store: RedisStore, order: Order, instances: Sequence[InstanceKey]
) -> list[InstanceKey]:
    """Carry out an order and return the instances that changed meanwhile and stay."""
    now = SystemClock().now()
    changed: list[InstanceKey] = []
    for start in range(0, len(instances), _AT_ONCE):
        changed += await carry_out(store, order, instances[start : start + _AT_ONCE], now)
    return changed


def tell(
    instances: Sequence[InstanceKey],
    changed: Sequence[InstanceKey],
    *,
    dry_run: bool,
    done: str = "cancelled",
    is_all: bool = True,
) -> list[dict[str, object]]:
    """Say what was done, and what was not.

    Args:
        instances: what was meant.
        changed: what of it changed meanwhile.
        dry_run: whether nothing was done at all.
        done: the deed, as a participle.
        is_all: whether the command has no more to say; if not, its one document is left to whoever
            says the rest.

    Returns:
        What stands in the document.

    Raises:
        Unavailable: some changed meanwhile, and nothing was done to these.
    """
    reached = [at for at in instances if at not in changed]
    verb = f"would be {done}" if dry_run else done
    rows = [
        {**name(at), "message": at.message or None, done.replace(" ", "_"): not dry_run}
        for at in reached
    ]
    if not wants_json():
        for at in reached:
            click.echo(f"{_called(at)} {verb}")
    elif is_all or changed:
        output.document(rows)
    if changed:
        names = ", ".join(_called(at) for at in changed)
        raise Unavailable(f"not {done}, because it changed at that moment: {names}; try again")
    return rows


def _called(at: InstanceKey) -> str:
    message = f" message {at.message}" if at.message else ""
    return text(f"{at.definition} {at.key}{message}")

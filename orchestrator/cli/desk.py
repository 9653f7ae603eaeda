"""How commands reach workflows: the desk that the daemon's HTTP port has, too. Prints nothing."""

from __future__ import annotations

from contextlib import asynccontextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING

from orchestrator.catalog import built_in_types
from orchestrator.cli.connection import broker
from orchestrator.cli.context import load_rulebook
from orchestrator.cli.memory import memory
from orchestrator.cli.publish import SOURCE
from orchestrator.clock import SystemClock
from orchestrator.errors import Misconfigured
from orchestrator.operation.desk import Desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.core.workflow.machine import Workflow
    from orchestrator.settings import Settings


@asynccontextmanager
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    """Connect to broker and store; workflows are those of the rules folder.

    Raises:
        Misconfigured: the folder cannot be read.
        InvalidDefinitions: what is in it has errors.
    """
    rulebook = load_rulebook(settings)
    async with memory(settings) as store, broker(settings) as connected:
        yield Desk(
            connected,
            store,
            store.inspection,
            SystemClock(),
            source=SOURCE,
            messages=built_in_types(),
            rulebook=lambda: rulebook,
        )


def find_workflow(workflows: dict[str, Workflow], name: str) -> Workflow:
    """Return the workflow called `name`.

    Raises:
        Misconfigured: there is none; the text names the nearest that is there.
    """
    if name not in workflows:
        near = get_close_matches(name, workflows, n=1)
        hint = f"did you mean {near[0]}?" if near else "`orchestrator workflows list` lists them"
        raise Misconfigured(f"there is no workflow {name}: {hint}")
    return workflows[name]

"""A defect of ours that new files bring to light, while everything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.engine.archive import Archive
from orchestrator.engine.arming import Arming
from orchestrator.engine.patience import Patience
from orchestrator.engine.reload import Reloader
from tests.engine.definitions import rule
from tests.engine.messages import QUEUE
from tests.engine.world import World

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook


def build() -> Rulebook:
    """Fail as no reader should."""
    raise KeyError("secret text of a file")


async def test_what_runs_keeps_running() -> None:
    """Nobody has to undo an edit before the daemon can go on; the traceback is in the log."""
    this = World(MemoryStore(), rule("intake", "Filed", "Send"))
    engine, ledger = this.engine()
    patience = Patience(ledger)
    reloader = Reloader(
        engine,
        this.broker,
        patience,
        ledger,
        arming=Arming(this.store, this.clock, patience),
        archive=Archive(this.store, this.clock, patience),
        queue=QUEUE,
        build=build,
    )

    assert await reloader.reload() is False

    assert engine.rulebook is this.rulebook
    assert [type(error) for error in ledger.defects] == [KeyError]
    ((problem,),) = ledger.refused
    assert problem.startswith("a defect of the orchestrator (KeyError)")
    assert "secret" not in problem

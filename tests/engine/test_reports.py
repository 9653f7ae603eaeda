"""What the engine says it did, which is what metrics and logs are made of."""

from __future__ import annotations

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.expression import compile_expression
from tests.engine.definitions import Pairs, rule
from tests.engine.interference import Gate
from tests.engine.messages import filed, raw
from tests.engine.world import World


async def test_a_report_counts_everything_once() -> None:
    """Numbers that do not add up are the first thing an operator loses trust in."""
    world = World(
        MemoryStore(),
        rule("intake", "Filed", "Acknowledge", "Assign"),
        rule("large", "Filed", "Alert", guard=compile_expression("data.amount > 5")),
        rule("silent", "Filed"),
        Pairs(),
    )
    await world.publish(
        filed("e1", "C-1", amount=10),
        filed("e2", "C-1", amount=1),
        filed("e2", "C-1", amount=1),
        filed("e3", "C-2"),
        filed("e4", "C-3", "Unheard"),
        raw(b"{"),
    )

    (report,) = (await world.run(batch_size=10)).reports

    assert report.size == 6
    assert report.events == {
        ("Filed", "reacted"): 2,
        ("Filed", "duplicate"): 1,
        ("Filed", "failed"): 1,
        ("Unheard", "ignored"): 1,
        ("unreadable", "refused"): 1,
    }
    assert report.reactions == {"intake": 3, "large": 1, "silent": 3, "pairs": 3}
    assert report.sent == {"Acknowledge": 3, "Assign": 3, "Alert": 1, "Paired": 1}
    assert [(d.event_type, d.correlation_id, d.rule) for d in report.dead_letters] == [
        ("unreadable", "", None),
        ("Filed", "C-2", "large"),
    ]
    assert report.conflicts == 0


async def test_a_report_says_where_the_time_went() -> None:
    """Each stage that took place, and no other."""
    world = World(MemoryStore(), rule("intake", "Filed", "Send"), Pairs())
    await world.publish(filed("e1", "C-1"))
    await world.publish(filed("e2", "C-1", "Unheard"))

    busy, idle = (await world.run(batch_size=1)).reports

    assert set(busy.seconds) == {"decode", "load", "decide", "commit", "publish", "settle"}
    assert all(seconds >= 0 for seconds in busy.seconds.values())
    assert not {"load", "decide", "commit"} & set(idle.seconds)


async def test_a_report_comes_after_everything_is_durable() -> None:
    """Who counts first and writes then counts what was never done."""
    world, gate = World(MemoryStore(), rule("intake", "Filed", "Send")), Gate("acknowledge")
    await world.publish(filed("e1", "C-1"))
    async with world.running(between=gate) as (_, ledger):
        await gate.reached_by(1)
        assert (len(world.sent), await world.store.outbox_size()) == (1, 0)
        assert ledger.reports == []
        gate.open()
        await ledger.until(lambda: bool(ledger.reports))

import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orchestrator.adapters.rabbit.deadletters import DeadLetters, Selection
from orchestrator.core.deadletter import DeadLetter, dead_letter
from orchestrator.core.event import Delivery
from orchestrator.errors import Unavailable
from tests.integration.rabbit.site import Site, message

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
async def letters(site: Site) -> AsyncIterator[DeadLetters]:
    """The dead letters of the site."""
    async with DeadLetters.connect(site.url, site.names) as found:
        yield found


async def give_up(site: Site, *names: str, reason: str = "rejected") -> None:
    """Put dead letters into the service's queue."""
    for name in names:
        delivery = Delivery(name.encode(), site.names.exchange, "notify.v1")
        await site.publish(dead_letter(delivery, site.service, reason, f"no {name}", NOW))


async def test_looking_takes_nothing_away(site: Site, letters: DeadLetters) -> None:
    """More looks than the broker's default delivery limit: the letter must still be there."""
    await give_up(site, "a")

    for _ in range(25):
        (found,) = await letters.look(site.dlq)

    assert (found.reason, found.error, found.attempts) == ("rejected", "no a", 1)
    assert (found.exchange, found.routing_key, found.at) == (site.names.exchange, "notify.v1", NOW)


async def test_a_dead_letter_goes_to_no_further_queue(site: Site, letters: DeadLetters) -> None:
    """RabbitMQ would send it on to what the header names: here to where it is refused again."""
    delivery = Delivery(b"a", site.names.exchange, "notify.v1", headers={"CC": [site.service]})
    await site.publish(dead_letter(delivery, site.service, "cc-bcc-header", "no", NOW))

    assert len(await letters.look(site.dlq)) == 1
    assert await site.depth(site.service) == 0


async def test_reason_and_limit_select(site: Site, letters: DeadLetters) -> None:
    """One kind of failure is mended at a time."""
    await give_up(site, "a", "b", "c")
    await give_up(site, "x", reason="not-json")

    assert [each.error for each in await letters.look(site.dlq, Selection("not-json"))] == ["no x"]
    assert [each.error for each in await letters.look(site.dlq, Selection(limit=2))] == [
        "no a",
        "no b",
    ]


async def test_what_is_not_meant_is_not_kept(
    site: Site, letters: DeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks about one case must not need the memory for all that ever failed."""
    monkeypatch.setattr("orchestrator.adapters.rabbit.deadletters._BATCH", 2)
    await give_up(site, *"abcdef")
    kept: list[int] = []

    def is_last(letter: DeadLetter) -> bool:
        kept.append(sum(isinstance(each, DeadLetter) for each in gc.get_objects()))
        return letter.error == "no f"

    (found,) = await letters.look(site.dlq, Selection(where=is_last))

    assert found.error == "no f"
    assert (len(kept), max(kept)) == (6, 2)


async def test_a_redrive_sends_what_was_sent_to_where_it_failed(
    site: Site, letters: DeadLetters
) -> None:
    """Its receiver must not see a difference, not even an id that was never there."""
    original = message(
        "command", headers={"x-rule": "intake", "n": 0.1}, other={"priority": 3}, type="Send"
    )
    await site.publish(original)
    (failed,) = await site.take(site.service, 1)
    await site.publish(dead_letter(failed, site.service, "exhausted", "no", NOW, attempts=6))

    await letters.redrive(site.dlq)

    (again,) = await site.take(site.service, 1)
    assert replace(again, exchange=failed.exchange, routing_key=failed.routing_key) == failed
    assert await site.depth(site.dlq) == 0


async def test_a_selective_redrive_leaves_the_rest(site: Site, letters: DeadLetters) -> None:
    """What is not mended yet would only fail again."""
    seen: list[tuple[int, int]] = []
    await give_up(site, "a")
    await give_up(site, "x", reason="not-json")
    await give_up(site, "b")

    selected = Selection("rejected")
    redriven = await letters.redrive(site.dlq, selected, lambda *step: seen.append(step))

    assert [each.error for each in redriven] == ["no a", "no b"]
    assert [each.body for each in await site.take(site.service, 2)] == [b"a", b"b"]
    assert [each.error for each in await letters.look(site.dlq)] == ["no x"]
    assert seen[-1] == (3, 3)


async def test_more_than_a_thousand_are_looked_through(site: Site, letters: DeadLetters) -> None:
    """The one that is looked for may be the last."""
    many = Delivery(b"many", site.names.exchange, "notify.v1")
    await site.publish(*[dead_letter(many, site.service, "rejected", "no", NOW)] * 3000)
    await give_up(site, "last", reason="not-json")

    assert len(await letters.look(site.dlq, Selection("not-json"))) == 1


async def test_an_unrouted_message_is_published_anew(site: Site, letters: DeadLetters) -> None:
    """By now somebody listens."""
    await site.publish(message("early", routing_key="new.v1"))
    await site.broker.bind(site.service, ["new.v1"])

    (found,) = await letters.redrive(site.names.unrouted)

    assert found.reason == "unrouted"
    (again,) = await site.take(site.service, 1)
    assert (again.body, again.exchange, again.routing_key) == (
        b"early",
        site.names.exchange,
        "new.v1",
    )


async def test_a_purge_removes_for_good(site: Site, letters: DeadLetters) -> None:
    """All of one kind, or all."""
    await give_up(site, "a", "b")
    await give_up(site, "x", reason="not-json")

    assert await letters.purge(site.dlq, Selection("rejected")) == 2
    assert [each.error for each in await letters.look(site.dlq)] == ["no x"]
    assert await letters.purge(site.dlq) == 1


async def test_a_full_queue_refuses_and_keeps_what_it_has(site: Site, letters: DeadLetters) -> None:
    """Dropping the oldest dead letter would lose it; the publisher must wait instead."""
    full = replace(site, settings=site.settings.model_copy(update={"dlq_max_length": 1}))
    full.service = f"{site.service}.full"
    await site.admin.apply(full.parts[1])
    delivery = Delivery(b"x")
    copy = dead_letter(delivery, full.service, "rejected", "no", NOW)
    for _ in range(2):  # a quorum queue notices a little late that it is full
        await site.publish(copy)

    with pytest.raises(Unavailable, match=r"is full.*ORCHESTRATOR_DLQ_MAX_LENGTH"):
        await site.publish(*[copy] * 100)

    assert len(await letters.look(full.dlq)) >= 1
    await site.admin.delete(full.parts[1])

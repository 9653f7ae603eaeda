"""Large messages are handed over a few at a time, or heartbeats would wait for all of them."""

import pytest

from tests.integration.rabbit.site import Site, message, names


async def test_what_is_large_comes_a_few_at_a_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it, in order, and what is larger than that alone comes alone."""
    monkeypatch.setattr("orchestrator.adapters.rabbit.subscription.MOST_BYTES", 5)
    sent = ["ab", "cd", "ef", "much-too-large", "gh", "i", "j", "k", "l"]
    await site.publish(*map(message, sent))

    async with site.broker.subscribe(site.service, 100) as subscription:
        while subscription.waiting() < len(sent):
            await subscription.catch_up()
        batches = [names(list(await subscription.receive(4))) for _ in range(5)]
        assert subscription.waiting() == 0

    assert batches == [["ab", "cd"], ["ef"], ["much-too-large"], ["gh", "i", "j", "k"], ["l"]]

import asyncio

import pytest

from orchestrator.core.deadletter import retry
from orchestrator.topology import service_topology
from tests.integration.rabbit.site import CHANNEL, Site, message, names


async def test_a_retried_copy_returns_only_to_the_queue_that_failed(site: Site) -> None:
    """The others have done their part; for them it would be a duplicate."""
    other = service_topology(site.settings, f"{site.service}.other", [CHANNEL])
    await site.admin.apply(other)
    await site.publish(message("command", id="m-1"))
    (failed,) = await site.take(site.service, 1)

    await site.publish(retry(failed, site.service, site.names.retry("1s"), 2, "no answer"))

    (again,) = await site.take(site.service, 1)
    assert (again.message_id, again.headers["x-attempt"]) == ("m-1", 2)
    assert names(await site.take(f"{site.service}.other", 1)) == ["command"]
    assert await site.depth(f"{site.service}.other") == 0
    await site.admin.delete(other)


@pytest.mark.parametrize("reason", ["expired", "maxlen"])
async def test_a_message_that_says_it_died_here_comes_back_too(site: Site, reason: str) -> None:
    """The broker drops what it takes for a circle: a stranger's note must not look like its own."""
    died = {"queue": site.service, "reason": reason, "exchange": "", "count": 1}
    died |= {"routing-keys": [site.service]}
    await site.publish(message("a", headers={"x-death": [died], "tenant": 7}))
    (failed,) = await site.take(site.service, 1)

    await site.publish(retry(failed, site.service, site.names.retry("1s"), 2, "no answer"))
    async with asyncio.timeout(10):
        (again,) = await site.take(site.service, 1)

    assert (again.body, again.headers["tenant"], again.headers["x-attempt"]) == (b"a", 7, 2)

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.adapters.rabbit.log import LogReader, Start
from orchestrator.errors import Misconfigured
from tests.integration.rabbit.site import Site, message


async def read(site: Site, start: Start = "first") -> list[str]:
    reader = LogReader(site.url, site.names.log)
    return [entry.delivery.body.decode() async for entry in reader.read(start)]


async def test_an_empty_log_ends_at_once(site: Site) -> None:
    """A trace on a new installation says that there is nothing, and ends."""
    assert await read(site) == []


async def test_the_log_holds_every_message_and_reading_ends(site: Site) -> None:
    """Routed or not, in order; a command that reads it must come to its end by itself."""
    expected = [str(number) for number in range(1500)]
    await site.publish(*(message(name, routing_key=f"k.{name}") for name in expected))

    assert await read(site) == expected


async def test_reading_begins_where_it_is_told(site: Site) -> None:
    """A time finds the chunk it lies in, an offset the message."""
    await site.publish(*(message(str(number)) for number in range(10)))

    assert await read(site, 7) == ["7", "8", "9"]
    assert await read(site, 10) == []
    assert await read(site, "next") == []
    hour = timedelta(hours=1)
    assert len(await read(site, datetime.now(UTC) - hour)) == 10


async def test_without_a_log_one_is_told_so(site: Site) -> None:
    """It can be switched off."""
    with pytest.raises(Misconfigured, match="no queue 'nowhere'"):
        async for _ in LogReader(site.url, "nowhere").read("first"):
            pass

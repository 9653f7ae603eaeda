import asyncio
from urllib.parse import urlsplit

import pytest

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.errors import Misconfigured, OrchestratorError, Unavailable
from orchestrator.local.ports import free_ports
from orchestrator.topology import Names
from tests.integration.rabbit.site import Site, message


def changed(url: str, **parts: str) -> str:
    """Return `url` with another user, password, port or virtual host."""
    old = urlsplit(url)
    user = parts.get("user", old.username)
    password = parts.get("password", old.password)
    port = parts.get("port", old.port)
    return f"amqp://{user}:{password}@{old.hostname}:{port}{parts.get('path', old.path)}"


async def failure(url: str) -> OrchestratorError:
    """Return what publishing to `url` fails with."""
    async with RabbitBroker(url, Names()) as broker:
        with pytest.raises(OrchestratorError) as raised:
            await broker.publish([message("x")])
    return raised.value


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"password": "s3cret"}, ("guest@127.0.0.1", "ACCESS_REFUSED", "ORCHESTRATOR_AMQP_URL")),
        ({"path": "/nowhere"}, ("vhost nowhere not found", "rabbitmqctl add_vhost")),
    ],
)
async def test_a_refusal_says_what_to_do(
    amqp_url: str, parts: dict[str, str], words: tuple[str, ...]
) -> None:
    """Only a person can mend it, and no text may hold the password."""
    error = await failure(changed(amqp_url, **parts))

    assert isinstance(error, Misconfigured)
    assert [word for word in words if word not in str(error)] == []
    assert "s3cret" not in str(error)
    assert "\n" not in str(error)


async def test_nobody_there_is_waited_for(amqp_url: str) -> None:
    """The broker may be starting."""
    (port,) = free_ports(None)

    error = await failure(changed(amqp_url, port=str(port)))

    assert isinstance(error, Unavailable)
    assert f"127.0.0.1:{port}" in str(error)


async def test_something_else_there_is_a_wrong_url() -> None:
    """Ports are easily mixed up, and what answers may be a web server."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(f"amqp://guest:guest@127.0.0.1:{port}/")

    assert isinstance(error, Misconfigured)
    assert "what answers is not RabbitMQ" in str(error)


async def test_a_missing_exchange_is_named(site: Site) -> None:
    """A publish to it closes the channel; the next one gets another."""
    async with RabbitBroker(site.url, Names(exchange="nowhere")) as broker:
        with pytest.raises(Misconfigured, match=r"no exchange 'nowhere'.*`orchestrator apply`"):
            await broker.publish([message("x")])
        await broker.publish([message("x", exchange="", routing_key=site.service)])

    assert await site.depth(site.service) == 1


async def test_a_queue_deleted_while_consumed_ends_the_subscription(site: Site) -> None:
    """The engine subscribes again, and is then told that it is missing."""
    async with site.broker.subscribe(site.service, 10) as subscription:
        await site.admin.delete(site.parts[1])

        with pytest.raises(Unavailable, match="the queue was deleted"):
            await subscription.receive(1)


async def test_a_dead_connection_is_replaced(site: Site) -> None:
    """A lost connection fails what is in flight, and nothing after it."""
    await site.publish(message("before"))
    link = await site.broker._publishing.link()  # noqa: SLF001 - to cut it
    link.abort()

    with pytest.raises(Unavailable):
        await site.publish(message("during"))
    await site.publish(message("after"))

    assert await site.depth(site.service) == 2


async def test_an_administrator_is_refused_too(amqp_url: str) -> None:
    """`apply` and `doctor` use another way in."""
    with pytest.raises(Misconfigured, match="refuses the user or the password"):
        async with Administration.connect(changed(amqp_url, password="wrong")):  # noqa: S106
            pass

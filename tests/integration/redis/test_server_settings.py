"""What a Redis must be like, and what we say when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from orchestrator.adapters.redis import RedisStore
from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.local.ports import free_ports
from orchestrator.ports import Committed, Duplicate
from tests.integration.redis.commits import NOW, commit

if TYPE_CHECKING:
    from orchestrator.local.services import Server
    from tests.integration.redis.conftest import OpenStore


def place(server: Server, user: str = "") -> str:
    """Return host and port, and with a `user` the URL to log in with."""
    address = urlsplit(server.url).netloc
    return f"redis://{user}@{address}/0" if user else address


async def test_a_redis_that_keeps_what_it_confirms_has_no_weakness(open_store: OpenStore) -> None:
    """The control: the tests below change one setting each."""
    assert await open_store().verify() == []


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("appendonly no", "yes"),
        ("appendfsync everysec", "always"),
        ("maxmemory-policy allkeys-lru", "noeviction"),
    ],
)
async def test_a_redis_that_may_forget_is_refused(
    open_store: OpenStore, admin: Any, server: Server, setting: str, wanted: str
) -> None:
    """Its commits would be no promise. The text names the setting, the value and the way out."""
    name, value = setting.split()
    await admin.config_set(name, value)
    with pytest.raises(Misconfigured) as refusal:
        await open_store().verify()
    assert str(refusal.value) == (
        f"Redis at {place(server)} can lose what it confirmed: {name} is {value}, must be {wanted}."
        " Set these in redis.conf or by CONFIG SET, or accept the loss with"
        " ORCHESTRATOR_REDIS_ALLOW_WEAK=1"
    )


async def test_every_weakness_is_named_at_once(open_store: OpenStore, admin: Any) -> None:
    """An operator must not find them out one restart after the other."""
    await admin.config_set("appendonly", "no")
    await admin.config_set("appendfsync", "no")
    with pytest.raises(Misconfigured, match=r"appendonly is no.*; appendfsync is no"):
        await open_store().verify()


async def test_a_weak_redis_that_is_accepted_is_spoken_of(
    open_store: OpenStore, admin: Any, server: Server
) -> None:
    """Whoever accepts the loss is reminded of it in every health answer."""
    await admin.config_set("appendfsync", "everysec")
    store = open_store(allow_weak=True)
    assert await store.verify() == [
        f"Redis at {place(server)} can lose commits: appendfsync is everysec, must be always"
    ]
    assert await store.commit([commit("a")], NOW) == [Committed()]


async def test_a_refused_redis_gets_no_commit(open_store: OpenStore, admin: Any) -> None:
    """Waiting for a person to mend it must not end in just going on at the second try."""
    await admin.config_set("appendonly", "no")
    store = open_store()
    for _ in range(2):
        with pytest.raises(Misconfigured, match="can lose what it confirmed"):
            await store.commit([commit("a")], NOW)
    await admin.config_set("appendonly", "yes")
    assert await store.commit([commit("a")], NOW) == [Committed()]


async def test_settings_that_cannot_be_read_are_a_weakness(
    open_store: OpenStore, admin: Any, server: Server
) -> None:
    """Hosted servers hide CONFIG; nobody knows then whether they keep what they confirm."""
    await admin.execute_command("ACL SETUSER hosted on >secret ~* &* +@all -config")
    with pytest.raises(Misconfigured, match=r"its settings cannot be read \(.*config.*\)"):
        await open_store(place(server, "hosted:secret")).verify()


async def test_a_user_with_too_few_permissions_is_told_which(
    open_store: OpenStore, admin: Any, server: Server
) -> None:
    """A locked-down account is set up by somebody who needs to know what to grant."""
    await admin.execute_command("ACL SETUSER reader on >secret ~* &* +@all -@scripting")
    with pytest.raises(Misconfigured, match="grant it @read @write @scripting"):
        await open_store(place(server, "reader:secret")).commit([commit("a")], NOW)


@pytest.mark.parametrize("command", ["hset", "sadd", "expire"])
async def test_a_commit_refused_half_way_is_not_taken_for_done(
    open_store: OpenStore, admin: Any, server: Server, command: str
) -> None:
    """Redis undoes nothing: a marker without its outbox entry would lose what was to be sent."""
    await admin.execute_command(f"ACL SETUSER few on >secret ~* &* +@all -{command}")
    store = open_store(place(server, "few:secret"))
    with pytest.raises(Misconfigured):
        await store.commit([commit("a")], NOW)

    await admin.execute_command(f"ACL SETUSER few +{command}")
    (result,) = await store.commit([commit("a")], NOW)

    assert await store.outbox_size() == 1
    (reaction,) = commit("a").reactions
    assert result in (Committed(), Duplicate({reaction.id: reaction.messages}))


async def test_a_wrong_password_is_a_persons_to_mend(
    open_store: OpenStore, admin: Any, server: Server
) -> None:
    """Trying it again would lock the account; printing it would leak it."""
    await admin.execute_command("ACL SETUSER nobody on >right ~* +@all")
    with pytest.raises(Misconfigured, match="refuses the user or password") as refusal:
        await open_store(place(server, "nobody:hunter2")).verify()
    assert "ORCHESTRATOR_REDIS_URL" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


async def test_a_redis_that_is_not_there_is_waited_for(open_store: OpenStore) -> None:
    """It may be starting: no error of a client library, and no stop."""
    (port,) = free_ports(None)
    with pytest.raises(Unavailable, match=rf"Redis at 127\.0\.0\.1:{port} cannot be reached"):
        await open_store(f"redis://:hunter2@127.0.0.1:{port}/0").verify()


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://host:port/0"])
def test_what_is_no_redis_url_is_said_so(url: str) -> None:
    """A typo in the environment deserves one line that names the variable."""
    with pytest.raises(Misconfigured, match="ORCHESTRATOR_REDIS_URL is not a Redis URL"):
        RedisStore(url, namespace="any")


@pytest.mark.parametrize(
    "url", ["redis://anna:hunter2/x@host", "redis://:hunter2#x@host", "redis://:hunter2?x@host"]
)
def test_a_password_that_spoils_the_url_is_not_printed(url: str) -> None:
    """What stands where the port should is part of the password."""
    with pytest.raises(Misconfigured, match="%XX") as refusal:
        RedisStore(url, namespace="any")
    assert "hunter2" not in str(refusal.value)


def test_an_option_redis_py_does_not_know_is_said_so() -> None:
    """It would end the process with a traceback at the first command."""
    with pytest.raises(Misconfigured, match="timeout"):
        RedisStore("redis://localhost/?timeout=5", namespace="any")


@pytest.mark.parametrize("options", ["decode_responses=true", "protocol=2", "protocol=3"])
async def test_options_of_the_url_change_no_answer(
    open_store: OpenStore, server: Server, options: str
) -> None:
    """Copied from another program's setting, they must not make bytes into text under us."""
    store = open_store(f"{server.url}?{options}")
    await store.verify()
    await store.commit([commit("a")], NOW)
    (reaction,) = commit("a").reactions
    assert await store.commit([commit("a")], NOW) == [Duplicate({reaction.id: reaction.messages})]


@pytest.mark.parametrize(
    ("begin", "says", "end"),
    [
        ("CONFIG SET maxmemory 1", "refuses writes: raise its maxmemory", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "is a read-only replica just now", "REPLICAOF NO ONE"),
    ],
)
async def test_who_only_looks_finds_a_redis_that_takes_no_writes(
    open_store: OpenStore, admin: Any, begin: str, says: str, end: str
) -> None:
    """`orchestrator doctor` would call it well, while nothing can be committed."""
    store = open_store()
    keys = await admin.dbsize()
    await admin.execute_command(begin)
    try:
        with pytest.raises(Unavailable, match=says):
            await store.inspect()
    finally:
        await admin.execute_command(end)
    assert await store.inspect() == []
    assert await admin.dbsize() == keys


async def test_a_full_redis_is_waited_for(open_store: OpenStore, admin: Any) -> None:
    """Nothing may be half written, and the same commit must go through once there is room."""
    store = open_store()
    await store.commit([commit("before")], NOW)
    await admin.config_set("maxmemory", 1)
    with pytest.raises(Unavailable, match="is out of memory and refuses writes"):
        await store.commit([commit("a"), commit("b")], NOW)
    await admin.config_set("maxmemory", 0)
    assert await store.outbox_size() == 1
    assert await store.commit([commit("a"), commit("b")], NOW) == [Committed()] * 2

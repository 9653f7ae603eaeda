"""What becomes of a message whose handler succeeds, and of one that never gets that far."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import Field

from orchestrator.core import headers
from orchestrator.core.ids import event_identity, message_id, reaction_id
from orchestrator.service import Context  # noqa: TC001 - the runtime reads annotations
from tests.unit.service.workbench import Bake, Baked, Workbench


async def bake(command: Bake, context: Context) -> Baked:
    """Succeed."""
    return Baked(cake=f"{command.cake} for {context.correlation_id}")


async def test_a_returned_model_is_published_in_the_case_of_its_command(bench: Workbench) -> None:
    """Who reads the reply must see which case it belongs to and which command it answers."""
    bench.service.on("Bake")(bake)
    await bench.send(traceparent="00-aa-bb-01")

    await bench.work_off(1)

    (reply,) = bench.published
    assert reply.pop("id") != "m-1"
    assert reply == {
        "specversion": "1.0",
        "source": "bakery",
        "type": "Baked",
        "subject": "S-1",
        "time": "2026-03-01T09:00:00Z",
        "datacontenttype": "application/json",
        "correlationid": "C-1",
        "causationid": "m-1",
        "traceparent": "00-aa-bb-01",
        "data": {"cake": "cake 1 for C-1"},
    }
    assert bench.broker.depth("bakery") == 0


async def test_a_rule_of_the_services_name_sends_under_other_ids(bench: Workbench) -> None:
    """Both may react to one event: one id for a command and a reply would make them one message."""
    bench.service.on("Bake")(bake)
    await bench.send()

    await bench.work_off(1)

    (reply,) = bench.published
    of_the_rule = reaction_id(event_identity("test", "Bake", "m-1"), bench.service.name)
    assert reply["id"] != message_id(of_the_rule, 0)


async def test_fields_are_written_by_the_names_they_are_read_by(bench: Workbench) -> None:
    """A schema may call a field what Python has no name for; the alias says it both ways."""

    class Labelled(Baked):
        """A reply whose fields have other names in the documents."""

        for_: str = Field(alias="for")

    Labelled.__name__ = "Baked"

    async def bake(command: Bake, _context: Context) -> Baked:
        return Labelled.model_validate({"cake": command.cake, "for": "Ada"})

    bench.service.on("Bake")(bake)
    await bench.send()

    await bench.work_off(1)

    (reply,) = bench.published
    assert reply["data"] == {"cake": "cake 1", "for": "Ada"}


async def test_a_reply_keeps_the_count_of_its_command(bench: Workbench) -> None:
    """Only so can rules that feed each other through this service be stopped."""
    bench.service.on("Bake")(bake)
    await bench.send(hops=7, trail="Asked -(ping)-> Bake")

    await bench.work_off(1)

    (reply,) = bench.broker.published
    assert (reply.headers["x-hops"], reply.headers["x-trail"]) == (7, "Asked -(ping)-> Bake")


@pytest.mark.parametrize(
    ("returned", "cakes"),
    [
        (None, []),
        ([], []),
        ([Baked(cake="a"), Baked(cake="b")], ["a", "b"]),
        ((Baked(cake="a"),), ["a"]),
    ],
)
async def test_a_handler_may_return_none_one_or_several(
    bench: Workbench, returned: object, cakes: list[str]
) -> None:
    """Each returned model is an event of its own, with an id of its own."""

    @bench.service.on("Bake")
    async def several(_command: Bake, _context: Context) -> object:
        return returned

    await bench.send()

    await bench.work_off(1)

    assert [event["data"]["cake"] for event in bench.published] == cakes
    assert len({event["id"] for event in bench.published}) == len(cakes)


async def test_a_reply_too_large_to_remember_is_given_up(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store would refuse it at every try, and no other reply get past it."""
    monkeypatch.setattr("orchestrator.service.replies.MAX_REPLY_BYTES", 1000)

    @bench.service.on("Bake")
    async def many(_command: Bake, _context: Context) -> list[Baked]:
        return [Baked(cake="x" * 100)] * 3

    await bench.send()

    await bench.work_off(1)

    (dead,) = bench.dead_letters
    assert dead.headers[headers.REASON] == "too-large"
    assert [event["type"] for event in bench.published] == ["CommandFailed"]


@pytest.mark.parametrize("apart", ["later", "in one batch"])
async def test_a_repeated_message_repeats_the_reply_not_the_effect(
    bench: Workbench, apart: str
) -> None:
    """A sender that is not sure sends again; its cake is baked once, and answered alike."""
    runs = []

    @bench.service.on("Bake")
    async def count(command: Bake, _context: Context) -> Baked:
        runs.append(command.cake)
        await asyncio.sleep(0)
        return Baked(cake=f"{len(runs)} baked")

    await bench.send()
    if apart == "later":
        await bench.work_off(1)
    await bench.send()
    await bench.work_off(2)

    assert runs == ["cake 1"]
    assert bench.listener.outcomes == ["replied", "repeated"]
    first, second = bench.published
    assert first == second


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\x00", "not-json"),
        (b"[]", "not-an-object"),
        (b'{"data": {}}', "no-type"),
        (b'{"specversion": "0.3", "type": "Bake"}', "bad-specversion"),
    ],
)
async def test_what_cannot_be_read_is_kept_with_its_reason(
    bench: Workbench, body: bytes, reason: str
) -> None:
    """It is a dead letter as it came, and the next message is handled."""
    bench.service.on("Bake")(bake)
    await bench.put_raw(body)
    await bench.send()

    await bench.work_off(2)

    (dead,) = bench.dead_letters
    assert (dead.body, dead.headers[headers.REASON]) == (body, reason)
    assert [event["type"] for event in bench.published] == ["Baked"]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"cake": "poison"}, "/cake: must be edible"),
        ({"cake": 7}, "Bake: /cake: Input should be a valid string"),
        ({}, "Bake: /cake: Field required"),
    ],
    ids=["document", "model", "missing"],
)
async def test_data_that_breaks_its_schema_never_reaches_the_handler(
    bench: Workbench, data: object, error: str
) -> None:
    """Neither the documents' schema nor the handler's model is negotiable; values are not told."""
    bench.service.on("Bake")(bake)
    await bench.send(data=data)

    await bench.work_off(1)

    (dead,) = bench.dead_letters
    assert (dead.headers[headers.REASON], dead.headers[headers.ERROR]) == (
        "schema-violation",
        error,
    )
    assert bench.published[0]["type"] == "CommandFailed"


@pytest.mark.parametrize("returned", [Baked(cake="poison"), "a cake", Bake])
async def test_a_reply_that_breaks_its_schema_is_not_sent(
    bench: Workbench, returned: object
) -> None:
    """Receivers rely on the documents; the handler's author finds the reason in the dead letter."""

    @bench.service.on("Bake")
    async def wrong(_command: Bake, _context: Context) -> object:
        return returned

    await bench.send()

    await bench.work_off(1)

    (dead,) = bench.dead_letters
    assert dead.headers[headers.REASON] == "schema-violation"
    assert [event["type"] for event in bench.published] == ["CommandFailed"]


async def test_a_type_without_handler_is_acknowledged_and_counted(bench: Workbench) -> None:
    """A channel carries more types than one service wants, its own replies among them."""
    bench.service.on("Bake")(bake)
    await bench.send("Baked")

    await bench.work_off(1)

    assert bench.listener.outcomes == ["ignored"]
    assert (bench.broker.published, bench.broker.depth("bakery")) == ([], 0)

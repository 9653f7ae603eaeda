"""Instances that are started over HTTP: once, and their results for those who wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.errors import Unavailable
from orchestrator.operation import desk
from orchestrator.ports import NOTHING
from tests.engine.office import APPLICATION, FILE, NOTICES, PERMITS, office, rulebook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.decision import Instance
    from orchestrator.ports import InstanceKey


class Shelf(MemoryStore):
    """A store that may be away.

    Attributes:
        away: whether it is.
        missed: rings whenever somebody asks in vain.
    """

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.missed = asyncio.Event()

    async def load(
        self,
        instances: Sequence[InstanceKey],
        pieces: Mapping[InstanceKey, Sequence[str]] = NOTHING,
    ) -> list[Instance | None]:
        if self.away:
            self.missed.set()
            raise Unavailable("the store is away")
        return await super().load(instances, pieces)


async def test_a_broker_that_does_not_confirm_is_told_to_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that is low on memory may take hours; the client would know nothing all the while."""

    async def never(_messages: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(desk, "LONGEST_SEND_SECONDS", 0.01)
    async with office() as there:
        monkeypatch.setattr(there.broker, "publish", never)
        answer = await there.client.post(PERMITS, json={"input": APPLICATION})

    assert answer.status_code == 503
    assert "it may still arrive" in answer.text


async def test_an_instance_is_started_watched_and_found_at_its_address() -> None:
    """A web form needs no message broker to begin a process, and an address to show it under."""
    async with office() as there:
        accepted = await there.client.post(PERMITS, json={"input": APPLICATION})
        await there.settle()
        running = await there.client.get(accepted.headers["Location"])
        await there.answer()
        done = await there.client.get(accepted.json()["address"])

    assert (accepted.status_code, running.status_code, done.status_code) == (202, 200, 200)
    assert running.json()["id"] == "permits:12 Harbor Street"
    assert [step["status"] for step in running.json()["steps"]] == ["running"]
    assert done.json()["status"] == "completed"
    assert done.json()["outputs"]["review"]["fee"] == 7


async def test_whoever_waits_gets_the_result() -> None:
    """For what takes a second, one request is enough."""
    async with office() as there:
        request = asyncio.create_task(
            there.client.post(PERMITS, params={"wait": "20s"}, json={"input": APPLICATION})
        )
        await there.take()
        await there.answer()
        answer = await request

    assert (answer.status_code, answer.json()["status"]) == (200, "completed")


async def test_whoever_waits_gets_the_outputs_of_all_items() -> None:
    """They lie beside the instance, and are fetched once, when it has ended."""
    rules = rulebook("""
workflows:
  - name: lists
    timeout: 1d
    steps:
      each: {for_each: "range(100)", send: SendNotification, with: {to: a@b.example, subject: s, text: t}}
""")  # noqa: E501 - YAML
    async with office(rules=rules) as there:
        request = asyncio.create_task(
            there.client.post(
                "/workflows/lists/instances", params={"wait": "20s"}, json={"input": {}}
            )
        )
        await there.take()
        answer = await request

    assert (answer.status_code, answer.json()["outputs"]) == (200, {"each": [None] * 100})


async def test_who_waits_for_what_takes_longer_gets_the_address() -> None:
    """A request must end, and the instance must not."""
    async with office() as there:
        answer = await there.client.post(
            PERMITS, params={"wait": "10ms"}, json={"input": APPLICATION}
        )

    assert (answer.status_code, set(answer.json())) == (202, {"id", "address", "message"})


async def test_who_waits_when_the_daemon_stops_gets_the_address() -> None:
    """At every deployment somebody waits: an error would have them ask a second time."""
    async with office() as there:
        request = asyncio.create_task(
            there.client.post(PERMITS, params={"wait": "60s"}, json={"input": APPLICATION})
        )
        await there.take()
        there.closing.set()
        async with asyncio.timeout(5):
            answer = await request

    assert (answer.status_code, set(answer.json())) == (202, {"id", "address", "message"})


async def test_whoever_starts_an_instance_anew_gets_the_result_of_the_new_one() -> None:
    """It begins when the one before has been taken back, by an order that is not the caller's."""
    rules = rulebook("""
workflows:
  - name: renewed
    when: [SiteWorkStopped, UtilitiesDisconnected]
    timeout: 1d
    on_duplicate: restart
    steps:
      end: {await: ComplaintWithdrawn}
""")
    path, body = "/workflows/renewed/instances", {"input": {"n": 1}, "key": "R-1"}
    async with office(rules=rules) as there:
        await there.client.post(path, json=body)
        await there.settle()
        request = asyncio.create_task(
            there.client.post(path, params={"wait": "20s"}, json={**body, "input": {"n": 2}})
        )
        await there.take()
        await there.settle()
        await there.withdraw("R-1")
        await there.settle()
        answer = await request

    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert answer.json()["input"] == {"n": 2}


async def test_the_result_of_the_instance_before_is_not_taken_for_this_ones() -> None:
    """A key may be used again; what its last instance gave is not what this one gives."""
    async with office() as there:
        for _ in range(2):
            answer = await there.client.post(
                PERMITS, params={"wait": "10ms"}, json={"input": APPLICATION}
            )
            assert answer.status_code == 202
            await there.settle()
            await there.answer()


async def test_whoever_waits_while_the_store_goes_away_is_told_what_was_accepted() -> None:
    """The broker has it: an error would have it asked for a second time."""
    shelf = Shelf()
    async with office(store=shelf) as there:
        shelf.away = True
        answer = await there.client.post(
            PERMITS, params={"wait": "100ms"}, json={"input": APPLICATION}
        )
        looked = await there.client.get(answer.headers["Location"])

    assert (answer.status_code, looked.status_code) == (202, 503)


async def test_whoever_waits_through_an_outage_gets_the_result() -> None:
    """A store that restarts is back before most people stop waiting."""
    shelf, asked = Shelf(), {"input": {"to": "a@b.example"}}
    named = {"Idempotency-Key": "request-1"}
    async with office(store=shelf, headers=named) as there:
        await there.client.post(NOTICES, json=asked)
        await there.settle()
        shelf.away = True
        request = asyncio.create_task(
            there.client.post(NOTICES, params={"wait": "20s"}, json=asked)
        )
        await shelf.missed.wait()
        shelf.away = False
        answer = await request

    assert (answer.status_code, answer.json()["status"]) == (200, "completed")


async def test_a_request_that_is_repeated_starts_one_instance() -> None:
    """A client that got no answer asks again, and must not pay twice."""
    async with office() as there:
        for _ in range(2):
            await there.client.post(
                NOTICES,
                headers={"Idempotency-Key": "request-1"},
                json={"input": {"to": "a@b.example"}, "key": "N-1"},
            )
            await there.settle()
        sent = [message for message in there.broker.published if message.type == "SendNotification"]

    assert len(sent) == 1


async def test_without_the_key_of_the_request_two_are_started() -> None:
    """The control of the test above: it is the key that makes them one."""
    async with office() as there:
        for _ in range(2):
            await there.client.post(
                NOTICES,
                json={"input": {"to": "a@b.example"}, "key": "N-1"},
            )
            await there.settle()
        sent = [message for message in there.broker.published if message.type == "SendNotification"]

    assert len(sent) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"input": {"to": "b@b.example"}, "key": "N-1"},
        {"input": {"to": "a@b.example"}, "key": "N-2"},
        {"input": {"to": "a@b.example"}},
    ],
)
async def test_another_request_must_not_have_the_name_of_one_before(body: object) -> None:
    """It would be taken for the one before: accepted, and never done."""
    named = {"Idempotency-Key": "request-1"}
    async with office() as there:
        first = {"input": {"to": "a@b.example"}, "key": "N-1"}
        await there.client.post(NOTICES, headers=named, json=first)
        answer = await there.client.post(NOTICES, headers=named, json=body)
        starts = [one for one in there.broker.published if one.type == "StartWorkflow"]

    assert (answer.status_code, len(starts)) == (422, 1)
    assert "idempotency key came with another body before" in answer.json()["detail"]


async def test_a_name_belongs_to_requests_for_one_workflow() -> None:
    """A case number is a good name for all that is started for the case."""
    named = {"Idempotency-Key": "C-1"}
    async with office() as there:
        permit = await there.client.post(PERMITS, headers=named, json={"input": APPLICATION})
        note = {"input": {"to": "a@b.example"}}
        notice = await there.client.post(NOTICES, headers=named, json=note)

    assert (permit.status_code, notice.status_code) == (202, 202)


async def test_a_request_that_is_repeated_after_a_reload_means_the_same_instance() -> None:
    """What `by` says by then would start a second one, and lead away from the first."""
    named = {"Idempotency-Key": "request-1"}
    async with office() as there:
        first = await there.client.post(PERMITS, headers=named, json={"input": APPLICATION})
        there.rulebook = rulebook(FILE.replace("by: data.address", "by: data.permit_type"))
        body = {"input": dict(reversed(APPLICATION.items()))}  # another order means nothing
        again = await there.client.post(PERMITS, headers=named, json=body)

    assert again.json() == first.json()

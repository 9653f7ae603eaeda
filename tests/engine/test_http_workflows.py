"""Workflows over HTTP, on the real engine and services in memory."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from httpx import ASGITransport, AsyncClient

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.catalog import built_in_types, read_catalog, read_schema_files
from orchestrator.clock import SystemClock
from orchestrator.core.event import Message
from orchestrator.engine.patience import Patience
from orchestrator.engine.spine import Spine
from orchestrator.errors import Unavailable
from orchestrator.http import create_app
from orchestrator.http.access import Access
from orchestrator.http.workflows import workflow_routes
from orchestrator.operation.desk import Desk
from orchestrator.ports import NOTHING
from orchestrator.rulefile import read_rules
from orchestrator.telemetry.health import Health
from orchestrator.telemetry.metrics import Metrics
from tests.engine.world import Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from orchestrator.core.decision import Instance
    from orchestrator.core.definitions import Rulebook
    from orchestrator.ports import InstanceKey, Subscription

QUEUE = "orchestrator"
PERMITS = "/workflows/permits/instances"
VIEWER, OPERATOR = "v" * 16, "o" * 16
APPLICATION = {
    "applicant": {"name": "Mira Sand", "email": "mira.sand@example.org"},
    "permit_type": "signage",
    "address": "12 Harbor Street",
    "area_m2": 4,
}
FILE = """
workflows:
  - name: permits
    description: a review
    when: PermitApplicationSubmitted
    by: data.address
    timeout: 90d
    steps:
      review:
        send: ReviewPermit
        await: PermitReviewed
        compensate: {send: SendNotification, with: {to: a@b.example, subject: undone, text: x}}
  - name: notices
    steps:
      note: {send: SendNotification, with: {to: "${input.to}", subject: x, text: x}}
"""


def rulebook(*files: str) -> Rulebook:
    """The workflows of some files."""
    catalog, problems = read_catalog(read_schema_files(Path(__file__).parents[2] / "schemas"))
    assert catalog is not None, problems
    found, problems = read_rules([(f"{n}.yaml", text) for n, text in enumerate(files)], catalog)
    assert found is not None, problems
    return found


RULEBOOK = rulebook(FILE)
NO_RULES = rulebook()


class Shelf(MemoryStore):
    """A store that may be away."""

    away = False

    async def load(
        self,
        instances: Sequence[InstanceKey],
        pieces: Mapping[InstanceKey, Sequence[str]] = NOTHING,
    ) -> list[Instance | None]:
        if self.away:
            raise Unavailable("the store is away")
        return await super().load(instances, pieces)


@dataclass
class Office:
    """A client of the routes, and the engine that does what is asked for."""

    client: AsyncClient
    broker: MemoryBroker
    store: Shelf
    spine: Spine
    subscription: Subscription
    rulebook: Rulebook

    async def take(self) -> None:
        """Let the engine wait for something in its queue, and take it."""
        deliveries = await self.subscription.receive(100)
        batch = await self.spine.react(deliveries, self.rulebook)
        await self.spine.finish(batch)
        await self.spine.acknowledge(batch, self.subscription)

    async def settle(self) -> None:
        """Let the engine take whatever lies in its queue."""
        while self.subscription.waiting():
            await self.take()

    async def answer(self) -> None:
        """Answer the last review, as the permits service would."""
        (review,) = [m for m in self.broker.published if m.type == "ReviewPermit"][-1:]
        asked = orjson.loads(review.body)
        reply = {
            "specversion": "1.0",
            "id": f"re-{asked['id']}",
            "source": "permits",
            "type": "PermitReviewed",
            "correlationid": asked["correlationid"],
            "causationid": asked["id"],
            "data": {**APPLICATION, "decision": "approved", "fee": 7, "reasons": []},
        }
        await self.broker.publish([Message(None, "permits.v1", orjson.dumps(reply), headers={})])
        await self.settle()


@asynccontextmanager
async def office(
    keys: Mapping[str, Any] | None = None,
    host: str = "127.0.0.1",
    *,
    rules: Rulebook = RULEBOOK,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Office]:
    """Open the routes over services in memory."""
    broker, store, clock = MemoryBroker({QUEUE, f"{QUEUE}.dlq"}), Shelf(), SystemClock()
    await broker.bind(QUEUE, rules.channels)
    spine = Spine(
        broker, store, clock, Patience(Ledger()), queue=QUEUE, source="test", max_body_bytes=100_000
    )
    desk = Desk(
        broker,
        store,
        store,
        clock,
        source="test",
        messages=built_in_types(),
        rulebook=lambda: there.rulebook,
    )
    app = create_app(Health(), Metrics(), workflow_routes(desk, Access(keys or {}, host)))
    transport = ASGITransport(app)
    async with (
        broker.subscribe(QUEUE, 100) as subscription,
        AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client,
    ):
        there = Office(client, broker, store, spine, subscription, rules)
        yield there


async def test_an_instance_is_started_watched_and_found_at_its_address() -> None:
    """A web form needs no message broker to begin a process, and an address to show it under."""
    async with office() as there:
        accepted = await there.client.post(
            "/workflows/permits/instances", json={"input": APPLICATION}
        )
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


async def test_a_request_that_is_repeated_starts_one_instance() -> None:
    """A client that got no answer asks again, and must not pay twice."""
    async with office() as there:
        for _ in range(2):
            await there.client.post(
                "/workflows/notices/instances",
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
                "/workflows/notices/instances",
                json={"input": {"to": "a@b.example"}, "key": "N-1"},
            )
            await there.settle()
        sent = [message for message in there.broker.published if message.type == "SendNotification"]

    assert len(sent) == 2


async def test_cancelling_compensates() -> None:
    """Cancelling is no deletion: what was done is taken back."""
    async with office() as there:
        started = await there.client.post(
            "/workflows/permits/instances", json={"input": APPLICATION}
        )
        await there.settle()
        cancelled = await there.client.delete(started.json()["address"])
        await there.settle()
        await there.answer()
        after = await there.client.get(started.json()["address"])
        again = await there.client.delete(started.json()["address"])
        sent = [message.type for message in there.broker.published]

    assert (cancelled.status_code, again.status_code) == (202, 409)
    assert after.json()["status"] == "cancelled"
    assert "SendNotification" in sent


async def test_pages_hold_every_instance_once() -> None:
    """A list of thousands is read page by page, open ones and ended ones alike."""
    async with office() as there:
        for number in range(5):
            await there.client.post(
                PERMITS,
                json={"input": APPLICATION | {"address": f"{number} Road"}},
            )
            await there.settle()
        found, after = [], None
        while True:
            place = f"&after={after}" if after else ""
            page = await there.client.get(f"/workflows/instances?workflow=permits&limit=2{place}")
            found += [each["key"] for each in page.json()["instances"]]
            after = page.json()["next"]
            if after is None:
                break
        ended = await there.client.get("/workflows/instances", params={"status": "completed"})

    assert sorted(found) == [f"{number} Road" for number in range(5)]
    assert ended.json() == {"instances": [], "next": None}


async def test_a_workflow_shows_its_steps() -> None:
    """Whoever draws a form or a diagram needs the steps and what starts them."""
    async with office() as there:
        listed = await there.client.get("/workflows")
        shown = await there.client.get("/workflows/permits")

    assert [each["name"] for each in listed.json()] == ["permits", "notices"]
    (step,) = shown.json()["steps"]
    assert (step["sends"], step["awaits"]) == ("ReviewPermit", ["PermitReviewed"])
    assert step["compensated_by"] == "SendNotification"


@pytest.mark.parametrize(
    ("method", "path", "json", "status", "said"),
    [
        ("POST", "/workflows/permit/instances", {"input": {}}, 404, "did you mean permits?"),
        ("POST", "/workflows/permits/instances", {"input": {}}, 422, "/address is required"),
        ("POST", "/workflows/permits/instances", {"inputs": {}}, 422, "inputs"),
        ("POST", "/workflows/permits/instances?wait=soon", {"input": {}}, 422, "such as 30s"),
        ("POST", "/workflows/permits/instances?wait=2h", {"input": {}}, 422, "at most 1m"),
        ("GET", "/workflows/instances/permits", None, 422, "WORKFLOW:KEY"),
        ("GET", "/workflows/instances/permits:X", None, 404, "no instance permits:X"),
        ("GET", "/workflows/instances?after=x", None, 422, "`next` of the page before"),
        ("GET", "/workflows/instances?status=done", None, 422, "status"),
        ("GET", "/workflows/instances/permit:X", None, 404, "did you mean permits?"),
        ("GET", "/workflows/instances?limit=0", None, 422, "limit: input should be"),
        ("DELETE", "/workflows/instances/permits:X", None, 404, "no instance permits:X"),
    ],
)
async def test_what_cannot_be_done_is_said_in_words(
    method: str, path: str, json: object, status: int, said: str
) -> None:
    """A program shows them to a person, who must know what to change."""
    async with office() as there:
        answer = await there.client.request(method, path, json=json)

    assert answer.status_code == status
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b'{"input": {"to": 123456789012345678901}}', "application/json", 422, "64 bits"),
        (b'{"input": {"to": NaN}}', "application/json", 422, "not JSON"),
        (b'{"input": {"to": "\\ud800"}}', "application/json", 422, "not JSON"),
        (b'{"input": ' + b"[" * 70 + b"]" * 70 + b"}", "application/json", 422, "64 levels"),
        (b'{"input": "' + b"x" * 2**20 + b'"}', "application/json", 413, "1048576 bytes"),
        (b"{", "application/json", 422, "not JSON"),
        (b'{"input": {}}', "text/plain", 422, "application/json"),
        (b"[]", "application/json", 422, "a JSON object"),
        (b'{"input": {}, "key": ""}', "application/json", 422, "key: "),
    ],
)
async def test_a_body_that_no_message_could_carry_starts_nothing(
    body: bytes, kind: str, status: int, said: str
) -> None:
    """A 202 for what the bus refuses later would be a lie, and a form of a web page no request."""
    async with office() as there:
        answer = await there.client.post(PERMITS, content=body, headers={"Content-Type": kind})

    assert (answer.status_code, there.broker.published) == (status, [])
    assert said in answer.json()["detail"]


async def test_a_body_without_end_is_not_read_to_its_end() -> None:
    """Whoever has no key must not fill the memory of the daemon."""
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield b" " * 2**16

    async with office({OPERATOR: "operator"}) as there:
        answer = await there.client.post(
            PERMITS, content=endless(), headers={"Content-Type": "application/json"}
        )

    assert (answer.status_code, given) == (413, 17)


async def test_whoever_waits_while_the_store_goes_away_is_told_what_was_accepted() -> None:
    """The broker has it: an error would have it asked for a second time."""
    async with office() as there:
        there.store.away = True
        answer = await there.client.post(
            PERMITS, params={"wait": "20s"}, json={"input": APPLICATION}
        )
        looked = await there.client.get(answer.headers["Location"])

    assert (answer.status_code, looked.status_code) == (202, 503)


async def test_what_is_being_taken_back_cannot_be_cancelled() -> None:
    """An order that does not fit would end as a dead letter, which nobody at a web form sees."""
    async with office() as there:
        started = await there.client.post(PERMITS, json={"input": APPLICATION})
        await there.settle()
        await there.client.delete(started.json()["address"])
        await there.settle()
        again = await there.client.delete(started.json()["address"])

    assert again.status_code == 409
    assert "compensating already" in again.json()["detail"]


async def test_an_instance_outlives_its_workflow() -> None:
    """A workflow that left the rules folder may have left instances that somebody must end."""
    async with office() as there:
        started = await there.client.post(PERMITS, json={"input": APPLICATION})
        await there.settle()
        there.rulebook = NO_RULES
        shown = await there.client.get(started.headers["Location"])
        cancelled = await there.client.delete(started.headers["Location"])

    assert (shown.status_code, cancelled.status_code) == (200, 202)


@pytest.mark.parametrize(
    ("keys", "host", "key", "read", "written"),
    [
        ({}, "127.0.0.1", None, 200, 202),
        ({}, "0.0.0.0", None, 401, 401),  # noqa: S104 - what is tested
        ({VIEWER: "viewer"}, "127.0.0.1", None, 401, 401),
        ({VIEWER: "viewer"}, "0.0.0.0", "w" * 16, 401, 401),  # noqa: S104 - what is tested
        ({VIEWER: "viewer", OPERATOR: "operator"}, "0.0.0.0", VIEWER, 200, 403),  # noqa: S104
        ({VIEWER: "viewer", OPERATOR: "operator"}, "0.0.0.0", OPERATOR, 200, 202),  # noqa: S104
    ],
)
async def test_a_port_that_others_reach_needs_a_key(
    keys: Mapping[str, Any], host: str, key: str | None, read: int, written: int
) -> None:
    """Whoever can start and cancel instances can do harm."""
    async with office(keys, host, headers={"X-API-Key": key} if key else None) as there:
        listed = await there.client.get("/workflows")
        started = await there.client.post(
            "/workflows/notices/instances", json={"input": {"to": "a@b.example"}}
        )

    assert (listed.status_code, started.status_code) == (read, written)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("[::1]:8080", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("someone@evil.example", 403),
        ("[::1", 403),
        ("", 403),
    ],
)
async def test_a_page_in_a_browser_cannot_use_the_open_port(host: str, status: int) -> None:
    """A foreign name that leads to this machine must not open what is open to its people."""
    async with office() as there:
        answer = await there.client.get("/workflows", headers={"Host": host})

    assert answer.status_code == status


async def test_no_page_of_ours_loads_scripts_of_others() -> None:
    """They would speak for whoever looks at the page."""
    async with office() as there:
        pages = [await there.client.get(path) for path in ("/docs", "/redoc")]

    assert [page.status_code for page in pages] == [404, 404]


async def test_the_description_names_every_route() -> None:
    """Clients are generated from it."""
    async with office() as there:
        description = (await there.client.get("/openapi.json")).json()

    assert {path: set(verbs) for path, verbs in description["paths"].items() if "work" in path} == {
        "/workflows": {"get"},
        "/workflows/instances": {"get"},
        "/workflows/instances/{instance}": {"get", "delete"},
        "/workflows/{name}": {"get"},
        "/workflows/{name}/instances": {"post"},
    }
    start = description["paths"]["/workflows/{name}/instances"]["post"]
    assert {"200", "202", "401", "403", "404", "413", "422", "503"} <= set(start["responses"])
    assert "Location" in start["responses"]["202"]["headers"]
    assert {
        each["operationId"] for verbs in description["paths"].values() for each in verbs.values()
    } >= {"list_workflows", "show_instance", "start_instance", "cancel_instance"}
    assert "HTTPValidationError" not in description["components"]["schemas"]

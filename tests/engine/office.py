"""Where tests ask for workflows over HTTP: the real routes and the real engine, without sockets."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from httpx import ASGITransport, AsyncClient

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.adapters.redis import RedisStore
from orchestrator.catalog import built_in_types, read_catalog, read_schema_files
from orchestrator.clock import SystemClock
from orchestrator.core.event import Message
from orchestrator.engine.patience import Patience
from orchestrator.engine.spine import Spine
from orchestrator.http import create_app
from orchestrator.http.access import Access
from orchestrator.http.workflows import workflow_routes
from orchestrator.operation.desk import Desk
from orchestrator.rulefile import read_rules
from orchestrator.telemetry.health import Health
from orchestrator.telemetry.metrics import Metrics
from tests.engine.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from orchestrator.core.definitions import Rulebook
    from orchestrator.ports import Inspection, Store, Subscription

QUEUE = "orchestrator"
PERMITS = "/workflows/permits/instances"
NOTICES = "/workflows/notices/instances"
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


def inspection_of(store: Store) -> Inspection:
    """What a person may ask about a store, of either kind."""
    if isinstance(store, MemoryStore):
        return store
    assert isinstance(store, RedisStore)
    return store.inspection


@dataclass
class Office:
    """A client of the routes, and the engine that does what is asked for."""

    client: AsyncClient
    broker: MemoryBroker
    spine: Spine
    subscription: Subscription
    rulebook: Rulebook
    closing: asyncio.Event

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

    async def withdraw(self, key: str) -> None:
        """Send what no workflow here wants to hear of: a complaint is withdrawn."""
        event = {
            "specversion": "1.0",
            "id": key,
            "source": "portal",
            "type": "ComplaintWithdrawn",
            "correlationid": key,
            "data": {},
        }
        await self.broker.publish([Message(None, "complaints.v1", orjson.dumps(event), headers={})])

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
    store: Store | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Office]:
    """Open the routes over a broker in memory, and over a store there if none is given."""
    broker, clock = MemoryBroker({QUEUE, f"{QUEUE}.dlq"}), SystemClock()
    store = store or MemoryStore()
    await broker.bind(QUEUE, rules.channels)
    spine = Spine(
        broker, store, clock, Patience(Ledger()), queue=QUEUE, source="test", max_body_bytes=100_000
    )
    closing = asyncio.Event()
    desk = Desk(
        broker,
        store,
        inspection_of(store),
        clock,
        source="test",
        messages=built_in_types(),
        rulebook=lambda: there.rulebook,
        closing=closing,
    )
    app = create_app(Health(), Metrics(), workflow_routes(desk, Access(keys or {}, host)))
    transport = ASGITransport(app)
    async with (
        broker.subscribe(QUEUE, 100) as subscription,
        AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client,
    ):
        there = Office(client, broker, spine, subscription, rules, closing)
        yield there

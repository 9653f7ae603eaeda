"""Starts instances of workflows, orders them about and looks them up. Decides nothing itself."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from orchestrator.core.envelope import encode
from orchestrator.core.event import Event, Outgoing
from orchestrator.core.ids import content_digest, event_identity, reaction_id
from orchestrator.core.keys import MAX_KEY_LENGTH, read_key
from orchestrator.core.scope import Scope
from orchestrator.core.workflow.ids import instance_id
from orchestrator.core.workflow.machine import Workflow
from orchestrator.core.workflow.outline import APPROVAL, ORDER, START
from orchestrator.core.workflow.starting import start_for
from orchestrator.errors import Refused, Unavailable
from orchestrator.operation.account import began
from orchestrator.operation.fitting import unfit
from orchestrator.operation.listing import Listing
from orchestrator.ports import NOTHING, InstanceKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from orchestrator.core.decision import Instance
    from orchestrator.core.definitions import MessageContract, Rulebook
    from orchestrator.core.ids import ReactionId
    from orchestrator.ports import Broker, Clock, Inspection, Store

FIRST_LOOK_SECONDS: Final = 0.02
LONGEST_LOOK_SECONDS: Final = 0.5
LONGEST_SEND_SECONDS: Final = 20.0
"""More than a broker needs that is well, and less than most clients wait: one that is low on memory
confirms nothing for as long as that lasts."""


@dataclass(frozen=True, slots=True)
class Started:
    """An instance that was asked for.

    Attributes:
        at: where it will be.
        message: the id of the order that starts it.
        run: the id it will have, unless it must wait for the end of the one before.
    """

    at: InstanceKey
    message: str
    run: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order that was sent.

    Attributes:
        message: its id.
        reaction: what the store has a marker of once the order is carried out.
    """

    message: str
    reaction: ReactionId


class Desk:
    """Where workflows are started and ordered about.

    Everything it is told becomes a message on the bus, so that it stands in the log, and is decided
    by whichever replica takes it.

    Args:
        broker: where messages go.
        store: where instances are.
        inspection: where those that have ended are.
        clock: the time of messages.
        source: the name they are sent under.
        messages: the built-in message types, by name.
        rulebook: returns what is in force.
        closing: set once the process ends, so that nobody waits any longer.
    """

    def __init__(  # noqa: PLR0913 - the composition root passes each by name
        self,
        broker: Broker,
        store: Store,
        inspection: Inspection,
        clock: Clock,
        *,
        source: str,
        messages: Mapping[str, MessageContract],
        rulebook: Callable[[], Rulebook],
        closing: asyncio.Event | None = None,
    ) -> None:
        self._broker = broker
        self._store = store
        self.inspection = inspection
        self._clock = clock
        self._source = source
        self._messages = messages
        self._rulebook = rulebook
        self._closing = closing or asyncio.Event()
        self.listing = Listing(store, inspection, rulebook)

    @property
    def workflows(self) -> dict[str, Workflow]:
        """The workflows in force, by name, in the order of the files."""
        definitions = self._rulebook().definitions
        return {each.name: each for each in definitions if isinstance(each, Workflow)}

    async def start(
        self, workflow: Workflow, data: object, *, key: str | None, request: str | None
    ) -> Started:
        """Ask for an instance.

        Args:
            workflow: which.
            data: its input.
            key: its correlation key; None for the one that ``by`` gives, or a new one.
            request: what the caller calls the request: repeated under the same name it starts
                nothing new. None for a name of our own.

        Raises:
            Refused: the input is not as the workflow asks for, or has no key; or the caller called
                another request so.
            Unavailable: it may have been sent or not.
        """
        if workflow.plan.accepts is not None:
            workflow.plan.accepts(data)
        message = request or str(uuid.uuid4())
        asked = content_digest(orjson.dumps([data, key], option=orjson.OPT_SORT_KEYS))
        if key is None:
            key = self._key(workflow, data) or message
        if not 0 < len(key) <= MAX_KEY_LENGTH:
            raise Refused(f"a key has 1 to {MAX_KEY_LENGTH} characters, and this has {len(key)}")
        if request:
            key = await self._first_key(f"{workflow.name}/{request}", asked, key)
        told = {"workflow": workflow.name, "input": data}
        await self._send(START, told, key, message)
        run = instance_id(workflow.name, self._reaction(workflow.name, START, message))
        return Started(InstanceKey(workflow.name, key), message, run)

    async def order(self, at: InstanceKey, order: str, **told: object) -> Ordered:
        """Send an order about an instance.

        Args:
            at: which instance.
            order: cancel, suspend, resume, retry, skip or resolve.
            told: ``step``, ``by`` and ``comment`` where they belong to it.

        Raises:
            Unavailable: it may have been sent or not.
        """
        data = {"workflow": at.definition, "order": order, **_given(told)}
        return await self._tell(at, ORDER, data)

    async def approve(self, at: InstanceKey, **told: object) -> Ordered:
        """Send a person's decision about a step.

        Args:
            at: which instance.
            told: ``step``, ``decision``, ``by``, ``role``, and ``comment`` and ``data`` if any.

        Raises:
            Unavailable: it may have been sent or not.
        """
        return await self._tell(at, APPROVAL, {"workflow": at.definition, **_given(told)})

    async def look(self, at: InstanceKey, *, whole: bool = True) -> Instance | None:
        """Return an instance as it is, or as it ended; None if nobody remembers it.

        Args:
            at: which instance.
            whole: whether with its pieces, which only the outputs of a for-each need.
        """
        (found,) = await self._store.load([at], {at: ()} if whole else NOTHING)
        return found or await self.inspection.last_state(at)

    async def open_now(self, instances: Sequence[InstanceKey]) -> list[Instance | None]:
        """Return open instances as they are, in order; None for those that have ended."""
        found = await self._store.load(instances)
        return [None if each is None or each.status.final else each for each in found]

    def objection(self, at: InstanceKey, found: Instance, order: str, **told: object) -> str | None:
        """Return why an order does not fit an instance as it is; None if it does.

        Args:
            at: which it is.
            found: as it is stored.
            order: as for `order`; approved or rejected for a decision.
            told: as for `order` and `approve`.
        """
        workflow = self.workflows.get(at.definition)
        known = workflow is not None and workflow.revision == found.revision
        return unfit(found, order, told, workflow.outline if workflow and known else None)

    async def wait(self, started: Started, until: datetime) -> Instance | None:
        """Return an instance as soon as it has ended.

        None if the time is over before, the store is away by then, or the desk closes: the instance
        was asked for all the same, and an error would have it asked for twice.
        """
        pause = FIRST_LOOK_SECONDS
        while True:
            with suppress(Unavailable):
                found = await self._ended(started)
                if found is not None:
                    return found
            left = (until - self._clock.now()).total_seconds()
            if left <= 0 or self._closing.is_set():
                return None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), min(pause, left))
            pause = min(2 * pause, LONGEST_LOOK_SECONDS)

    async def _ended(self, started: Started) -> Instance | None:
        """Return the instance that was asked for, with its pieces, if it has ended."""
        found = None
        for whole in (False, True):  # most looks find it open, and its pieces may be many
            found = await self.look(started.at, whole=whole)
            if found is None or not found.status.final:
                return None
            if not began(found, started.run, started.message):
                return None
        return found

    async def _first_key(self, name: str, asked: bytes, key: str) -> str:
        """Return the key that a request had when it came first: `by` may give another one by now.

        Raises:
            Refused: it asked for something else then.
        """
        claimed = await self._store.claim(name, asked + key.encode())
        if not claimed.startswith(asked):
            raise Refused(
                "this idempotency key came with another body before: repeat that body, or send a"
                " new key"
            )
        return claimed.removeprefix(asked).decode()

    def _key(self, workflow: Workflow, data: object) -> str | None:
        """Return the key that the workflow computes from its input; None where it does not."""
        for start in workflow.plan.starts:
            event = self._as_event(start.event_type, data)
            scope = Scope(event, self._clock.now())
            if start_for(workflow.plan, event, scope) is start and start.by is not None:
                return read_key(start.by(scope), event.type, workflow.position)
        return None

    def _as_event(self, event_type: str, data: object) -> Event:
        identity = event_identity(self._source, event_type, content_digest(b""))
        return Event(
            type=event_type,
            id="",
            source=self._source,
            subject=None,
            time=self._clock.now(),
            data=data,
            correlation_id="",
            causation_id=None,
            traceparent=None,
            identity=identity,
        )

    async def _tell(self, at: InstanceKey, event_type: str, data: dict[str, Any]) -> Ordered:
        message = str(uuid.uuid4())
        await self._send(event_type, data, at.key, message)
        return Ordered(message, self._reaction(at.definition, event_type, message))

    def _reaction(self, workflow: str, event_type: str, message: str) -> ReactionId:
        """Return the id of what a workflow makes of a message of ours."""
        return reaction_id(event_identity(self._source, event_type, message), workflow)

    async def _send(self, event_type: str, data: object, key: str, message: str) -> None:
        contract = self._messages[event_type]
        contract.validate(data)
        outgoing = Outgoing(
            id=message,
            type=event_type,
            channel=contract.channel,
            source=self._source,
            time=self._clock.now(),
            data=data,
            correlation_id=key,
            subject=key,
        )
        try:
            async with asyncio.timeout(LONGEST_SEND_SECONDS):
                await self._broker.publish([encode(outgoing)])
        except TimeoutError:
            raise Unavailable(
                f"the broker has not confirmed it within {LONGEST_SEND_SECONDS:g} s: it may still"
                " arrive, so look before you ask again"
            ) from None


def _given(told: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in told.items() if value is not None}

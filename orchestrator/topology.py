"""What must exist on the broker, as values: exchanges, queues, bindings. Declares nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from orchestrator.settings import Settings

RETRY_DELAYS: Final[Mapping[str, int]] = {"1s": 1, "10s": 10, "1m": 60, "10m": 600, "1h": 3600}
"""The retry tiers: name -> seconds. One queue each, because a queue only expires from its head."""

ORCHESTRATOR_DELIVERY_LIMIT: Final = 1000  # every restart counts against every prefetched message
SERVICE_DELIVERY_LIMIT: Final = 20
HANDOVER_SECONDS: Final = 5
"""How long a command lies in the queue of one instance before any other may take it."""
INSTANCE_QUEUE_SECONDS: Final = 3600
"""How long the queue of an instance stays when nobody consumes it."""
NO_DELIVERY_LIMIT: Final = 1_000_000_000  # RabbitMQ 4 would drop what was looked at 20 times
PROGRESS_CHANNEL: Final = "orchestrator.events.v1"
"""Where instances of workflows tell how they get on, as the built-in document says."""

TAIL_LENGTH: Final = 1000
TAIL_BYTES: Final = 64_000_000
_SEGMENT_BYTES: Final = range(1_000_000, 100_000_000)

Argument = str | int


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: Literal["topic", "fanout"]
    arguments: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue; its type is one of its arguments."""

    name: str
    arguments: Mapping[str, Argument]


@dataclass(frozen=True, slots=True)
class Binding:
    """From the exchange `source` to a queue or exchange."""

    source: str
    target: str
    kind: Literal["queue", "exchange"]
    routing_key: str = ""


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything to declare, in an order in which it can be declared."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """How one installation calls its objects on the broker; several can share one.

    Attributes:
        exchange: the exchange everybody publishes to.
        queue: the input queue of all replicas.
        retry_prefix: retry tiers are ``<retry_prefix>.<delay>``.
    """

    exchange: str = "hms"
    queue: str = "orchestrator"
    retry_prefix: str = "retry"

    @classmethod
    def of(cls, settings: Settings) -> Names:
        """Return the names that `settings` asks for."""
        return cls(settings.exchange, settings.queue, settings.retry_prefix)

    @property
    def bus(self) -> str:
        """The exchange that work queues are bound to."""
        return f"{self.exchange}.bus"

    @property
    def unrouted(self) -> str:
        """The exchange and queue of what found no queue on the bus."""
        return f"{self.exchange}.unrouted"

    @property
    def log(self) -> str:
        """The stream of every message."""
        return f"{self.exchange}.log"

    @property
    def progress(self) -> str:
        """The queue of the newest that workflows told of their progress."""
        return f"{self.queue}.progress"

    @property
    def tail(self) -> str:
        """The queue of the newest messages."""
        return f"{self.exchange}.tail"

    def retry(self, delay: str) -> str:
        """Return the exchange and queue of a retry tier, such as ``10s``."""
        return f"{self.retry_prefix}.{delay}"


def dead_letter_queue(queue: str) -> str:
    """Return the name of the queue that keeps what was given up on `queue`."""
    return f"{queue}.dlq"


def topology(settings: Settings) -> Topology:
    """Return what the orchestrator itself needs, without the queues of consumer services."""
    names = Names.of(settings)
    parts = (
        _bus(names, settings.dlq_max_length),
        _watchers(names, settings),
        _retries(names),
        _progress(names),
        _work_queue(names.queue, ORCHESTRATOR_DELIVERY_LIMIT, settings.dlq_max_length),
    )
    return _combined(*parts)


def service_topology(settings: Settings, queue: str, channels: Collection[str]) -> Topology:
    """Return the queues of one consumer service, bound to the `channels` it listens to."""
    names = Names.of(settings)
    bindings = tuple(Binding(names.bus, queue, "queue", channel) for channel in sorted(channels))
    queues = _work_queue(queue, SERVICE_DELIVERY_LIMIT, settings.dlq_max_length)
    return _combined(queues, Topology((), (), bindings))


def instances_topology(settings: Settings, service: str) -> Topology:
    """Return what passes on commands for one instance of a service: to it, else to all of them.

    A command for an instance whose queue is gone takes the alternate exchange to the shared queue.
    """
    bus, instances, shared = Names.of(settings).bus, f"{service}.instance", f"{service}.shared"
    return Topology(
        exchanges=(
            Exchange(shared, "fanout"),
            Exchange(instances, "topic", {"alternate-exchange": shared}),
        ),
        queues=(),
        bindings=(
            Binding(shared, service, "queue"),
            Binding(bus, instances, "exchange", f"{instances}.*"),
        ),
    )


def instance_name(service: str, identifier: str) -> str:
    """Return the queue of one instance, which is also the routing key that reaches it alone."""
    return f"{service}.instance.{identifier}"


def instance_topology(service: str, name: str) -> Topology:
    """Return the queue of the instance called `name`.

    What nobody takes in time goes on to the service's queue, confirmed. Unused for an hour, the
    queue is deleted: RabbitMQ drops what is in it then, which lay there for seconds at most.
    """
    arguments: dict[str, Argument] = {
        **_dead_lettering(),
        "x-dead-letter-routing-key": service,
        "x-delivery-limit": SERVICE_DELIVERY_LIMIT,
        "x-message-ttl": HANDOVER_SECONDS * 1000,
        "x-expires": INSTANCE_QUEUE_SECONDS * 1000,
    }
    binding = Binding(f"{service}.instance", name, "queue", name)
    return Topology((), (Queue(name, arguments),), (binding,))


def _combined(*parts: Topology) -> Topology:
    return Topology(
        exchanges=tuple(chain.from_iterable(part.exchanges for part in parts)),
        queues=tuple(chain.from_iterable(part.queues for part in parts)),
        bindings=tuple(chain.from_iterable(part.bindings for part in parts)),
    )


def _bus(names: Names, max_length: int) -> Topology:
    return Topology(
        exchanges=(
            Exchange(names.unrouted, "fanout"),
            Exchange(names.bus, "topic", {"alternate-exchange": names.unrouted}),
            Exchange(names.exchange, "topic"),
        ),
        # Drops its oldest when full: what nobody receives must not stop what somebody does.
        queues=(_bounded(names.unrouted, max_length, overflow="drop-head"),),
        bindings=(
            Binding(names.unrouted, names.unrouted, "queue"),
            Binding(names.exchange, names.bus, "exchange", "#"),
        ),
    )


def _watchers(names: Names, settings: Settings) -> Topology:
    """Return what sees everything, bound to the entry: on the bus it would count as routed."""
    queues = []
    if settings.keep_log:
        limit = settings.log_max_bytes
        segment = min(max(limit // 10, _SEGMENT_BYTES.start), _SEGMENT_BYTES.stop)
        arguments: dict[str, Argument] = {
            "x-queue-type": "stream",
            "x-max-age": settings.log_max_age,
            "x-max-length-bytes": limit,
            "x-stream-max-segment-size-bytes": segment,  # limits only drop whole segments
        }
        queues.append(Queue(names.log, arguments))
    if settings.keep_tail:
        arguments = {
            "x-queue-type": "classic",
            "x-max-length": TAIL_LENGTH,
            "x-max-length-bytes": TAIL_BYTES,
        }
        queues.append(Queue(names.tail, arguments))
    bindings = tuple(Binding(names.exchange, queue.name, "queue", "#") for queue in queues)
    return Topology((), tuple(queues), bindings)


def _progress(names: Names) -> Topology:
    """Return what takes the progress of workflows, so that it is not unrouted where nobody asks."""
    queue = Queue(
        names.progress,
        {
            "x-queue-type": "classic",
            "x-max-length": TAIL_LENGTH,
            "x-max-length-bytes": TAIL_BYTES,
        },
    )
    return Topology((), (queue,), (Binding(names.bus, queue.name, "queue", PROGRESS_CHANNEL),))


def _retries(names: Names) -> Topology:
    """Return the tiers. The key of a copy is the queue it returns to, so it passes through."""
    tiers = [(names.retry(delay), seconds) for delay, seconds in RETRY_DELAYS.items()]
    return Topology(
        exchanges=tuple(Exchange(name, "fanout") for name, _ in tiers),
        queues=tuple(
            Queue(name, {**_dead_lettering(), "x-message-ttl": seconds * 1000})
            for name, seconds in tiers
        ),
        bindings=tuple(Binding(name, name, "queue") for name, _ in tiers),
    )


def _work_queue(name: str, delivery_limit: int, max_dead_letters: int) -> Topology:
    dead = dead_letter_queue(name)
    arguments = {
        **_dead_lettering(),
        "x-dead-letter-routing-key": dead,
        "x-delivery-limit": delivery_limit,
    }
    return Topology(
        exchanges=(),
        queues=(
            _bounded(dead, max_dead_letters, overflow="reject-publish"),
            Queue(name, arguments),
        ),
        bindings=(),
    )


def _dead_lettering() -> dict[str, Argument]:
    """Return what at-least-once dead-lettering needs: without any one of it, it is silently off."""
    return {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _bounded(name: str, max_length: int, *, overflow: str) -> Queue:
    return Queue(
        name,
        {
            "x-queue-type": "quorum",
            "x-max-length": max_length,
            "x-overflow": overflow,
            "x-delivery-limit": NO_DELIVERY_LIMIT,
        },
    )

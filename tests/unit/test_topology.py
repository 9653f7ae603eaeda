from orchestrator.catalog import built_in_types
from orchestrator.settings import Settings
from orchestrator.topology import (
    Binding,
    Names,
    Queue,
    Topology,
    dead_letter_queue,
    instance_topology,
    instances_topology,
    service_topology,
    topology,
)

SETTINGS = Settings()
SERVICE = service_topology(SETTINGS, "notify", ["notify.v1", "alerts.v1"])


def queue(found: Topology, name: str) -> Queue:
    return next(queue for queue in found.queues if queue.name == name)


def test_whatever_dead_letters_does_so_at_least_once() -> None:
    """With one of the four missing, RabbitMQ silently falls back to losing some."""
    queues = [*topology(SETTINGS).queues, *SERVICE.queues]
    dead_lettering = [each for each in queues if "x-dead-letter-exchange" in each.arguments]

    assert len(dead_lettering) == 7
    for each in dead_lettering:
        assert each.arguments["x-queue-type"] == "quorum"
        assert each.arguments["x-dead-letter-strategy"] == "at-least-once"
        assert each.arguments["x-overflow"] == "reject-publish"


def test_every_queue_says_its_type() -> None:
    """A virtual host may have another default, and then `apply` would see drift."""
    for each in (*topology(SETTINGS).queues, *SERVICE.queues):
        assert each.arguments["x-queue-type"] in ("quorum", "classic", "stream")


def test_a_work_queue_has_its_dead_letter_queue() -> None:
    """The backstop of crash loops needs a place to go to, which exists before it."""
    for found, name, limit in ((topology(SETTINGS), "orchestrator", 1000), (SERVICE, "notify", 20)):
        work = queue(found, name)
        dead = queue(found, dead_letter_queue(name))
        assert work.arguments["x-delivery-limit"] == limit
        assert work.arguments["x-dead-letter-routing-key"] == dead.name
        assert found.queues.index(dead) < found.queues.index(work)


def test_a_full_dead_letter_queue_refuses_and_what_nobody_wants_is_dropped() -> None:
    """Dead letters are somebody's work; what was never routed must not stop what is."""
    found = topology(SETTINGS)

    assert queue(found, "orchestrator.dlq").arguments["x-overflow"] == "reject-publish"
    assert queue(found, "hms.unrouted").arguments["x-overflow"] == "drop-head"


def test_a_retried_copy_keeps_its_key() -> None:
    """The key is the queue it returns to: a dead-letter routing key would send all to one."""
    found = topology(SETTINGS)

    for delay, seconds in (("1s", 1), ("10s", 10), ("1m", 60), ("10m", 600), ("1h", 3600)):
        tier = queue(found, f"retry.{delay}").arguments
        assert tier["x-message-ttl"] == seconds * 1000
        assert tier["x-dead-letter-exchange"] == ""
        assert "x-dead-letter-routing-key" not in tier


def test_log_and_tail_can_be_switched_off() -> None:
    """Not everybody may keep every message."""
    off = SETTINGS.model_copy(update={"keep_log": False, "keep_tail": False})
    names = {queue.name for queue in topology(off).queues}

    assert names.isdisjoint({"hms.log", "hms.tail"})
    assert {"hms.log", "hms.tail"} <= {queue.name for queue in topology(SETTINGS).queues}


def test_services_are_bound_to_the_bus() -> None:
    """On the entry exchange the log would count as a route, and nothing be unrouted."""
    assert SERVICE.bindings == (
        Binding("hms.bus", "notify", "queue", "alerts.v1"),
        Binding("hms.bus", "notify", "queue", "notify.v1"),
    )


def test_all_names_follow_the_settings() -> None:
    """Several installations share one broker."""
    settings = Settings(exchange="x", queue="y", retry_prefix="z")
    found = topology(settings)

    queues = {each.name for each in found.queues}
    everything = queues | {each.name for each in found.exchanges}
    assert {name.split(".")[0] for name in everything} == {"x", "y", "z"}
    assert Names.of(settings).log == "x.log"


def test_the_progress_of_workflows_has_a_queue_of_its_own() -> None:
    """Where nobody asks for it, it must not fill the queue of what was misdirected."""
    channels = {built_in_types()[name].channel for name in ("instance.started", "step.failed")}

    (binding,) = [b for b in topology(Settings()).bindings if b.target == "orchestrator.progress"]

    assert {binding.routing_key} == channels


def test_the_queue_of_an_instance_passes_on_to_all_at_least_once() -> None:
    """What an instance that died does not take must reach another, confirmed."""
    (own,) = instance_topology("pumps", "pumps.instance.a").queues

    assert own.arguments["x-dead-letter-exchange"] == ""
    assert own.arguments["x-dead-letter-routing-key"] == "pumps"
    assert own.arguments["x-queue-type"] == "quorum"
    assert own.arguments["x-dead-letter-strategy"] == "at-least-once"
    assert own.arguments["x-overflow"] == "reject-publish"


def test_a_queue_outlives_what_lies_in_it() -> None:
    """A queue that expires takes its messages with it: they must have been passed on by then."""
    (own,) = instance_topology("pumps", "pumps.instance.a").queues
    lifetimes = own.arguments["x-message-ttl"], own.arguments["x-expires"]

    assert 100 * int(lifetimes[0]) < int(lifetimes[1])


def test_what_is_for_an_instance_without_a_queue_goes_to_all() -> None:
    """By the alternate exchange; the bus itself would call it unrouted."""
    found = instances_topology(SETTINGS, "pumps")

    assert Binding("hms.bus", "pumps.instance", "exchange", "pumps.instance.*") in found.bindings
    assert Binding("pumps.shared", "pumps", "queue") in found.bindings
    (instances,) = [each for each in found.exchanges if each.name == "pumps.instance"]
    assert instances.arguments["alternate-exchange"] == "pumps.shared"
    assert found.exchanges[0].name == "pumps.shared"

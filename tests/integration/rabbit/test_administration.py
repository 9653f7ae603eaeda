from dataclasses import replace

import pytest

from orchestrator.adapters.rabbit.administration import refuse
from orchestrator.errors import Misconfigured
from orchestrator.topology import Binding, Exchange, Queue, Topology
from tests.integration.rabbit.site import Site


async def test_applying_again_changes_nothing(site: Site) -> None:
    """It runs at every deployment."""
    for part in site.parts:
        await site.admin.apply(part)
        assert await site.admin.check(part) == []


async def test_drift_names_queue_argument_and_both_values(site: Site) -> None:
    """Whoever reads it must know which side to change."""
    changed = site.settings.model_copy(update={"dlq_max_length": 7})
    drifted = replace(site, settings=changed).parts[1]

    with pytest.raises(Misconfigured) as refused:
        await site.admin.apply(drifted)

    for word in (f"queue {site.dlq}", "x-max-length", "'7'", "'100000'", "`orchestrator apply`"):
        assert word in str(refused.value)
    assert "\n" not in str(refused.value)
    assert await site.admin.check(drifted) == [str(refused.value)]


async def test_a_drifted_queue_does_not_hide_another(site: Site) -> None:
    """All problems at once: nobody wants to find them one deployment at a time."""
    own = site.parts[1].queues
    wrong = tuple(replace(queue, arguments={"x-queue-type": "classic"}) for queue in own)

    with pytest.raises(Misconfigured) as refused:
        await site.admin.apply(Topology((), wrong, ()))

    assert all(f"queue {queue.name}" in str(refused.value) for queue in own)


async def test_a_check_finds_what_is_missing_and_creates_nothing(site: Site) -> None:
    """A daemon that starts looks, and only a person's order changes the broker."""
    absent = Topology(
        (Exchange(f"{site.service}.x", "topic"),),
        (Queue(f"{site.service}.q", {"x-queue-type": "quorum"}),),
        (Binding(site.names.bus, f"{site.service}.q", "queue"),),
    )

    found = await site.admin.check(absent, patience_seconds=0)

    assert [problem.split(":")[0] for problem in found] == [
        f"exchange {site.service}.x is missing",
        f"queue {site.service}.q is missing",
    ]
    assert await site.admin.status(f"{site.service}.q") is None


async def test_preparing_creates_what_is_missing_and_still_finds_drift(site: Site) -> None:
    """A consumer may start first, and must not start on a queue that loses messages."""
    queue = Queue(f"{site.service}.q", {"x-queue-type": "quorum"})
    drifted = replace(queue, arguments={"x-queue-type": "classic"})

    await site.admin.prepare(Topology((), (queue,), ()))
    with pytest.raises(Misconfigured, match="x-queue-type"):
        await site.admin.prepare(Topology((), (drifted,), ()))

    assert await site.admin.check(Topology((), (queue,), ())) == []
    await site.admin.delete(Topology((), (queue,), ()))


async def test_an_error_of_every_part_stays_one_line_that_can_be_read() -> None:
    """A user without permissions makes a problem of each of thirty parts."""
    with pytest.raises(Misconfigured, match=r"^p0; p1; p2; p3; p4; and 3 more$"):
        refuse([f"p{number}" for number in range(8)])

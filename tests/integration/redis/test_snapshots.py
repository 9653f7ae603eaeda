"""What is loaded together was there together, whatever other replicas commit meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.core.decision import Instance, Part
from orchestrator.core.status import Status
from orchestrator.ports import Commit, Committed, InstanceKey, InstanceWrite
from tests.integration.redis.commits import NOW, commit

if TYPE_CHECKING:
    from orchestrator.adapters.redis import RedisStore
    from tests.integration.redis.conftest import OpenStore

AT = InstanceKey("fleet", "C-1")
OTHERS = [InstanceKey("fleet", f"other-{number}") for number in range(2_000)]
"""As many as no server reads in one go: it turns to other connections in between."""

CHANGES = 300


async def test_an_instance_and_its_pieces_are_of_one_commit(open_store: OpenStore) -> None:
    """A piece of the next commit beside the head of this one would be a state nobody wrote."""
    store, other = open_store(), open_store()
    await other.verify()
    seen = set()
    async with asyncio.TaskGroup() as group:
        changing = group.create_task(_change(other))
        while not changing.done():
            found = (await store.load([AT, *OTHERS], {AT: ["piece"]}))[0]
            if found is not None:
                seen.add(found.state)
                assert found.parts == {"piece": found.state}
    assert len(seen) > 2, "both must have been at work at the same time"


async def _change(store: RedisStore) -> None:
    """Write the number of each change into an instance and into its piece."""
    now: Instance | None = None
    for number in range(CHANGES):
        state = str(number).encode()
        write = InstanceWrite(AT, now, Status.RUNNING, state, parts=(Part("piece", state),))
        reactions = commit(f"change-{number}").reactions
        assert await store.commit([Commit("C-1", reactions, (write,))], NOW) == [Committed()]
        now = Instance(reactions[0].id, state, Status.RUNNING, parted=True)

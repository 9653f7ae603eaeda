"""What the indexes of open instances leave behind on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.decision import Instance
from orchestrator.core.status import Status
from orchestrator.ports import Commit, Committed, InstanceKey, InstanceWrite
from tests.integration.redis.commits import NOW, commit

if TYPE_CHECKING:
    from tests.integration.redis.conftest import OpenStore


async def test_nothing_but_markers_and_one_list_is_left_of_what_ended(
    open_store: OpenStore, admin: Any, unique: str
) -> None:
    """Neither state nor the lists of what is open may grow with what was open once."""
    store = open_store()

    async def keys() -> set[str]:
        return {
            key
            async for key in admin.scan_iter(f"{unique}:*")
            if ":seen:" not in key and not key.endswith(":finished")
        }

    await store.verify()
    before = await keys()
    begun = commit("begun").reactions
    ats = [InstanceKey(name, "C-1") for name in ("join", "count")]
    opened = Commit(
        "C-1", begun, tuple(InstanceWrite(at, None, Status.WAITING, b"{}", NOW) for at in ats)
    )
    assert await store.commit([opened], NOW) == [Committed()]
    await store.settle([entry.settlement async for entry in store.outbox(NOW.replace(year=2027))])
    assert await keys() > before
    for at in ats:
        ended = commit(at.definition, "C-1").reactions
        end = Commit(
            "C-1", ended, (InstanceWrite(at, Instance(begun[0].id, b"{}"), Status.COMPLETED),)
        )
        assert await store.commit([end], NOW) == [Committed()]
    await store.settle([entry.settlement async for entry in store.outbox(NOW.replace(year=2027))])
    assert await keys() == before

"""Everybody beside the engine, answering its commands until none is left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from tests.engine.messages import CHANNEL, raw

if TYPE_CHECKING:
    from orchestrator.core.event import Message
    from tests.engine.world import World


def event(kind: str, event_id: str, cause: str | None = None, key: str = "K-1") -> Message:
    """Return a message of `kind`; a cause is the command that it answers."""
    told: dict[str, Any] = {"specversion": "1.0", "id": event_id, "source": "echo", "type": kind}
    told |= {"correlationid": key, "data": {}, **({"causationid": cause} if cause else {})}
    return raw(orjson.dumps(told))


def reply(sent: Message) -> Message | None:
    """Return what comes back of a message: an answer, or itself where it is for workflows."""
    kind = str(sent.type)
    if kind in {"StartWorkflow", "CompensateWorkflow"} or kind.startswith("instance."):
        return replace(sent, routing_key=CHANNEL)
    if not kind.startswith("Do"):
        return None
    ending = "Denied" if kind == "DoZ" else "Done"
    key = orjson.loads(sent.body)["correlationid"]
    return event(f"{kind[2:]}{ending}", f"r-{sent.id}", str(sent.id), key)


async def answer(this: World, *, but: str = "", answered: int = 0, **options: Any) -> int:
    """Answer what was sent, and what is sent then, and so on; return how much was answered."""
    while answered < len(this.sent):
        asked = this.sent[answered:]
        answered = len(this.sent)
        replies = [come for one in asked if one.type != but and (come := reply(one))]
        await this.publish(*replies)
        await this.run(**options)
    return answered

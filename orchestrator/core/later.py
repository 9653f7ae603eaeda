"""Messages that wait for their time, as bytes, and what happens when it has come."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from orchestrator.core.decision import Decision, Instance, forget
from orchestrator.core.event import Outgoing

if TYPE_CHECKING:
    from orchestrator.core.decision import Elapsed, Later


def keep(later: Later) -> bytes:
    """Return the state in which a message waits: JSON that a person can read."""
    return orjson.dumps(asdict(later.outgoing), option=orjson.OPT_UTC_Z)


def kept(state: bytes) -> Outgoing:
    """Read what `keep` wrote."""
    fields = orjson.loads(state)
    return Outgoing(**{**fields, "time": datetime.fromisoformat(fields["time"])})


def release(instance: Instance, elapsed: Elapsed) -> Decision:
    """Decide about a kept message whose time has come: it goes out as of now."""
    return forget((replace(kept(instance.state), time=elapsed.now),))

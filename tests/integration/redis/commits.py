"""Commits for tests of the store: stateless, of one message each."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestrator.core.envelope import encode
from orchestrator.core.event import Outgoing
from orchestrator.core.ids import ReactionId, content_digest
from orchestrator.ports import Commit, Reaction

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def commit(name: str, key: str = "C-1", *, text: str = "hello") -> Commit:
    """Return the commit of a reaction called `name` that sends one message."""
    outgoing = Outgoing(
        id=f"m-{name}",
        type="SendAcknowledgment",
        channel="notify.v1",
        source="orchestrator",
        time=NOW,
        data={"text": text},
        correlation_id=key,
    )
    return Commit(key, (Reaction(ReactionId(content_digest(name.encode())), (encode(outgoing),)),))

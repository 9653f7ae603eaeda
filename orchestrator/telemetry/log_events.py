"""The name of every log line we write. Knows nothing of when they are written.

Tools and people search the logs by these names, so a name never changes its meaning.
``docs/reference/metrics-and-logs.md`` explains each of them.
"""

from __future__ import annotations

from typing import Final

STARTED: Final = "started"
STOPPED: Final = "stopped"

BATCH_DONE: Final = "batch_done"
DEAD_LETTERED: Final = "dead_lettered"
DEFECT: Final = "defect"
OUTBOX_SWEPT: Final = "outbox_swept"

RULEBOOK_LOADED: Final = "rulebook_loaded"
RULEBOOK_REFUSED: Final = "rulebook_refused"
RULEBOOK_WARNING: Final = "rulebook_warning"
OLD_REVISION_OPEN: Final = "old_revision_open"
OLD_REVISION_GONE: Final = "old_revision_gone"
OLD_REVISION_UNREADABLE: Final = "old_revision_unreadable"

HANDLED: Final = "handled"
HANDLER_RETRIED: Final = "handler_retried"
CONSUMER_PAUSED: Final = "consumer_paused"
CONSUMER_RESUMED: Final = "consumer_resumed"

SERVICE_WAITING: Final = "service_waiting"
SERVICE_RECOVERED: Final = "service_recovered"

HTTP_LISTENING: Final = "http_listening"
WORKER_STARTED: Final = "worker_started"
WORKER_LOST: Final = "worker_lost"

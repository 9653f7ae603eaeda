"""Keeps secrets out of log lines. Knows nothing of where the lines go."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from orchestrator.core.masking import MASK, redact_text

_SECRET_NAME = re.compile(
    r"passw(?:or)?d|passphrase|secret|token|authorization|api_?key", re.IGNORECASE
)


def redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask every secret in a log event, at any depth. A structlog processor."""
    for name, value in event.items():
        event[name] = MASK if _SECRET_NAME.search(name) else redact_value(value)
    return event


def redact_value(value: object) -> object:
    """Return `value` with the secrets in it masked: by the names of keys, and inside texts."""
    match value:
        case str():
            return redact_text(value)
        case Mapping():
            return {
                name: MASK if _SECRET_NAME.search(str(name)) else redact_value(inner)
                for name, inner in value.items()
            }
        case list() | tuple():
            return [redact_value(inner) for inner in value]
        case _:
            return value

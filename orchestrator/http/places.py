"""Ids of instances, and places in lists of them, as text for addresses. Looks nothing up."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from urllib.parse import quote

import orjson

from orchestrator.errors import Refused
from orchestrator.ports import InstanceKey

_SEPARATOR = ":"


def instance_id(at: InstanceKey) -> str:
    """Return the id of an instance: its workflow and its key."""
    return f"{at.definition}{_SEPARATOR}{at.key}"


def read_instance_id(text: str) -> InstanceKey:
    """Read what `instance_id` wrote. Raise ``Refused`` for anything else."""
    workflow, separator, key = text.partition(_SEPARATOR)
    if not separator or not workflow or not key:
        raise Refused("an instance's id is WORKFLOW:KEY, such as restaurant-opening:R-7")
    return InstanceKey(workflow, key)


def address(at: InstanceKey) -> str:
    """Return the path under which an instance is found."""
    return f"/workflows/instances/{quote(instance_id(at), safe=':/')}"


def cursor(at: InstanceKey, moment: datetime) -> str:
    """Return the place of an instance in a list by time."""
    place = [at.definition, at.key, round(moment.timestamp() * 1000)]
    return urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def read_cursor(text: str) -> tuple[InstanceKey, datetime]:
    """Read what `cursor` wrote. Raise ``Refused`` for anything else."""
    try:
        padded = text + "=" * (-len(text) % 4)
        definition, key, ms = orjson.loads(urlsafe_b64decode(padded))
        return InstanceKey(str(definition), str(key)), datetime.fromtimestamp(ms / 1000, tz=UTC)
    except (ValueError, TypeError, OverflowError) as error:
        raise Refused("`after` takes the `next` of the page before") from error

"""Workflows that are started over HTTP, by a daemon that dies meanwhile."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from tests.integration.cli.office import daemon, told, until, until_open

if TYPE_CHECKING:
    from tests.integration.cli.office import Desk

pytestmark = pytest.mark.timeout(180)


def post(office: Desk, key: str, request: str) -> tuple[int, dict[str, Any]]:
    """Start a notice over HTTP, and wait for its end."""
    port = office.shell.environment["ORCHESTRATOR_HTTP_PORT"]
    asked = Request(
        f"http://127.0.0.1:{port}/workflows/notice/instances?wait=50s",
        json.dumps({"input": {}, "key": key}).encode(),
        {"Content-Type": "application/json", "Idempotency-Key": request},
    )
    with urlopen(asked, timeout=55) as answer:  # noqa: S310 - our own daemon
        return answer.status, json.load(answer)


def notes(office: Desk, key: str) -> int:
    """Return how many different notes were sent for a key."""
    steps = told(office, "trace", key)["steps"]
    return len({each["id"] for each in steps if each.get("type") == "Note"})


@pytest.mark.parametrize(("request_id", "expected"), [("r-1", 2), (None, 4)], ids=["same", "other"])
def test_who_asks_again_after_a_crash_gets_the_one_result(
    apart: Desk, request_id: str | None, expected: int
) -> None:
    """The daemon dies while a program waits; asked again by the same name it starts nothing new.

    The control asks by another name, and two are started.
    """
    key = f"http-{request_id}"
    with ThreadPoolExecutor() as pool:
        with daemon(apart.shell) as first:
            lost = pool.submit(post, apart, key, request_id or "r-2")
            until_open(apart, key)
            first.kill()
        with pytest.raises((OSError, HTTPException)):
            lost.result()
        with daemon(apart.shell):
            until(apart, key, lambda shown: shown["ended_at"] is not None)
            status, shown = post(apart, key, request_id or "r-3")

    assert (status, shown["status"]) == (200, "completed")
    assert notes(apart, key) == expected

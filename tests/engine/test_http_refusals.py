"""Requests over HTTP that cannot be carried out, and what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.office import OPERATOR, PERMITS, office

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.mark.parametrize(
    ("method", "path", "json", "status", "said"),
    [
        ("POST", "/workflows/permit/instances", {"input": {}}, 404, "did you mean permits?"),
        ("POST", PERMITS, {"input": {}}, 422, "/address is required"),
        ("POST", PERMITS, {"inputs": {}}, 422, "inputs"),
        ("POST", "/workflows/permits/instances?wait=soon", {"input": {}}, 422, "such as 30s"),
        ("POST", "/workflows/permits/instances?wait=2h", {"input": {}}, 422, "at most 1m"),
        ("GET", "/workflows/instances/permits", None, 422, "WORKFLOW:KEY"),
        ("GET", "/workflows/instances/permits:X", None, 404, "no instance permits:X"),
        ("GET", "/workflows/instances?after=x", None, 422, "`next` of the page before"),
        ("GET", "/workflows/instances?status=done", None, 422, "status"),
        ("GET", "/workflows/instances/permit:X", None, 404, "did you mean permits?"),
        ("GET", "/workflows/instances?limit=0", None, 422, "limit: input should be"),
        ("DELETE", "/workflows/instances/permits:X", None, 404, "no instance permits:X"),
    ],
)
async def test_what_cannot_be_done_is_said_in_words(
    method: str, path: str, json: object, status: int, said: str
) -> None:
    """A program shows them to a person, who must know what to change."""
    async with office() as there:
        answer = await there.client.request(method, path, json=json)

    assert answer.status_code == status
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b'{"input": {"to": 123456789012345678901}}', "application/json", 422, "64 bits"),
        (b'{"input": {"to": NaN}}', "application/json", 422, "not JSON"),
        (b'{"input": {"to": "\\ud800"}}', "application/json", 422, "not JSON"),
        (b'{"input": ' + b"[" * 70 + b"]" * 70 + b"}", "application/json", 422, "64 levels"),
        (b'{"input": "' + b"x" * 2**20 + b'"}', "application/json", 413, "1048576 bytes"),
        (b"{", "application/json", 422, "not JSON"),
        (b'{"input": {}}', "text/plain", 422, "application/json"),
        (b"[]", "application/json", 422, "a JSON object"),
        (b'{"input": {}, "key": ""}', "application/json", 422, "key: "),
    ],
)
async def test_a_body_that_no_message_could_carry_starts_nothing(
    body: bytes, kind: str, status: int, said: str
) -> None:
    """A 202 for what the bus refuses later would be a lie, and a form of a web page no request."""
    async with office() as there:
        answer = await there.client.post(PERMITS, content=body, headers={"Content-Type": kind})

    assert (answer.status_code, there.broker.published) == (status, [])
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(("key", "status", "read"), [(None, 401, 0), (OPERATOR, 413, 17)])
async def test_a_body_without_end_is_not_read_to_its_end(
    key: str | None, status: int, read: int
) -> None:
    """Nobody must fill the memory of the daemon, least of all who has no key."""
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield b" " * 2**16

    headers = {"X-API-Key": key} if key else None
    async with office({OPERATOR: "operator"}, headers=headers) as there:
        answer = await there.client.post(
            PERMITS, content=endless(), headers={"Content-Type": "application/json"}
        )

    assert (answer.status_code, given) == (status, read)

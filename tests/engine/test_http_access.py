"""Who may use workflows over HTTP, and what is told to everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.office import NOTICES, OPERATOR, VIEWER, office

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize(
    ("keys", "host", "key", "read", "written"),
    [
        ({}, "127.0.0.1", None, 200, 202),
        ({}, "0.0.0.0", None, 401, 401),  # noqa: S104 - what is tested
        ({VIEWER: "viewer"}, "127.0.0.1", None, 401, 401),
        ({VIEWER: "viewer"}, "0.0.0.0", "w" * 16, 401, 401),  # noqa: S104 - what is tested
        ({VIEWER: "viewer", OPERATOR: "operator"}, "0.0.0.0", VIEWER, 200, 403),  # noqa: S104
        ({VIEWER: "viewer", OPERATOR: "operator"}, "0.0.0.0", OPERATOR, 200, 202),  # noqa: S104
    ],
)
async def test_a_port_that_others_reach_needs_a_key(
    keys: Mapping[str, Any], host: str, key: str | None, read: int, written: int
) -> None:
    """Whoever can start and cancel instances can do harm."""
    async with office(keys, host, headers={"X-API-Key": key} if key else None) as there:
        listed = await there.client.get("/workflows")
        started = await there.client.post(NOTICES, json={"input": {"to": "a@b.example"}})

    assert (listed.status_code, started.status_code) == (read, written)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("[::1]:8080", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("someone@evil.example", 403),
        ("[::1", 403),
        ("", 403),
    ],
)
async def test_a_page_in_a_browser_cannot_use_the_open_port(host: str, status: int) -> None:
    """A foreign name that leads to this machine must not open what is open to its people."""
    async with office() as there:
        answer = await there.client.get("/workflows", headers={"Host": host})

    assert answer.status_code == status


async def test_no_page_of_ours_loads_scripts_of_others() -> None:
    """They would speak for whoever looks at the page."""
    async with office() as there:
        pages = [await there.client.get(path) for path in ("/docs", "/redoc")]

    assert [page.status_code for page in pages] == [404, 404]


async def test_the_description_names_every_route() -> None:
    """Clients are generated from it."""
    async with office() as there:
        description = (await there.client.get("/openapi.json")).json()

    assert {path: set(verbs) for path, verbs in description["paths"].items() if "work" in path} == {
        "/workflows": {"get"},
        "/workflows/instances": {"get"},
        "/workflows/instances/{instance}": {"get", "delete"},
        "/workflows/{name}": {"get"},
        "/workflows/{name}/instances": {"post"},
    }
    start = description["paths"]["/workflows/{name}/instances"]["post"]
    assert {"200", "202", "401", "403", "404", "413", "422", "503"} <= set(start["responses"])
    assert "Location" in start["responses"]["202"]["headers"]
    assert {
        each["operationId"] for verbs in description["paths"].values() for each in verbs.values()
    } >= {"list_workflows", "show_instance", "start_instance", "cancel_instance"}
    assert "HTTPValidationError" not in description["components"]["schemas"]


@pytest.mark.parametrize("body", [b"{", b" " * 2 * 1024 * 1024], ids=["broken", "too large"])
async def test_the_body_of_a_stranger_is_not_even_read(body: bytes) -> None:
    """Who has no key is told so, and not what is wrong with a body that nobody will carry out."""
    async with office({VIEWER: "viewer"}, "0.0.0.0") as there:  # noqa: S104 - what is tested
        json = {"Content-Type": "application/json"}
        stranger = await there.client.post(NOTICES, content=body, headers=json)
        viewer = await there.client.post(
            NOTICES, content=body, headers=json | {"X-API-Key": VIEWER}
        )

    assert (stranger.status_code, viewer.status_code) == (401, 403)

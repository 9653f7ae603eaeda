"""What is refused when a service is declared or looked for, and how it says so."""

from __future__ import annotations

from collections.abc import AsyncIterator  # noqa: TC003 - annotations of handlers are read
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.errors import Misconfigured
from orchestrator.service import Context, Policy, Service
from orchestrator.service.registry import find, installed
from orchestrator.service.replies import Replies
from tests.unit.service.workbench import DOCUMENTS, Bake, Baked, Documents

if TYPE_CHECKING:
    from pathlib import Path

    from unknown import Elsewhere  # type: ignore[import-not-found]  # the mistake


async def good(command: Bake, context: Context) -> list[Baked] | None:
    """Bake."""


def not_async(command: Bake, context: Context) -> None:
    """Bake."""


async def one_parameter(command: Bake) -> None:
    """Bake."""


async def not_a_model(command: dict[str, Any], context: Context) -> None:
    """Bake."""


async def yielding(command: Bake, context: Context) -> AsyncIterator[Baked]:
    """Bake."""
    yield Baked(cake=f"{command.cake} of {context.attempt}")


async def bare(command, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Bake."""


async def typing_only(command: Elsewhere, context: Context) -> None:
    """Bake."""


@pytest.mark.parametrize(
    ("function", "advice"),
    [
        (not_async, "write it as async def"),
        (yielding, "it yields: return a list of models instead"),
        (one_parameter, "it needs two parameters, the message and the context"),
        (not_a_model, "annotate 'command' with a pydantic model"),
        (bare, "annotate 'command' with a pydantic model"),
        (typing_only, "'Elsewhere' is not defined: import what its annotations name at run time"),
    ],
)
def test_a_function_that_cannot_handle_is_refused_where_it_is_declared(
    function: Any, advice: str
) -> None:
    """The author finds it at import, not with the first message."""
    service = Service("bakery", channels=["bakery.v1"])

    with pytest.raises(Misconfigured, match=f"{function.__name__} of Bake: .*{advice}"):
        service.on("Bake")(function)


def test_a_handler_knows_what_it_may_return() -> None:
    """The names of its models are checked against the documents before the first message."""
    service = Service("bakery", channels=["bakery.v1"], policy=Policy(timeout_seconds=5))

    assert service.on("Bake", retries=["1s"])(good) is good

    handler = service.handlers["Bake"]
    assert (handler.model, handler.replies) == (Bake, frozenset({"Baked"}))
    assert handler.policy == Policy(retries=("1s",), timeout_seconds=5)


def test_two_handlers_for_one_type_are_refused() -> None:
    """Which of them should answer?"""
    service = Service("bakery", channels=["bakery.v1"])
    service.on("Bake")(good)

    with pytest.raises(Misconfigured, match="service bakery: Bake has two handlers"):
        service.on("Bake")(good)


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"retries": ("5s",)}, r"retries is a list of 1s, 10s, .* such as \('1s', '10s'\)"),
        ({"retries": "1m"}, "retries is a list"),
        ({"timeout_seconds": 0}, "timeout_seconds is more than 0"),
    ],
)
def test_a_handler_cannot_wait_for_what_never_comes(changes: Any, advice: str) -> None:
    """A retry that no queue takes would be sent again and again, and hold up all other messages."""
    service = Service("bakery", channels=["bakery.v1"])

    with pytest.raises(Misconfigured, match=f"good of Bake: {advice}"):
        service.on("Bake", **changes)(good)


def test_a_service_runs_at_least_one_handler() -> None:
    """With none it would take every message, and do nothing without a word."""
    with pytest.raises(Misconfigured, match="service bakery: concurrency is at least 1"):
        Service("bakery", channels=["bakery.v1"], concurrency=0)


@pytest.mark.parametrize(
    ("name", "channels", "advice"),
    [
        ("my bakery", ["bakery.v1"], "use letters, digits"),
        ("", ["bakery.v1"], "use letters, digits"),
        ("bakery", "bakery.v1", "channels is a list"),
        ("bakery", [], "channels is a list"),
    ],
)
def test_a_service_needs_a_queue_name_and_channels(name: str, channels: Any, advice: str) -> None:
    """A text as channels would bind one queue per letter."""
    with pytest.raises(Misconfigured, match=advice):
        Service(name, channels=channels)


def test_a_prefix_names_another_installation() -> None:
    """Its queue, its events' source and its dead letters all carry the same name."""
    service = Service("bakery", channels=["bakery.v1"], concurrency=3)
    service.on("Bake")(good)

    twin = service.prefixed("test.")

    assert (twin.name, twin.channels, twin.concurrency) == ("test.bakery", ("bakery.v1",), 3)
    assert twin.handlers == service.handlers


def test_the_sample_services_are_installed() -> None:
    """``orchestrator consumers run notify`` and ``orchestrator apply`` find them by name."""
    samples = {"admissions", "analytics", "archive", "hr", "legislation", "licensing"}

    assert samples | {"notify", "permits"} <= set(installed())
    assert find("notify").channels == ("notify.v1",)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        (
            "notfy",
            "there is no service notfy: installed are admissions, analytics, archive",
        ),
        ("nowhere:service", "nowhere:service cannot be imported: No module named 'nowhere'"),
        ("consumers.hr:desk", "cannot be imported: .*has no attribute 'desk'"),
        ("consumers.hr.desks:Desks", "consumers.hr.desks:Desks is not a Service"),
    ],
)
def test_a_service_that_is_not_there_says_what_is(name: str, advice: str) -> None:
    """A person mends it from this one line."""
    with pytest.raises(Misconfigured, match=advice):
        find(name)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("def x(:\n", r"SyntaxError: invalid syntax \({name}.py, line 1\)"),
        ("\nService()\n", r"NameError: name 'Service' is not defined \(.*{name}.py, line 2\)"),
        ("import json\njson.loads('')\n", r"JSONDecodeError: .* \(.*{name}.py, line 2\)"),
    ],
)
def test_a_mistake_in_a_module_is_told_with_its_line(
    text: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the author's, and no defect of ours that should be reported."""
    name = f"mistaken_{abs(hash(text))}"
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(
        Misconfigured, match=f"cannot be imported: {advice.replace('{name}', name)}"
    ):
        find(f"{name}:service")


@pytest.mark.parametrize("capabilities", ["pump", ["pump", ""]])
def test_capabilities_are_a_list_of_names(capabilities: Any) -> None:
    """A text would be announced letter by letter."""
    with pytest.raises(Misconfigured, match=r"capabilities is a list, such as \[\"pump\"\]"):
        Service("pumps", channels=["pumps.v1"], capabilities=capabilities)


def test_a_prefix_changes_nothing_but_the_name() -> None:
    """Another installation runs the same service."""
    service: Service[None] = Service("pumps", channels=["pumps.v1"], capabilities=["pump"])
    assert service.prefixed("x.").capabilities == ("pump",)


def test_who_has_no_document_of_failures_learns_where_it_is() -> None:
    """Nobody wrote the name of that reply, so correcting it is no advice."""
    service = Service("bakery", channels=["bakery.v1"])
    service.on("Bake")(good)
    known = Documents({name: DOCUMENTS[name] for name in DOCUMENTS if name != "CommandFailed"})

    with pytest.raises(Misconfigured, match=r"CommandFailed, .*: .* copy failures\.yaml there"):
        Replies("bakery", known).verify(service.handlers.values())

"""The reference pages say what is so, no more and no less."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from orchestrator.cli.commands import Command
from orchestrator.cli.main import orchestrator
from orchestrator.core import headers
from orchestrator.settings import Settings
from orchestrator.telemetry import log_events
from orchestrator.telemetry.metrics import EngineMetrics, Metrics, ServiceMetrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
EVERYWHERE = {"--json", "--help"}


def page(name: str) -> str:
    """The text of a reference page."""
    return (REFERENCE / name).read_text()


def test_every_setting_is_described_as_it_is() -> None:
    """A default in the docs that is not the default misleads whoever reads before running."""
    expected = [setting_row(name, field) for name, field in Settings.model_fields.items()]
    found = [line for line in page("settings.md").splitlines() if "| `ORCHESTRATOR_" in line]
    assert found == expected


def setting_row(name: str, field: FieldInfo) -> str:
    """The line of the table that describes a setting."""
    default = field.default
    assert default is not PydanticUndefined
    shown = default.get_secret_value() if isinstance(default, SecretStr) else str(default)
    cell = f"`{shown}`" if shown else "(empty)"
    return f"| `ORCHESTRATOR_{name.upper()}` | {cell} | {field.description} |"


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(orchestrator, "orchestrator"))


def section(path: str) -> str:
    """What the page says about one command."""
    pattern = rf"^## `{path}[^`]*`\n(.*?)(?=^## |\Z)"
    match = re.search(pattern, page("cli.md"), re.MULTILINE | re.DOTALL)
    assert match, f"docs/reference/cli.md has no section on {path}"
    return match[1]


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    """A command that is not described does not exist; one that is gone must not be found."""
    told = re.findall(r"^## `(orchestrator(?: [a-z]+)+)", page("cli.md"), re.MULTILINE)
    assert sorted(told) == sorted(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS)
def test_the_options_of_a_command_are_those_described(path: str) -> None:
    """Help and page are written by different hands at different times."""
    options = {
        name
        for parameter in COMMANDS[path].params
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    described = set(re.findall(r"`(--[a-z-]+)", section(path)))
    assert described - EVERYWHERE == options - EVERYWHERE


@pytest.mark.parametrize("path", COMMANDS)
def test_every_example_of_the_help_is_on_the_page(path: str) -> None:
    """The page's examples are run by a test, so the help's examples work too."""
    command = COMMANDS[path]
    assert isinstance(command, Command)
    assert command.examples
    assert [line for line in command.examples if line not in section(path)] == []


def test_every_metric_is_described_and_every_description_has_a_metric() -> None:
    """Dashboards and alerts are written from the page."""
    registry = Metrics().registry
    EngineMetrics(registry)
    ServiceMetrics(registry)
    ours = [family for family in registry.collect() if family.name.startswith("orchestrator")]
    suffixes = {"counter": "_total", "info": "_info"}
    names = {f"{family.name}{suffixes.get(family.type, '')}" for family in ours}
    rows = re.findall(r"^\| `(orchestrator_\w+)", page("metrics-and-logs.md"), re.MULTILINE)
    assert sorted(rows) == sorted(names)


def test_every_log_event_is_described_and_every_description_has_one() -> None:
    """Searches are written from the page."""
    names = {value for name, value in vars(log_events).items() if name.isupper()}
    lines = page("metrics-and-logs.md").partition("## Log lines")[2]
    assert set(re.findall(r"^\| `(\w+)` \| [a-z]+ \|", lines, re.MULTILINE)) == names


@pytest.mark.parametrize("name", [n for n in vars(log_events) if n.isupper()])
def test_every_log_event_is_written_somewhere(name: str) -> None:
    """A name that nothing writes makes people wait for a line that never comes."""
    sources = Path(str(import_module("orchestrator").__file__)).parent.rglob("*.py")
    assert any(f"log_events.{name}" in source.read_text() for source in sources)


@pytest.mark.parametrize("name", [n for n in vars(headers).values() if str(n).startswith("x-")])
def test_every_header_of_ours_is_described(name: str) -> None:
    """Who looks at a message in the RabbitMQ UI sees them, and asks what they mean."""
    assert f"`{name}`" in page("topology.md")


def test_every_metric_that_raises_an_alert_exists() -> None:
    """An alert on a name that nothing exports never fires, and nobody notices."""
    guide = (REFERENCE.parent / "how-to" / "operate.md").read_text()
    wanted = set(re.findall(r"\borchestrator_[a-z_]+(?=[ \[{])", guide))

    assert wanted
    assert {name for name in wanted if f"`{name}`" not in page("metrics-and-logs.md")} == set()

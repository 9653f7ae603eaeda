"""The command ``orchestrator``: finds subcommands, and turns errors into exit codes. Does nothing.

Exit codes: 0 done, 1 an error said in one line on standard error, 2 wrong usage, 3 only warnings
(``rules check`` and ``schemas check``), 130 interrupted.
"""

from __future__ import annotations

import difflib
import gc
import os
import sys
import traceback
from importlib import import_module
from types import MappingProxyType

import click

from orchestrator import __version__
from orchestrator.cli.commands import Group
from orchestrator.errors import InvalidDefinitions, OrchestratorError
from orchestrator.telemetry.terminal import harmless

COLLECTOR = (50_000, 20, 100)
INTERRUPTED = 130

_COMMANDS = MappingProxyType(
    {
        "run": "Run the daemon: events in, rules decide, commands out.",
        "consumers": "Run the services that act on commands, and see who lives.",
        "apply": "Declare exchanges, queues and bindings; safe to repeat.",
        "publish": "Publish an event or a command, checked against its schema first.",
        "tail": "Watch messages as they are published.",
        "trace": "Show everything that happened for a correlation key, and why.",
        "unmatched": "See what led to nothing, and send it again.",
        "explain": "Say what happened to a case, and why each rule did or did not fire.",
        "rules": "Check, test and draw rule files.",
        "schemas": "Check and show the message types.",
        "workflows": "See the workflows, and start instances of them.",
        "instances": "See what is open, steer instances of workflows, or end them.",
        "timers": "See what is due later, and call it off.",
        "dlq": "Look at dead letters, send them again, or delete them.",
        "doctor": "Check RabbitMQ, Redis and the files, and say what to do.",
    }
)


class _Commands(Group):
    """Subcommands by name, each in a module of its own that is imported only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"orchestrator.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, _COMMANDS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"there is no command {name!r}{hint}")
        return super().resolve_command(ctx, args)


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings come from ORCHESTRATOR_* variables; `orchestrator doctor` says what is wrong.",
)
@click.version_option(__version__, prog_name="orchestrator")
def orchestrator() -> None:
    """Event-driven choreography on RabbitMQ: services publish events, YAML rules react."""


def main() -> None:
    """Run the command line of this process and exit."""
    # What is read at start lives on: looking through it again and again costs a tenth of the time.
    gc.set_threshold(*COLLECTOR)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code = orchestrator.main(
            arguments, prog_name="orchestrator", standalone_mode=False, color=_color()
        )
        sys.stdout.flush()
    except click.ClickException as error:
        return _misused(error)
    except OrchestratorError as error:
        return _refused(error)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_gone()
    except Exception as error:  # noqa: BLE001 - the outermost boundary: people get no traceback
        return _bug(error)
    return code if isinstance(code, int) else 0


def _misused(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
    elif isinstance(error, click.UsageError) and error.ctx is not None:
        message = error.format_message().rstrip(".")
        _complain(f"{message} (see '{error.ctx.command_path} --help')")
    else:
        _complain(error.format_message())
    return error.exit_code


def _refused(error: OrchestratorError) -> int:
    if not isinstance(error, InvalidDefinitions):
        return _complain(str(error))
    for problem in error.problems:  # each has its own place and level, as `rules check` shows them
        click.echo(harmless(str(problem)), err=True)
    return 1


def _reader_gone() -> int:
    # What is still buffered has no reader: without this, the interpreter complains at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _bug(error: Exception) -> int:
    if os.environ.get("ORCHESTRATOR_LOG_LEVEL") == "debug":
        traceback.print_exception(error)
    return _complain(
        f"{type(error).__name__}: {error}; this is a bug, please report it"
        " (ORCHESTRATOR_LOG_LEVEL=debug shows where it happened)"
    )


def _complain(message: str) -> int:
    said = harmless(message, keep="\n\t")  # click lists choices on lines of their own
    click.echo(f"{click.style('error:', fg='red', bold=True)} {said}", err=True, color=_color())
    return 1


def _color() -> bool | None:
    """Return False where nobody wants colour (https://no-color.org), else None: a terminal does."""
    return False if os.environ.get("NO_COLOR") else None

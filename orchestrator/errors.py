"""Every error this project raises on purpose, arranged by what the one who catches it does next.

OrchestratorError
├── Refused             this input will never work: dead-letter it, or tell the user
│   ├── BadMessage          the envelope cannot be read
│   ├── SchemaViolation     the data breaks its payload schema
│   └── ExpressionError     an expression cannot be compiled, or failed on this data
├── InvalidDefinitions  rules or schemas with errors: keep what runs, show the problems
├── Unavailable         a service is away: wait and try again
└── Misconfigured       only a person can mend it: say what to do, and stop
    └── CannotRead          a file or folder of definitions is not there
"""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.problem import Position, Problem


class OrchestratorError(Exception):
    """Base of all errors raised on purpose. Its text is a message for a person, on one line."""


class Refused(OrchestratorError):
    """This input will never work, however often it is tried.

    Attributes:
        reason: a short stable word for metrics, headers and ``dlq list --reason``.
    """

    reason = "refused"


class BadMessage(Refused):
    """The message cannot be read as an event."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SchemaViolation(Refused):
    """The data of a message breaks the payload schema of its type. Never contains the data."""

    reason = "schema-violation"


class ExpressionError(Refused):
    """An expression cannot be compiled, or failed on the data at hand. Never contains the data.

    Attributes:
        message: what is wrong, without the position.
        position: where in the rule file, or None for an expression that came from no file.
    """

    reason = "expression-failed"

    def __init__(self, message: str, position: Position | None = None) -> None:
        super().__init__(f"{position}: {message}" if position else message)
        self.message = message
        self.position = position


class TooManyHops(Refused):
    """So many reactions led to an event that its rules are taken to trigger each other for ever."""

    reason = "too-many-hops"


class Unreadable(Refused):
    """An open instance began under a wording of its rule that nobody can ask any more."""

    reason = "unreadable-revision"

    def __init__(self, rule: str, revision: str, key: str, why: str) -> None:
        super().__init__(
            f"rule {rule}, key {key}: what is open there began under revision {revision}, which"
            f" cannot be asked any more: {why}. Put back what that revision needs and redrive this,"
            f" or end it with `orchestrator instances cancel {quote(key)} --rule {rule}`"
        )


class Defect(Refused):
    """A mistake in our own code met this message. Never contains the data.

    Attributes:
        cause: what was raised, for the log: its text may quote the data.
    """

    reason = "internal-error"

    def __init__(self, error: Exception) -> None:
        self.cause = error
        super().__init__(
            f"a defect of the orchestrator ({type(error).__name__}): see its log for the traceback,"
            " report it, and redrive the message after an update"
        )


class InvalidDefinitions(OrchestratorError):
    """Rule or schema files with errors. What runs keeps running."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class Unavailable(OrchestratorError):
    """A service is away or too slow. Nothing is known to be lost: wait and try again."""


class Misconfigured(OrchestratorError):
    """Something only a person can mend: a wrong password, a drifted queue, a weak Redis."""


class CannotRead(Misconfigured):
    """A file or folder of definitions is not there, or is closed to us.

    Args:
        error: what the system says.
        setting: the variable that names the folder where nobody gave its path.
    """

    def __init__(self, error: OSError, setting: str) -> None:
        missing = Path(str(error.filename))
        is_astray = isinstance(error, FileNotFoundError) and missing == Path(missing.name)
        where = (
            f" in {Path.cwd()}: go to the folder that has it, or name another in {setting}"
            if is_astray and not missing.suffix
            else ""
        )
        super().__init__(f"cannot read {missing}: {error.strerror}{where}")

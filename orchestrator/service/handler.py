"""A function that handles one message type, and what its annotations promise. Runs nothing."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_type_hints

import orjson
from pydantic import BaseModel, ValidationError

from orchestrator.errors import Misconfigured, SchemaViolation

if TYPE_CHECKING:
    from collections.abc import Iterator

HandlerFunction = Callable[..., Awaitable[object]]

Delay = Literal["1s", "10s", "1m", "10m", "1h"]
"""How long the broker can hold a message back before it is tried again."""

RETRIES: Final[tuple[Delay, ...]] = ("1s", "10s", "1m", "10m", "1h")

_PARAMETERS = 2


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and how long a handler may try.

    Attributes:
        retries: the delay before each further attempt; empty for a single attempt.
        timeout_seconds: after this long an attempt is cancelled and counts as failed.
    """

    retries: tuple[Delay, ...] = RETRIES
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Handler:
    """What handles one message type.

    Attributes:
        message_type: what it handles.
        function: ``async (message, context) -> reply``.
        model: the type of its first parameter.
        replies: names of the message types it may return.
        policy: how often and how long it may try.
    """

    message_type: str
    function: HandlerFunction
    model: type[BaseModel]
    replies: frozenset[str]
    policy: Policy

    @property
    def name(self) -> str:
        """What dead letters call it."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    def parse(self, data: object) -> BaseModel:
        """Return `data`, a JSON value, as the handler's model.

        Raises:
            SchemaViolation: naming the fields and what is wrong with them, not their values.
        """
        try:
            # As JSON, because a strict model takes a date from JSON text but not from a str.
            return self.model.model_validate_json(orjson.dumps(data))
        except ValidationError as error:
            raise SchemaViolation(f"{self.message_type}: {_describe(error)}") from None


def handler(message_type: str, function: HandlerFunction, policy: Policy) -> Handler:
    """Read the annotations of `function`.

    Raises:
        Misconfigured: it cannot be a handler; the text says what to change.
    """
    where = f"handler {function.__module__}.{function.__qualname__} of {message_type}"
    if inspect.isasyncgenfunction(function):
        raise Misconfigured(f"{where}: it yields: return a list of models instead")
    if not inspect.iscoroutinefunction(function):
        raise Misconfigured(f"{where}: write it as async def")
    parameters = list(inspect.signature(function).parameters)
    if len(parameters) != _PARAMETERS:
        raise Misconfigured(f"{where}: it needs two parameters, the message and the context")
    try:
        hints = get_type_hints(function)
    except NameError as error:
        raise Misconfigured(
            f"{where}: {error}: import what its annotations name at run time, not under"
            " TYPE_CHECKING"
        ) from None
    model = hints.get(parameters[0])
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise Misconfigured(f"{where}: annotate {parameters[0]!r} with a pydantic model")
    _verify(policy, where)
    replies = frozenset(_models(hints.get("return")))
    return Handler(message_type, function, model, replies, policy)


def _verify(policy: Policy, where: str) -> None:
    """Raise ``Misconfigured`` for what would hold up every message behind the first that fails."""
    known = get_args(Delay)
    if not set(policy.retries) <= set(known):
        raise Misconfigured(
            f"{where}: retries is a list of {', '.join(known)}, such as {known[:2]}; the broker has"
            " queues for no other delays"
        )
    if policy.timeout_seconds <= 0:
        raise Misconfigured(f"{where}: timeout_seconds is more than 0")


def _models(hint: Any) -> Iterator[str]:  # noqa: ANN401 - an annotation can be anything
    """Yield the names of the models in a return annotation, such as ``list[A] | B | None``."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint.__name__
    for inner in get_args(hint):
        yield from _models(inner)


def _describe(error: ValidationError) -> str:
    """Return the violations on one line, without the data."""
    return "; ".join(
        f"{'/'.join(('', *map(str, detail['loc'])))}: {detail['msg']}"
        for detail in error.errors(include_input=False, include_url=False)
    )

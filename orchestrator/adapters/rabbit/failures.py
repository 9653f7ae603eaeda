"""What RabbitMQ and its client library can throw at us, in our words. The one table of both."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import aiormq.exceptions as amqp
from aiormq.connection import DEFAULT_PORTS
from pamqp.exceptions import PAMQPException
from yarl import URL

from orchestrator.errors import Misconfigured, OrchestratorError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLY: Final = "run `orchestrator apply`"


class NotAmqp(Exception):
    """What answered does not speak AMQP 0-9-1."""


class ConnectionEnded(Exception):
    """The broker closed the connection with a reason, or it broke without one.

    Attributes:
        code: the broker's reply code; 0 when the connection broke.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


_REFUSED_CREDENTIALS = "it refuses the user or the password: correct ORCHESTRATOR_AMQP_URL"
_LOGIN_REFUSED = "ACCESS_REFUSED - Login was refused"
_NOT_AMQP = "what answers is not RabbitMQ: correct host and port in ORCHESTRATOR_AMQP_URL"
_REFUSED_ACCESS = "grant the user these permissions with `rabbitmqctl set_permissions`"
_MISSING = f"{APPLY} to create what is missing"
_NO_QUEUE = "NOT_FOUND - no queue"
_NODE_DOWN = "is down or inaccessible"
OWN_QUEUE: Final = "; a service of your own creates its queue when it starts"
_DRIFTED = (
    "it exists with other arguments: delete or rename it once it is empty, or set the old value"
    f" again, then {APPLY}"
)
_BAD_VHOST = (
    "create the virtual host with `rabbitmqctl add_vhost` and give the user permissions on it, or"
    " correct the path of ORCHESTRATOR_AMQP_URL"
)
_LOCKED = "another connection uses it exclusively: stop that one"

# The first row that fits decides. What is in no row is a bug, and passes.
TABLE: Final[tuple[tuple[type[BaseException], type[OrchestratorError], str], ...]] = (
    (amqp.ProbableAuthenticationError, Misconfigured, _REFUSED_CREDENTIALS),
    (amqp.AuthenticationError, Misconfigured, _REFUSED_CREDENTIALS),
    (amqp.IncompatibleProtocolError, Misconfigured, _NOT_AMQP),
    (NotAmqp, Misconfigured, _NOT_AMQP),
    (amqp.ConnectionNotAllowed, Misconfigured, _BAD_VHOST),
    (amqp.ChannelAccessRefused, Misconfigured, _REFUSED_ACCESS),
    (amqp.ChannelNotFoundEntity, Misconfigured, _MISSING),
    (amqp.ChannelPreconditionFailed, Misconfigured, _DRIFTED),
    (amqp.ChannelLockedResource, Misconfigured, _LOCKED),
    (amqp.AMQPError, Unavailable, ""),
    (amqp.ChannelInvalidStateError, Unavailable, ""),
    (PAMQPException, Unavailable, ""),
    (ConnectionEnded, Unavailable, ""),
    (TimeoutError, Unavailable, "it did not answer in time"),
    (EOFError, Unavailable, "it closed the connection"),
    (OSError, Unavailable, ""),
)

_BY_REPLY_CODE: Final[dict[int, tuple[type[OrchestratorError], str]]] = {
    403: (Misconfigured, _REFUSED_ACCESS),
    404: (Misconfigured, _MISSING),
    405: (Misconfigured, _LOCKED),
    406: (Misconfigured, _DRIFTED),
    530: (Misconfigured, _BAD_VHOST),
}


def place(url: str) -> str:
    """Return where `url` leads, without its password."""
    parsed = URL(url)
    user = f"{parsed.user}@" if parsed.user else ""
    port = parsed.port or DEFAULT_PORTS[parsed.scheme]
    return f"{user}{parsed.host_subcomponent}:{port}{parsed.raw_path}"


def ours(error: BaseException, doing: str) -> OrchestratorError | None:
    """Return `error` in our words, or None if it is not RabbitMQ's.

    Args:
        error: anything that was raised.
        doing: what was tried and where, such as ``RabbitMQ at host:5672: connect``.
    """
    if isinstance(error, ConnectionEnded) and error.code in _BY_REPLY_CODE:
        return closed(error.code, str(error), doing)
    for foreign, kind, advice in TABLE:
        if isinstance(error, foreign):
            reason = _reason(error)
            if not reason and not advice:
                reason = type(error).__name__
            return kind(_sentence(doing, reason, advice))
    return None


def closed(code: int, text: str, doing: str) -> OrchestratorError:
    """Return our error for a channel or connection that the broker closed.

    Args:
        code: the AMQP reply code.
        text: the broker's explanation.
        doing: what was tried and where.
    """
    kind, advice = _BY_REPLY_CODE.get(code, (Unavailable, ""))
    if text.startswith(_LOGIN_REFUSED):
        advice = _REFUSED_CREDENTIALS  # under the same code as a missing permission
    return kind(_sentence(doing, text, advice))


def alarm(reason: str) -> str:
    """Return what to say of a broker that takes nothing that is published.

    Args:
        reason: the broker's own words, such as ``low on memory``.
    """
    return f"it takes no messages now ({reason}): free memory or disk there"


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raise what goes wrong inside as one of our errors.

    The client library cancels our calls when it closes a channel under them: that is not a
    cancellation of the task, and must not look like one.

    Raises:
        Unavailable: wait and try again.
        Misconfigured: the text says what to do.
    """
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise Unavailable(_sentence(doing, "the connection was closed", "")) from None
    except OrchestratorError:
        raise
    except Exception as error:
        mapped = ours(error, doing)
        if mapped is None:
            raise
        raise mapped from error


def _reason(error: BaseException) -> str:
    """Return the broker's or the system's own words, on one line; nothing if there are none."""
    text = next((str(part) for part in reversed(error.args) if isinstance(part, str)), "")
    return " ".join((text or str(error)).split())


def _sentence(doing: str, reason: str, advice: str) -> str:
    if reason.startswith(_NO_QUEUE):
        advice += OWN_QUEUE  # which `apply` knows nothing of
    elif reason.endswith(_NODE_DOWN):
        advice = "wait for that node, or start it again"
    return ": ".join(part for part in (doing, reason.rstrip("."), advice) if part)

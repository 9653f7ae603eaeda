import inspect

import aiormq.exceptions
import pamqp.exceptions
import pytest
from pamqp.commands import Basic

from orchestrator.adapters.rabbit.failures import closed, ours, place, translated
from orchestrator.errors import Misconfigured, OrchestratorError, Unavailable

# Every exception class of the client library, by what we make of it. A new one fails the test below
# until somebody has thought about it.
MISCONFIGURED = {
    "AuthenticationError",
    "ChannelAccessRefused",
    "ChannelLockedResource",
    "ChannelNotFoundEntity",
    "ChannelPreconditionFailed",
    "ConnectionNotAllowed",
    "IncompatibleProtocolError",
    "ProbableAuthenticationError",
}
UNAVAILABLE = {
    "AMQPChannelError",
    "AMQPConnectionError",
    "AMQPError",
    "AMQPException",
    "ChannelClosed",
    "ChannelInvalidStateError",
    "ConnectionChannelError",
    "ConnectionClosed",
    "ConnectionCommandInvalid",
    "ConnectionFrameError",
    "ConnectionInternalError",
    "ConnectionNotImplemented",
    "ConnectionResourceError",
    "ConnectionSyntaxError",
    "ConnectionUnexpectedFrame",
    "DeliveryError",
    "DuplicateConsumerTag",
    "InvalidFrameError",
    "MethodNotImplemented",
    "ProtocolSyntaxError",
    "PublishError",
}


def exceptions_of(module: object) -> dict[str, type[Exception]]:
    return {
        name: value
        for name, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, Exception)
    }


def test_every_exception_of_the_client_is_thought_about() -> None:
    """One that is in no row would reach the engine as a bug and stop it."""
    assert set(exceptions_of(aiormq.exceptions)) == MISCONFIGURED | UNAVAILABLE


@pytest.mark.parametrize(
    ("names", "expected"), [(MISCONFIGURED, Misconfigured), (UNAVAILABLE, Unavailable)]
)
def test_the_table_says_what_to_do_next(names: set[str], expected: type[OrchestratorError]) -> None:
    """Wait for what passes, stop for what only a person can mend."""
    found = exceptions_of(aiormq.exceptions)
    errors = [found[name].__new__(found[name]) for name in sorted(names)]
    for error in errors:
        if isinstance(error, aiormq.exceptions.DeliveryError):
            error.frame = Basic.Nack(1)

    assert {type(ours(error, "test")) for error in errors} == {expected}


def test_whatever_cannot_be_decoded_is_a_broken_connection() -> None:
    """There is nothing to do about it but to connect again."""
    for kind in exceptions_of(pamqp.exceptions).values():
        assert isinstance(ours(kind("x", "y"), "test"), Unavailable)


def test_a_bug_stays_a_bug() -> None:
    """Negative control: a mistake of ours must not be waited out."""
    with pytest.raises(ZeroDivisionError), translated("test"):
        _ = 1 / 0


def test_messages_are_one_line_and_say_what_where_and_what_to_do() -> None:
    """They are printed as they are."""
    error = closed(
        404, "NOT_FOUND - no exchange 'hms' in vhost '/'", "RabbitMQ at mq:5672: publish"
    )

    assert str(error) == (
        "RabbitMQ at mq:5672: publish: NOT_FOUND - no exchange 'hms' in vhost '/':"
        " run `orchestrator apply` to create what is missing"
    )


def test_a_missing_queue_may_be_one_that_apply_does_not_know() -> None:
    """Who follows the advice would apply again and again, and wait for a queue that never comes."""
    error = closed(404, "NOT_FOUND - no queue 'lab' in vhost '/'", "RabbitMQ at mq:5672: consume")

    assert str(error).endswith(
        ": run `orchestrator apply` to create what is missing; a service of your own creates its"
        " queue when it starts"
    )


def test_a_queue_whose_node_is_down_is_not_created_again() -> None:
    """It is all there, and comes back with its node."""
    says = "NOT_FOUND - home node 'a@b' of durable queue 'q' in vhost '/' is down or inaccessible"

    assert str(closed(404, says, "consume")).endswith(": wait for that node, or start it again")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://guest:s3cret@127.0.0.1:5673/", "guest@127.0.0.1:5673/"),
        ("amqp://mq.example.org/hms", "mq.example.org:5672/hms"),
        ("amqps://user:p%40ss@mq/%2F", "user@mq:5671/%2F"),
        ("amqp://[::1]:5673/", "[::1]:5673/"),
    ],
)
def test_a_place_never_shows_the_password(url: str, shown: str) -> None:
    """It ends in logs and health answers."""
    assert place(url) == shown

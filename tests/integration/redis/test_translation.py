"""Every exception redis-py knows becomes one of ours."""

from __future__ import annotations

import pytest
from redis import exceptions

from orchestrator.adapters.redis.connection import address, translate, translated
from orchestrator.errors import Misconfigured, Unavailable

PASSING = {
    "AuthorizationError",
    "BusyLoadingError",
    "ClusterDownError",
    "ClusterError",
    "ConnectionError",
    "ExternalAuthProviderError",
    "InvalidResponse",
    "MasterDownError",
    "MaxConnectionsError",
    "OutOfMemoryError",
    "ReadOnlyError",
    "RedisError",
    "TimeoutError",
    "TryAgainError",
}
LASTING = {
    "AskError",
    "AuthenticationError",
    "AuthenticationWrongNumberOfArgsError",
    "ClusterCrossSlotError",
    "ExecAbortError",
    "ModuleError",
    "MovedError",
    "NoPermissionError",
    "NoScriptError",
    "ResponseError",
}
NOT_FOR_US = {
    "ChildDeadlockedError",  # a fork with a lock held
    "CrossSlotTransactionError",  # the cluster client's own, here and below
    "DataError",  # an argument of ours that is none: a defect, not an outage
    "IncorrectPolicyType",
    "InvalidPipelineStack",
    "LockError",  # locks, publish/subscribe, watches and hash fields with a lifetime: not used
    "LockNotOwnedError",
    "NoSuchFieldsetError",
    "PubSubError",
    "RedisClusterException",
    "SlotNotCoveredError",
    "WatchError",
}


def test_no_exception_of_the_library_is_unknown() -> None:
    """A new version brings new ones: somebody must decide whether to wait or to stop for them."""
    names = {
        name
        for name, kind in vars(exceptions).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert names == PASSING | LASTING | NOT_FOR_US


@pytest.mark.parametrize("name", sorted(PASSING))
def test_what_passes_is_waited_for(name: str) -> None:
    """A daemon that stops for a failover has to be started by a person at night."""
    error = getattr(exceptions, name)("boom")
    assert type(translate(error, "cache:6379")) is Unavailable


@pytest.mark.parametrize("name", sorted(LASTING))
def test_what_only_a_person_can_mend_is_said_so(name: str) -> None:
    """Trying it again in silence would hide it for ever."""
    kind = getattr(exceptions, name)
    error = kind("42 10.0.0.1:6379") if issubclass(kind, exceptions.AskError) else kind("boom")
    assert type(translate(error, "cache:6379")) is Misconfigured


def test_the_text_says_which_server_what_and_the_librarys_own_words() -> None:
    """One line is all that is in the log."""
    with pytest.raises(Unavailable) as ours, translated("cache:6379"):
        raise exceptions.BusyLoadingError("Redis is loading the dataset in memory")
    assert str(ours.value) == (
        "Redis at cache:6379 is still loading its data (Redis is loading the dataset in memory)"
    )


def test_a_defect_is_not_taken_for_an_outage() -> None:
    """It would be waited for without end; the engine has a place for defects."""
    with pytest.raises(TypeError), translated("cache:6379"):
        raise TypeError("ours")
    with pytest.raises(exceptions.DataError), translated("cache:6379"):
        raise exceptions.DataError("Invalid input of type: 'NoneType'")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://user:hunter2@cache:6380/3", "cache:6380"),
        ("redis://cache", "cache:6379"),
        ("redis://[::1]:6380", "[::1]:6380"),
        ("redis://:hunter2@cache:port/0", "cache:6379"),
        ("unix:///run/redis.sock", "localhost:6379"),
    ],
)
def test_messages_name_host_and_port_and_no_password(url: str, place: str) -> None:
    """Logs are read by more people than passwords are meant for."""
    assert address(url) == place

"""Settings: where they come from, what they refuse, and what they never print."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr, ValidationError

from orchestrator.cli.context import read_settings
from orchestrator.errors import Misconfigured
from orchestrator.settings import Settings, read_api_keys

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_settings_of_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's shell or the test runner has set is no business of these tests."""
    for name in list(os.environ):
        if name.startswith("ORCHESTRATOR_"):
            monkeypatch.delenv(name)


def test_nothing_needs_to_be_set() -> None:
    """A first run on one machine works with what everybody has."""
    settings = Settings()
    assert settings.amqp_url.get_secret_value() == "amqp://guest:guest@127.0.0.1:5672/"
    assert settings.redis_url.get_secret_value() == "redis://127.0.0.1:6379/0"
    assert settings.redis_allow_weak is False
    assert settings.http_host == "127.0.0.1"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_read_from_its_variable(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One rule for all names, so that nobody has to look them up."""
    default = getattr(Settings(), name)
    other = "viewer:0123456789abcdef" if name == "api_keys" else other_than(default)
    monkeypatch.setenv(f"ORCHESTRATOR_{name.upper()}", other)
    assert getattr(Settings(), name) != default


def other_than(default: object) -> str:
    """Return the text of a valid value that is not the default."""
    if isinstance(default, bool):
        return str(not default)
    if isinstance(default, SecretStr):
        return "amqp://elsewhere:5672/"
    if isinstance(default, int | float):
        return str(default + 1) if default < 1000 else str(default - 1)
    return {"info": "debug", "auto": "json", "7D": "8D"}.get(str(default), "other")


@pytest.mark.parametrize("value", ["1", "true", "yes", "on", "True"])
def test_yes_is_said_in_many_ways(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files, shells and Kubernetes each have their own."""
    monkeypatch.setenv("ORCHESTRATOR_REDIS_ALLOW_WEAK", value)
    assert Settings().redis_allow_weak is True


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("PREFETCH", "0", "Input should be greater than or equal to 1"),
        ("PREFETCH", "many", "Input should be a valid integer"),
        ("PREFETCH", "1000000", "Input should be less than or equal to 10000"),
        ("BATCH_SIZE", "", "Input should be a valid integer"),
        ("SHARDS", "0", "Input should be greater than or equal to 1"),
        ("MAX_BODY_BYTES", "10", "Input should be greater than or equal to 1024"),
        ("SWEEP_SECONDS", "0", "Input should be greater than 0"),
        ("SWEEP_SECONDS", "nan", "Input should be"),
        ("SWEEP_SECONDS", "inf", "Input should be less than or equal to 2147483647"),
        ("OUTBOX_AGE_SECONDS", "1e300", "Input should be less than or equal to 2147483647"),
        ("DRAIN_SECONDS", "inf", "Input should be less than or equal to 2147483647"),
        ("UNMATCHED_MAX_LENGTH", "9" * 20, "Input should be less than or equal to 2147483647"),
        ("DLQ_MAX_LENGTH", "9" * 20, "Input should be less than or equal to 2147483647"),
        ("LOG_MAX_BYTES", "9" * 20, "Input should be less than or equal to 9007199254740992"),
        ("LOG_MAX_AGE", "0D", "String should match pattern"),
        ("LOG_MAX_AGE", "٣D", "String should match pattern"),
        ("HTTP_PORT", "65536", "Input should be less than or equal to 65535"),
        ("LOG_LEVEL", "loud", "Input should be 'debug', 'info', 'warning' or 'error'"),
        ("LOG_FORMAT", "xml", "Input should be 'auto', 'json' or 'console'"),
        ("QUEUE", "", "String should match pattern"),
        ("QUEUE", "two words", "String should match pattern"),
        ("NAMESPACE", "{1}", "String should match pattern"),  # a hash tag of Redis Cluster
        ("EXCHANGE", "hms\n", "String should match pattern"),
        ("AMQP_URL", "broker:5672", "is not an AMQP URL"),
        ("AMQP_URL", "http://broker:15672/", "is not an AMQP URL"),
        ("AMQP_URL", "amqp://me:hunter/2@broker/", "is not an AMQP URL"),
        ("AMQP_URL", "amqp://me:hunter2@broker:99999/", "is not an AMQP URL"),
        ("LOG_MAX_AGE", "a week", "String should match pattern"),
        ("REDIS_ALLOW_WEAK", "maybe", "Input should be a valid boolean"),
    ],
)
def test_a_wrong_value_names_its_variable_and_what_it_must_be(
    variable: str, value: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line at start, instead of a strange failure an hour later."""
    monkeypatch.setenv(f"ORCHESTRATOR_{variable}", value)
    with pytest.raises(Misconfigured) as refusal:
        read_settings()
    assert str(refusal.value).startswith(f"ORCHESTRATOR_{variable}: {problem}")
    assert "\n" not in str(refusal.value)
    assert "hunter" not in str(refusal.value)


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one per restart."""
    monkeypatch.setenv("ORCHESTRATOR_PREFETCH", "0")
    monkeypatch.setenv("ORCHESTRATOR_SHARDS", "0")
    with pytest.raises(Misconfigured, match=r"ORCHESTRATOR_PREFETCH: .*; ORCHESTRATOR_SHARDS: "):
        read_settings()


def test_passwords_are_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in a log line that shows the settings nor in a traceback."""
    monkeypatch.setenv("ORCHESTRATOR_AMQP_URL", "amqp://me:hunter2@broker/")
    monkeypatch.setenv("ORCHESTRATOR_REDIS_URL", "redis://:hunter2@cache/0")
    settings = Settings()
    assert "hunter2" in settings.amqp_url.get_secret_value()
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "hunter2" not in shown


def test_variables_of_others_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Other programs use the prefix too; and a file nobody named must not change anything."""
    (tmp_path / ".env").write_text("ORCHESTRATOR_QUEUE=from-a-file\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORCHESTRATOR_COLOUR", "green")
    assert Settings().queue == "orchestrator"


def test_settings_do_not_change_while_the_process_runs() -> None:
    """Who reads them late must read the same."""
    with pytest.raises(ValidationError):
        Settings().queue = "another"


@pytest.mark.parametrize("keys", ["secret", "admin:0123456789abcdef", "viewer:short", "viewer:"])
def test_a_key_that_would_let_anybody_in_is_refused(
    keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short key can be guessed, and a role that nobody knows may be a slip for another."""
    monkeypatch.setenv("ORCHESTRATOR_API_KEYS", keys)
    with pytest.raises(ValidationError, match=r"role|list such as"):
        Settings()


def test_keys_have_roles() -> None:
    """One variable holds them all, as a secret of a cluster does."""
    keys = SecretStr("viewer:0123456789abcdef, operator:fedcba9876543210")
    assert read_api_keys(keys) == {"0123456789abcdef": "viewer", "fedcba9876543210": "operator"}

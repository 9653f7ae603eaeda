"""Every setting with its default, read from ``ORCHESTRATOR_*`` variables. Connects to nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

Role = Literal["viewer", "operator"]
_SHORTEST_KEY = 16
_MOST = 2**31 - 1
"""What fits everywhere that a number is passed on to: into RabbitMQ, Redis and lengths of time."""
_MOST_BYTES = 2**53

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,100}$")]


def _amqp_url(url: SecretStr) -> SecretStr:
    """Refuse what the client library would try for ever, or fail on without a word of sense."""
    try:
        parts = urlsplit(url.get_secret_value())
        readable = parts.scheme in ("amqp", "amqps") and parts.hostname and parts.port != 0
    except ValueError:  # its text would quote the password, of which a part stands as the port
        readable = False
    if not readable:
        raise PydanticCustomError(
            "amqp_url",
            "is not an AMQP URL, such as amqp://user:password@host:5672/vhost: write special"
            " characters in the password as %XX",
        )
    return url


def _api_keys(keys: SecretStr) -> SecretStr:
    """Refuse what is no list of roles and keys, without quoting a key."""
    try:
        read_api_keys(keys)
    except ValueError as error:
        raise PydanticCustomError(
            "api_keys", "is a list such as operator:KEY,viewer:KEY, each key of 16 or more signs"
        ) from error
    return keys


def read_api_keys(keys: SecretStr) -> dict[str, Role]:
    """Return key -> role of ``role:key,role:key``. Raise ``ValueError`` for anything else."""
    found: dict[str, Role] = {}
    for entry in filter(None, keys.get_secret_value().split(",")):
        role, _, key = entry.strip().partition(":")
        if role not in ("viewer", "operator") or len(key) < _SHORTEST_KEY:
            raise ValueError(role)
        found[key] = "operator" if role == "operator" else "viewer"
    return found


class Settings(BaseSettings):
    """How one process of ours is set up.

    Each attribute ``x`` is read from the environment variable ``ORCHESTRATOR_X``. URLs are secret:
    they hold passwords and are never printed.
    """

    model_config = SettingsConfigDict(env_prefix="ORCHESTRATOR_", frozen=True, extra="ignore")

    amqp_url: Annotated[SecretStr, AfterValidator(_amqp_url)] = Field(
        default=SecretStr("amqp://guest:guest@127.0.0.1:5672/"),
        description="RabbitMQ, with its vhost.",
    )
    redis_url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"), description="Redis, with its database."
    )
    rules: Path = Field(default=Path("rules"), description="Folder of rule files.")
    schemas: Path = Field(default=Path("schemas"), description="Folder of AsyncAPI documents.")
    source: Name = Field(
        default="orchestrator", description="CloudEvents source of what rules send."
    )

    exchange: Name = Field(
        default="hms", description="Entry exchange; names the bus, log and tail too."
    )
    queue: Name = Field(default="orchestrator", description="Input queue of all replicas.")
    retry_prefix: Name = Field(default="retry", description="Retry queues are <prefix>.<delay>.")
    service_prefix: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_.:-]{0,50}$",
        description="First part of the names and queues of consumer services.",
    )
    namespace: Name = Field(default="orchestrator", description="First part of every Redis key.")
    keep_log: bool = Field(
        default=True, description="Keep every message in the <exchange>.log stream."
    )
    keep_tail: bool = Field(default=True, description="Keep the newest 1,000 in <exchange>.tail.")
    log_max_age: str = Field(
        default="7D",
        pattern=r"^0*[1-9][0-9]{0,9}[YMDhms]$",
        description="Age limit of the log stream.",
    )
    log_max_bytes: int = Field(
        default=2_000_000_000,
        ge=1_000_000,
        le=_MOST_BYTES,
        description="Size limit of the log stream.",
    )
    dlq_max_length: int = Field(
        default=100_000, ge=1, le=_MOST, description="Dead letters a queue keeps before it refuses."
    )

    prefetch: int = Field(
        default=1000, ge=1, le=10_000, description="Unacknowledged deliveries held."
    )
    batch_size: int = Field(
        default=256, ge=1, le=5_000, description="Most deliveries decided together."
    )
    max_body_bytes: int = Field(
        default=1024 * 1024, ge=1024, le=_MOST, description="Larger messages are refused."
    )
    shards: int = Field(
        default=64, ge=1, le=1024, description="Shards of the key space in Redis; fixed once used."
    )
    dedupe_hours: int = Field(
        default=24, ge=1, le=24 * 30, description="How long a duplicate is recognised."
    )
    max_hops: int = Field(
        default=32, ge=1, le=10_000, description="Reactions in a row before rules stop reacting."
    )
    unmatched_max_length: int = Field(
        default=10_000,
        ge=0,
        le=_MOST,
        description="Entries of the ledger `unmatched list` shows; 0: none.",
    )
    retention_hours: int = Field(
        default=24, ge=1, le=24 * 365, description="How long finished instances are known."
    )
    retained: int = Field(
        default=100_000,
        ge=1_000,
        le=10_000_000,
        description="Most finished instances that are known.",
    )
    redis_allow_weak: bool = Field(
        default=False, description="Accept a Redis that can lose commits."
    )
    sweep_seconds: float = Field(
        default=10.0, gt=0, le=_MOST, description="How often the outbox is swept."
    )
    outbox_age_seconds: float = Field(
        default=30.0, gt=0, le=_MOST, description="Age at which an entry is sent again."
    )
    drain_seconds: float = Field(
        default=20.0, gt=0, le=_MOST, description="Time to finish work after SIGTERM."
    )

    http_host: str = Field(
        default="127.0.0.1", description="Address of /live, /ready, /metrics and /workflows."
    )
    http_port: int = Field(
        default=8080, ge=0, le=65535, description="Their port; 0 picks a free one."
    )
    api_keys: Annotated[SecretStr, AfterValidator(_api_keys)] = Field(
        default=SecretStr(""),
        description="Who may use /workflows: role:key, separated by commas; roles are viewer and"
        " operator. Without any, only a port on loopback is open.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Log level."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="auto: console on a terminal, JSON when piped."
    )

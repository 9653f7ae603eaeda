"""Where mail goes, read from ``NOTIFY_*`` variables. Connects to nothing."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestrator.errors import Misconfigured


class NotifySettings(BaseSettings):
    """How mail is sent.

    Each attribute ``x`` is read from the environment variable ``NOTIFY_X``.
    """

    model_config = SettingsConfigDict(env_prefix="NOTIFY_", frozen=True, extra="ignore")

    smtp_url: SecretStr | None = Field(
        default=None, description="smtp://user:password@host:port, smtps:// for TLS; none: Maildir."
    )
    maildir: Path = Field(default=Path("mail"), description="Folder for mail without a server.")
    sender: str = Field(default="labor-office@example.org", description="From whom the mails are.")
    timeout_seconds: float = Field(
        default=10.0, gt=0, description="How long the mail server may take."
    )


def read_settings() -> NotifySettings:
    """Read the environment.

    Raises:
        Misconfigured: naming the variable and what is wrong with it.
    """
    try:
        return NotifySettings()
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        raise Misconfigured(f"NOTIFY_{wrong['loc'][0]}".upper() + f": {wrong['msg']}") from None

"""Masks secrets that stand inside texts, such as errors of libraries. Knows no log, no message."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "***"

_URL_PASSWORD: Final = re.compile(r"(?<=://)([^\s/:@]*):[^\s/]*@")
_QUERY_SECRET: Final = re.compile(
    r"([?&](?:password|passwd|secret|token|api_?key)=)[^&\s]+", re.IGNORECASE
)
_AUTHORIZATION: Final = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE)


def redact_text(text: str) -> str:
    """Return `text` without the passwords of URLs, secret query parameters and credentials."""
    if "://" in text:
        text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
        text = _QUERY_SECRET.sub(rf"\1{MASK}", text)
    return _AUTHORIZATION.sub(rf"\1 {MASK}", text)

"""Hashes of normalised definitions. Knows only bytes and text."""

from __future__ import annotations

from hashlib import blake2b

_REVISION_BYTES = 6


def digest(*contents: bytes | str) -> str:
    """Return 12 hexadecimal digits that change when any of the contents does."""
    total = blake2b(digest_size=_REVISION_BYTES)
    for content in contents:
        raw = content.encode() if isinstance(content, str) else content
        total.update(len(raw).to_bytes(8, "big"))
        total.update(raw)
    return total.hexdigest()

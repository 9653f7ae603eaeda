"""Topic matching as RabbitMQ does it. A test compares the two."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def topic_matches(pattern: str, routing_key: str) -> bool:
    """Return whether a binding under `pattern` takes `routing_key`.

    ``*`` stands for one word, ``#`` for any number of words, none included: ``a.#`` takes ``a``.
    """
    # What is left to match after each way of reading the words so far.
    words = _words(routing_key)
    reached = {0}
    for part in _words(pattern):
        if part == "#":
            reached = set(range(min(reached, default=len(words) + 1), len(words) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(words) and part in ("*", words[at])}
    return len(words) in reached


def _words(text: str) -> list[str]:
    return text.split(".") if text else []

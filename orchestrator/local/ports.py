"""Picks free loopback ports. Knows nothing of what will listen on them."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"

# Below the range that kernels take client ports from: a client that keeps reconnecting to a dead
# service on a port of that range can end up connected to itself, and the service cannot come back.
_PORTS = range(20_000, 32_000)
_TRIES = 1_000


def free_ports(*preferred: int | None) -> list[int]:
    """Return one free loopback port for each argument, all different.

    Args:
        preferred: the port to take if it is free, or None for any port.

    Raises:
        OSError: no free port was found.
    """
    with ExitStack() as held:
        return [_hold(held, port) for port in preferred]


def _hold(held: ExitStack, preferred: int | None) -> int:
    candidates = random.sample(_PORTS, _TRIES)
    if preferred is not None:
        candidates.insert(0, preferred)
    for port in candidates:
        listener = held.enter_context(socket.socket())
        # As the servers do: a port whose last connections are in TIME_WAIT is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen()
        except OSError:
            continue
        return port
    raise OSError(f"no free port between {_PORTS.start} and {_PORTS.stop} on {LOOPBACK}")

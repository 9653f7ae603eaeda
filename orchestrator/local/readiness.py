"""Asks a server in its own protocol whether it serves. Needs no client library and no password."""

from __future__ import annotations

import socket

from orchestrator.local.ports import LOOPBACK

_TIMEOUT_SECONDS = 1.0
_AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME_ON_CHANNEL_0 = b"\x01\x00\x00"


def amqp_answers(port: int) -> bool:
    """Return whether a broker on this loopback port begins the AMQP 0-9-1 handshake."""
    return _ask(port, _AMQP_HEADER).startswith(_METHOD_FRAME_ON_CHANNEL_0)


def redis_answers(port: int) -> bool:
    """Return whether a Redis on this loopback port has loaded its data and answers a ping."""
    return _ask(port, b"PING\r\n").startswith(b"+PONG")


def _ask(port: int, question: bytes) -> bytes:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_TIMEOUT_SECONDS) as connection:
            connection.sendall(question)
            return connection.recv(64)
    except OSError:
        return b""

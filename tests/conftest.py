"""Fixtures that every test may use: RabbitMQ, Redis and names that nobody else has."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.local import Services, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

if not os.environ.get("CI"):  # there, Hypothesis has a profile of its own
    # A deadline is an assertion about time, and a busy machine is no defect.
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """RabbitMQ and Redis, shared by all tests: nobody may stop them.

    Tests keep apart by their names (``unique``), not by cleaning up after each other.
    """
    yield from _services(os.environ)


@pytest.fixture(scope="module")
def own_services() -> Iterator[Services]:
    """RabbitMQ and Redis for the tests of one module, which may restart or kill them (5 s)."""
    yield from _services({})


@pytest.fixture(scope="session")
def amqp_url(services: Services) -> str:
    """The URL of the shared broker."""
    return services.amqp_url


@pytest.fixture(scope="session")
def redis_url(services: Services) -> str:
    """The URL of the shared Redis."""
    return services.redis_url


@pytest.fixture
def unique() -> str:
    """A prefix for exchanges, queues and Redis namespaces that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}"


def _services(environ: Mapping[str, str]) -> Iterator[Services]:
    try:
        with running(environ=environ) as found:
            yield found
    except (Misconfigured, Unavailable) as error:
        # A laptop may lack them; in CI a test that did not run must not look like one that passed.
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))

"""Who may import whom. The drawing of the architecture that cannot go out of date."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

# Each layer and the layers it may know besides itself, `errors` and the package's version.
LAYERS: dict[str, set[str]] = {
    "errors": {"core"},  # a position in a file, for types only
    "core": set(),
    "document": {"core"},
    "rulefile": {"core", "document"},
    "builder": {"core", "document", "rulefile", "catalog", "settings"},
    "catalog": {"core", "document"},
    "ports": {"core"},
    "settings": set(),
    "clock": set(),
    "backoff": set(),
    "topology": {"core", "settings"},
    "engine": {"core", "ports", "backoff"},
    "service": {"core", "ports", "backoff"},
    "telemetry": {"core", "ports", "engine", "service"},
    "operation": {"core", "ports"},
    "folders": {"core", "rulefile", "catalog", "telemetry"},
    "http": {"core", "ports", "telemetry", "operation"},
    "adapters": set(),
    "adapters.memory": {"core", "ports", "topology"},
    "adapters.rabbit": {"core", "ports", "topology", "backoff"},
    "adapters.redis": {"core", "ports"},
    "ruletest": {"core", "document", "rulefile", "catalog", "ports", "engine", "adapters.memory"},
    "local": set(),
    "consumers": {"service"},
}
# The places that put everything together, and the commands above them.
LAYERS["daemon"] = set(LAYERS) - {"local", "consumers", "ruletest"}
LAYERS["runner"] = LAYERS["daemon"] - {"engine", "rulefile"}
LAYERS["cli"] = LAYERS["daemon"] - {"adapters.memory"} | {
    "daemon",
    "runner",
    "consumers",
    "ruletest",
}
LAYERS["__main__"] = {"cli"}

# A port that stands beside the only layer that needs it.
PORTS = {"orchestrator.service.inbox", "orchestrator.service.register"}

# Who may import a package that reaches the outside world.
CLIENTS: dict[str, set[str]] = {
    "aio_pika": {"adapters.rabbit"},
    "aiormq": {"adapters.rabbit"},
    "pamqp": {"adapters.rabbit"},
    "redis": {"adapters.redis"},
    "yaml": {"document"},
    "click": {"cli"},
    "cronsim": {"core"},
}

# A decision must come out the same on every replica and in every replay.
PURE = {"core", "document", "rulefile"}
IMPURE = {"asyncio", "logging", "os", "random", "secrets", "socket", "threading", "time", "uuid"}


def layer_of(module: str) -> str:
    """The layer a module belongs to; the bare package counts as ``version``."""
    package, *path = module.split(".")
    if module in PORTS:
        return "ports"
    if package == "consumers":
        return package
    if path[:1] == ["adapters"]:
        return ".".join(path[:2])
    return path[0] if path else "version"


def imports(source: str) -> Iterator[str]:
    """Every module that the source imports, for types only or not."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from orchestrator import errors` imports a module too.
            bare = node.module == "orchestrator"
            yield from (
                f"orchestrator.{a.name}" for a in node.names if bare and a.name[0].islower()
            )
            yield node.module or "." * node.level


def breaches(module: str, source: str) -> list[str]:
    """What a module imports although its layer may not, or that it has no layer."""
    layer = layer_of(module)
    if layer == "version":
        return []
    if layer not in LAYERS:
        return [f"{module} has no place: give it a layer in {Path(__file__).name}"]
    return [
        f"{module} ({layer}) may not import {imported}"
        for imported in imports(source)
        if not _allowed(layer, imported)
    ]


def _allowed(layer: str, imported: str) -> bool:
    package = imported.split(".", maxsplit=1)[0]
    if not package:
        return False  # relative: one way to write an import is enough
    if package in {"orchestrator", "consumers"}:
        return layer_of(imported) in LAYERS[layer] | {layer, "errors", "version"}
    if package in IMPURE:
        return layer not in PURE
    inside = layer != "consumers"  # what a service uses for its own work is its own matter
    return layer in CLIENTS.get(package, {layer}) if inside else True


def our_modules() -> list[tuple[str, Path]]:
    """Every module of the product with its file."""
    files = sorted([*ROOT.glob("orchestrator/**/*.py"), *ROOT.glob("consumers/**/*.py")])
    names = (".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files)
    return [(name.removesuffix(".__init__"), file) for name, file in zip(names, files, strict=True)]


def test_every_module_imports_only_what_its_layer_may() -> None:
    """Each layer can be understood, tested and replaced without those above it."""
    assert [
        breach for name, file in our_modules() for breach in breaches(name, file.read_text())
    ] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("orchestrator.core.decide", "import orchestrator.engine.spine"),
        ("orchestrator.core.decide", "from orchestrator import ports"),
        ("orchestrator.core.decide", "import time"),
        ("orchestrator.core.decide", "def f():\n    from uuid import uuid4"),
        ("orchestrator.core.decide", "from . import event"),
        ("orchestrator.engine.spine", "from orchestrator.adapters.redis.store import RedisStore"),
        ("orchestrator.engine.spine", "import aio_pika"),
        ("orchestrator.adapters.redis.store", "import orchestrator.adapters.rabbit.publisher"),
        ("orchestrator.adapters.redis.store", "import aiormq"),
        ("orchestrator.adapters.redis.store", "import orchestrator.engine"),
        ("orchestrator.adapters.rabbit.publisher", "from redis.asyncio import Redis"),
        ("orchestrator.service.service", "import orchestrator.adapters.memory"),
        ("orchestrator.cli.run", "import orchestrator.local"),
        ("consumers.notify.handlers", "from orchestrator.core.event import Event"),
        ("orchestrator.elsewhere", ""),
        ("orchestrator.adapters.kafka", ""),
    ],
)
def test_a_breach_is_found(module: str, source: str) -> None:
    """The negative control: a test of the layers that finds nothing wrong proves nothing."""
    assert breaches(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("orchestrator.core.decide", "from datetime import datetime"),
        ("orchestrator.engine.spine", "from orchestrator.ports import Store"),
        ("orchestrator.adapters.redis.store", "from redis.asyncio import Redis"),
        ("orchestrator.adapters.redis.inbox", "from orchestrator.service.inbox import Reply"),
        ("orchestrator.daemon", "import orchestrator.adapters.rabbit"),
        ("orchestrator.cli.main", "from orchestrator import __version__"),
        ("consumers.hr.handlers", "from redis.asyncio import Redis"),
    ],
)
def test_what_is_allowed_is_not_a_breach(module: str, source: str) -> None:
    """The test must not stand in the way of the design it protects."""
    assert breaches(module, source) == []

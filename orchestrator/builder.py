"""Workflows written in Python: the same definitions as in YAML, by the same reader."""

from __future__ import annotations

from datetime import timedelta
from math import isfinite
from typing import TYPE_CHECKING, Final, Self

from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.core.expression.times import format_duration
from orchestrator.core.workflow.machine import Workflow as Definition
from orchestrator.document import write_document
from orchestrator.errors import InvalidDefinitions
from orchestrator.rulefile import read_rules
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.rulefile.messages import MessageCatalog

_ENDS: Final = ("then", "otherwise")


class Workflow:
    """A workflow that is put together step by step.

    Every key of the YAML form is an argument of the same name; those that Python has taken carry
    an underscore at the end: ``if_``, ``with_``, ``await_``, ``as_``. Lengths of time may be
    ``timedelta``.

    Example:
        ``Workflow("casefile-setup", when="CasefileRequested").step("create", send="CreateCasefile",
        await_="CasefileCreated").step("store", send="StoreMessages", depends_on=["create"])``

    Args:
        name: unique among rules and workflows.
        keys: any other key of a workflow, such as ``when``, ``by``, ``timeout``.
    """

    def __init__(self, name: str, **keys: object) -> None:
        self._keys: dict[str, object] = {"name": name, **_written(keys)}
        self._steps: dict[str, object] = {}
        self._ends: dict[str, list[object]] = {}
        self._take_over()

    def step(self, name: str, **keys: object) -> Self:
        """Add a step.

        Args:
            name: unique in the workflow.
            keys: any key of a step, such as ``send``, ``await_``, ``depends_on``.
        """
        if name in self._steps:
            raise ValueError(f"the workflow has a step {name!r} already: names are unique")
        self._steps[name] = _written(keys)
        return self

    def group(self, name: str, mode: str, steps: Workflow, **keys: object) -> Self:
        """Add the steps of another builder as a group.

        Args:
            name: of the group.
            mode: sequential, parallel or dag.
            steps: whose steps they are; its other keys are left out.
            keys: any other key of a step.
        """
        return self.step(name, group=mode, steps=dict(steps._steps), **keys)

    def mode(self, mode: str) -> Self:
        """Set how steps follow each other: sequential, parallel or dag."""
        self._keys["mode"] = mode
        return self

    def timeout(self, length: str | timedelta) -> Self:
        """Set how long an instance may take as a whole."""
        self._keys["timeout"] = _plain(length)
        return self

    def then(self, *messages: object) -> Self:
        """Add messages that are sent when all steps are done, in their YAML form."""
        self._ends.setdefault("then", []).extend(map(_plain, messages))
        return self

    def otherwise(self, *messages: object) -> Self:
        """Add messages that are sent when it ends in any other way, in their YAML form."""
        self._ends.setdefault("otherwise", []).extend(map(_plain, messages))
        return self

    def to_yaml(self, *others: Workflow) -> str:
        """Return a rule file that says the same.

        Args:
            others: workflows that stand in the file behind it.
        """
        return write_document({"workflows": list(map(Workflow._entry, (self, *others)))})

    def build(self, catalog: MessageCatalog | None = None, *others: Workflow) -> Definition:
        """Return the definition.

        Args:
            catalog: the message types that it may name; None for those of the documents that the
                daemon reads (``ORCHESTRATOR_SCHEMAS``).
            others: the workflows that it runs, and its template.

        Raises:
            InvalidDefinitions: with every problem; positions are those in `to_yaml`.
            ValueError: it is switched off, or a template: nothing of it would ever run.
        """
        name = str(self._keys["name"])
        known = catalog or _read_catalog()
        rulebook, problems = read_rules([(f"{name}.yaml", self.to_yaml(*others))], known)
        if rulebook is None:
            raise InvalidDefinitions(problems)
        definition = rulebook.by_name.get(name)
        if not isinstance(definition, Definition):
            raise ValueError(f"{name} is switched off, or a template: there is nothing to build")  # noqa: TRY004 - what is wrong is its keys
        return definition

    def _take_over(self) -> None:
        """Let what more can be added to begin with what the arguments said of it."""
        steps = self._keys.get("steps")
        if isinstance(steps, dict):
            self._steps = self._keys.pop("steps")  # type: ignore[assignment]  # a dict
        for name in _ENDS:
            messages = self._keys.get(name)
            if isinstance(messages, list):
                self._ends[name] = self._keys.pop(name)  # type: ignore[assignment]  # a list

    def _entry(self) -> dict[str, object]:
        steps = {"steps": self._steps} if self._steps else {}
        return {**self._keys, **steps, **self._ends, **self._misfits()}

    def _misfits(self) -> dict[str, object]:
        """Return arguments that nothing can be added to: whoever reads them says what is wrong."""
        return {key: self._keys[key] for key in ("steps", *_ENDS) if key in self._keys}


def _read_catalog() -> MessageCatalog:
    catalog, problems = read_catalog(read_schema_files(Settings().schemas))
    if catalog is None:
        raise InvalidDefinitions(problems)
    return catalog


def _written(keys: dict[str, object]) -> dict[str, object]:
    """Return keys as they are written in YAML."""
    return {key.removesuffix("_"): _plain(value) for key, value in keys.items()}


def _plain(value: object) -> object:
    """Return a value as YAML can say it. Raise ``TypeError`` for one that it cannot."""
    match value:
        case bool() | int() | None:
            return value
        case str():
            return str.__str__(value)  # a member of an enumeration is written as what it is
        case float() if isfinite(value):
            return value
        case timedelta():
            return format_duration(value)
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            raise TypeError(
                f"{value!r} cannot be written in YAML: give text, a number, true or false, None,"
                " a list, a dict or a timedelta"
            )

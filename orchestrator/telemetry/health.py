"""Whether a process is ready for work, and what it waits for. Knows nothing of HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.masking import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STARTING = "starting"


@dataclass(frozen=True, slots=True)
class Readiness:
    """The state of a process at one moment.

    Attributes:
        not_ready: part -> why it is not ready; empty when all of them are.
        warnings: what works but should not stay like that.
        rulebook: revision that runs; None before the first, and in processes without rules.
        refused: the problems of the newest rules or schemas, if they were refused.
    """

    not_ready: Mapping[str, str]
    warnings: tuple[str, ...]
    rulebook: str | None
    refused: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether every part is."""
        return not self.not_ready


class Health:
    """What the parts of a process last said of themselves."""

    def __init__(self, *parts: str) -> None:
        """Expect `parts`, such as ``broker``: the process is not ready before each of them is."""
        self._not_ready = dict.fromkeys(parts, STARTING)
        self._warnings: dict[str, tuple[str, ...]] = {}
        self._rulebook: str | None = None
        self._refused: tuple[str, ...] = ()

    def ready(self, part: str) -> None:
        """Note that `part` works."""
        self._not_ready.pop(part, None)

    def not_ready(self, part: str, reason: str) -> None:
        """Note that `part` does not work, and why in a sentence; secrets in it are masked."""
        self._not_ready[part] = redact_text(reason)

    def warn(self, part: str, warnings: Iterable[str]) -> None:
        """Replace what there is to warn of about `part`."""
        self._warnings[part] = tuple(warnings)

    def rulebook_runs(self, revision: str) -> None:
        """Note that the newest rules and schemas run, as `revision`."""
        self._rulebook, self._refused = revision, ()
        self.ready("rulebook")

    def rulebook_refused(self, problems: tuple[str, ...]) -> None:
        """Note that the newest rules or schemas were refused.

        The process stays ready if others run: a typo must not take the system down.
        """
        self._refused = problems
        if self._rulebook is None:
            self.not_ready("rulebook", f"refused: {'; '.join(problems)}")

    def readiness(self) -> Readiness:
        """Return the state at this moment."""
        warnings = tuple(text for texts in self._warnings.values() for text in texts)
        return Readiness(dict(self._not_ready), warnings, self._rulebook, self._refused)

"""A failure of generated code to an error for a person, with its place. Runs only after a failure.

Field access and comparisons with constants run as plain Python. When one of them fails, its
operands are looked up again and the same step is done slowly, for the sake of the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.core.expression import hints, paths, syntax
from orchestrator.core.expression.arithmetic import refuse_order
from orchestrator.core.expression.emit import FIRST_LINE, SCOPE, kept_name, local_name
from orchestrator.core.expression.failure import EvaluationError, FieldMissingError
from orchestrator.core.expression.limits import Budget

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.expression.origin import Site

FILENAME: Final = "<expression>"
"""The file that generated code pretends to come from, by which its frames are known."""


class Explanation:
    """Explains the failures of one program by its sites, the first of which is on FIRST_LINE."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self._sites = sites

    def __call__(self, failure: Exception) -> Exception:
        """Return the error to raise for a failure: the failure itself if it is a defect of ours."""
        innermost, ours = None, None
        trace = failure.__traceback__
        while trace:
            innermost = trace
            if trace.tb_frame.f_code.co_filename == FILENAME:
                ours = trace
            trace = trace.tb_next
        if ours is None:
            return failure
        site = self._sites[ours.tb_lineno - FIRST_LINE]
        if isinstance(failure, EvaluationError):
            return site.error(_message(site, failure))
        if innermost is not ours:
            return failure
        again = _repeated(site.node, ours.tb_lineno, ours.tb_frame.f_locals)
        return site.error(_message(site, again)) if again else failure


def _message(site: Site, failure: EvaluationError) -> str:
    if isinstance(failure, FieldMissingError):
        return f"{site.quote()} is missing: {hints.missing_field(str(failure))}"
    return f"{failure}, in `{site.quote()}`"


def _repeated(
    node: syntax.Node, line: int, variables: Mapping[str, object]
) -> EvaluationError | None:
    """Do again what plain Python refused, and return why it cannot be done."""
    try:
        if isinstance(node, syntax.Comparison):
            kept = variables[kept_name(line)]
            sides = (node.left, node.right)
            refuse_order(*[s.value if isinstance(s, syntax.Constant) else kept for s in sides])
        _path_value(node, variables)
    except EvaluationError as failure:
        return failure
    return None


def _path_value(node: syntax.Node, variables: Mapping[str, object]) -> object:
    match node:
        case syntax.Field():
            return paths.field(Budget(), _path_value(node.receiver, variables), node.name)
        case syntax.Local():
            return variables[local_name(node.level)]
        case syntax.Root():
            return paths.field(Budget(), variables[SCOPE], node.name)
    return None

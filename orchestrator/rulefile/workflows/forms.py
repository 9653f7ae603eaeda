"""The keys that the mappings of a workflow may have. Reads none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.rulefile.parts import Form

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import (
        Announcements,
        OnDuplicate,
        OnFailure,
        Strategy,
    )

MODES = ("sequential", "parallel", "dag")
ON_FAILURE: tuple[OnFailure, ...] = ("compensate", "continue", "stop")
ON_DUPLICATE: tuple[OnDuplicate, ...] = ("ignore", "restart", "reject")
ANNOUNCE: tuple[Announcements, ...] = ("none", "instance", "steps")
STRATEGIES: tuple[Strategy, ...] = ("least_busy", "round_robin")

WORKFLOW_FORM = Form(
    what="a workflow",
    keys=(
        *("name", "description", "enabled", "when", "if", "by", "on_duplicate", "timeout"),
        *("variables", "mode", "steps", "on_failure", "then", "otherwise", "announce"),
        *("template", "parameters"),
    ),
    elsewhere={
        "within": "belongs to a rule that remembers: a workflow has a `timeout`",
        "send": "belongs to a step: put it under `steps`",
        "retry": "belongs to a step: put it beside its `send`",
        "compensate": "belongs to a step: put it beside its `send`",
        "depends_on": "belongs to a step: put it beside its `send`",
    },
    synonyms={
        "on": "when",
        "event": "when",
        "trigger": "when",
        "condition": "if",
        "key": "by",
        "tasks": "steps",
        "activities": "steps",
        "vars": "variables",
        "params": "parameters",
        "on_success": "then",
        "else": "otherwise",
        "on_error": "on_failure",
        "deadline": "timeout",
    },
)

STEP_FORM = Form(
    what="a step",
    keys=(
        *("description", "send", "with", "await", "fail_on", "wait", "approve", "run", "group"),
        *("steps", "transaction", "depends_on", "if", "for_each", "as"),
        *("max_parallel", "max_items"),
        *("timeout", "retry", "compensate", "on_failure", "route"),
    ),
    elsewhere={
        "name": "is the key the step stands under: remove it here",
        "after": "belongs to rules: write a step `wait: 2d`, and let this one depend on it",
        "then": "belongs to the workflow: what follows a step is the next step",
        "mode": "belongs to the workflow; steps of a group have theirs in `group: parallel`",
        "within": "belongs to a rule that remembers: a step has a `timeout`",
    },
    synonyms={
        "command": "send",
        "do": "send",
        "data": "with",
        "input": "with",
        "args": "with",
        "reply": "await",
        "wait_for": "await",
        "until": "await",
        "sleep": "wait",
        "delay": "wait",
        "approval": "approve",
        "workflow": "run",
        "call": "run",
        "needs": "depends_on",
        "requires": "depends_on",
        "condition": "if",
        "when": "if",
        "foreach": "for_each",
        "loop": "for_each",
        "parallelism": "max_parallel",
        "concurrency": "max_parallel",
        "retries": "retry",
        "undo": "compensate",
        "rollback": "compensate",
        "compensation": "compensate",
        "on_error": "on_failure",
        "fails_on": "fail_on",
    },
)

AWAIT_FORM = Form(
    what="an awaited event",
    keys=("event", "if"),
    elsewhere={"as": "has no place here: its data is `steps.NAME.output`"},
    synonyms={"type": "event", "condition": "if"},
)

RETRY_FORM = Form(
    what="`retry`",
    keys=("attempts", "delay", "backoff", "max_delay", "jitter"),
    elsewhere={},
    synonyms={"times": "attempts", "max_attempts": "attempts", "interval": "delay"},
)

COMPENSATE_FORM = Form(
    what="`compensate`",
    keys=("send", "with", "await", "fail_on", "timeout", "retry"),
    elsewhere={"if": "has no place here: what was not done is not undone"},
    synonyms={"command": "send", "data": "with"},
)

APPROVE_FORM = Form(
    what="`approve`",
    keys=("role", "deadline", "escalate_to", "form", "with"),
    elsewhere={"timeout": "is called `deadline` here"},
    synonyms={"by": "role", "who": "role", "escalate": "escalate_to", "schema": "form"},
)

ROUTE_FORM = Form(
    what="`route`",
    keys=("capability", "strategy"),
    elsewhere={},
    synonyms={"service": "capability"},
)

WAIT_FORM = Form(what="`wait`", keys=("until",), elsewhere={}, synonyms={})

PARTICIPANT_FORM = Form(
    what="a participant of a transaction",
    keys=("prepare", "commit", "abort"),
    elsewhere={},
    synonyms={"rollback": "abort", "cancel": "abort", "compensate": "abort"},
)

EXCHANGE_FORM = Form(
    what="a command of a transaction",
    keys=("send", "with", "await", "fail_on", "route"),
    elsewhere={
        "timeout": "belongs to the transaction: how long all have to prepare",
        "retry": "has no place here: prepares are tried once, commits without end",
    },
    synonyms={"command": "send", "data": "with"},
)

PARAMETER_FORM = Form(
    what="a parameter",
    keys=("type", "default", "description"),
    elsewhere={},
    synonyms={},
)

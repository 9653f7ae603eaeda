"""What the routes of workflows take and give, for the OpenAPI document. Computes nothing."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WorkflowSummary(_Document):
    """A workflow that is in force."""

    name: str
    revision: str = Field(description="Hash of its definition, 12 hexadecimal digits.")
    description: str
    starts: list[str] = Field(description="The event types that start an instance.")


class StepSummary(_Document):
    """A step of a workflow."""

    name: str
    kind: str = Field(description="send, await, wait, approve, run or group.")
    sends: str | None = Field(description="The command, or the workflow that is run.")
    awaits: list[str] = Field(description="The event types that answer it.")
    depends_on: list[str]
    conditional: bool
    repeated: bool
    compensated_by: str | None
    steps: list[StepSummary] = Field(description="Of a group.")


class WorkflowDocument(WorkflowSummary):
    """A workflow with its steps."""

    on_failure: str
    on_duplicate: str
    timeout_seconds: float | None
    steps: list[StepSummary]


class StartRequest(_Document):
    """What starts an instance."""

    input: JsonValue = Field(description="As the event that starts the workflow would carry it.")
    key: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="The correlation key; by default what `by` gives, else a new one.",
    )


class Accepted(_Document):
    """Something was asked for; what came of it is at the address."""

    id: str = Field(description="The instance: WORKFLOW:KEY.")
    address: str
    message: str = Field(description="The id of the message that asks for it.")


class InstanceSummary(_Document):
    """An instance in a list."""

    id: str
    workflow: str
    key: str
    status: str
    at: str = Field(description="When it changed last, or ended.")
    address: str


class InstancePage(_Document):
    """A page of instances."""

    instances: list[InstanceSummary]
    next: str | None = Field(description="What `after` takes for the next page; null on the last.")


class Step(_Document):
    """How far a step of an instance is."""

    name: str
    status: str
    opened_at: str | None
    closed_at: str | None
    attempts: int
    due: str | None
    role: str | None = Field(description="Who is asked, where a person decides.")
    output: JsonValue
    error: dict[str, str] | None
    items: dict[str, JsonValue] | None = Field(description="How far a for-each is.")
    compensation: Step | None


class InstanceDocument(_Document):
    """An instance with its steps."""

    id: str
    workflow: str
    key: str
    run: str = Field(description="Tells instances apart that had this key one after another.")
    status: str
    revision: str
    started_at: str | None
    ended_at: str | None
    deadline: str | None
    error: dict[str, str | None] | None
    incidents: dict[str, str] = Field(description="Why it cannot go on without a person, by step.")
    parent: dict[str, str] | None
    input: JsonValue
    variables: dict[str, JsonValue]
    outputs: dict[str, JsonValue] = Field(description="Of the steps that are completed.")
    steps: list[Step]


class Failure(_Document):
    """Why a request was refused."""

    detail: str

"""The typed messages and the documents in schemas/ say the same, so that neither can drift."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Literal

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from consumers import messages
from consumers.messages.message import Message, Person
from consumers.messages.notify import SendAcknowledgment
from orchestrator.catalog import Catalog, MessageType, read_catalog, read_schema_files
from orchestrator.errors import SchemaViolation

PARTS = {
    "Application",
    "Approval",
    "Audit",
    "Candidacy",
    "ClaimCheck",
    "Denied",
    "Finding",
    "Granted",
    "Investigator",
    "Message",
    "Person",
    "Photo",
    "Renewal",
    "Statute",
    "StatuteVersion",
    "Undoing",
    "Undone",
}


def _models() -> list[type[Message]]:
    """Return the messages of every module, so that none can be forgotten."""
    names = [each.name for each in iter_modules(messages.__path__)]
    modules = [import_module(f"consumers.messages.{name}") for name in names]
    return [
        model
        for module in modules
        for model in vars(module).values()
        if isinstance(model, type) and model.__module__ == module.__name__
        if model.__name__ not in PARTS
    ]


MODELS = _models()
SERVICES = (
    "admissions.v1",
    "analytics.v1",
    "archive.v1",
    "businesses.v1",
    "casefiles.v1",
    "emergency.v1",
    "environment.v1",
    "fire.v1",
    "health.v1",
    "hr.v1",
    "legislation.v1",
    "licensing.v1",
    "notify.v1",
    "permits.v1",
    "planning.v1",
    "styling.v1",
    "traffic.v1",
    "utilities.v1",
)
# Published by others or by workflows, and no consumer handles them.
UNTYPED = {
    "AnalysisCompleted",
    "AnalysisFailed",
    "AnalysisRequested",
    "ApplicationSubmitted",
    "BillSigned",
    "CasefileReady",
    "CasefileRequested",
    "CasefileSetupFailed",
    "CasinoAuditCompleted",
    "EmergencyHandled",
    "EmergencyReported",
    "EmergencyResponseFailed",
    "EvidenceGathered",
    "EvidenceRequested",
    "HousingDevelopmentCompleted",
    "HousingDevelopmentFailed",
    "HousingDevelopmentProposed",
    "PermitApplicationSubmitted",
    "RestaurantApplicationSubmitted",
    "RestaurantOpened",
    "RestaurantOpeningFailed",
    "StylingCompleted",
    "StylingRequested",
}

SCALARS: dict[str, st.SearchStrategy[object]] = {
    "string": st.text(max_size=30),
    "integer": st.integers(-1, 10**6),
    "number": st.floats(-1, 1e9, allow_nan=False) | st.integers(-1, 10**6),
    "boolean": st.booleans(),
    "null": st.none(),
}

EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


def _shipped() -> Catalog:
    catalog, problems = read_catalog(
        read_schema_files(Path(__file__).parents[3] / "schemas"),
    )
    assert catalog is not None, problems
    return catalog


CATALOG = _shipped()


def message_type(model: type[Message]) -> MessageType:
    """Return what the documents say about the type that `model` stands for."""
    return CATALOG.types[model.__name__]


def differences(model: type[Message], message: MessageType) -> dict[str, set[str]]:
    """Return the fields that only one of the two has, or that only one of them requires."""
    typed, documented = model.model_json_schema(), message.schema
    assert isinstance(documented, dict)
    return {
        "fields": set(typed.get("properties", {})) ^ _names(documented, "properties"),
        "required": set(typed.get("required", [])) ^ _names(documented, "required"),
    }


def _names(schema: dict[str, object], keyword: str) -> set[str]:
    names = schema.get(keyword, [])
    assert isinstance(names, dict | list)
    return set(names)


def instances(schema: object, root: object) -> st.SearchStrategy[object]:
    """Return a strategy for JSON values that roughly satisfy `schema`; the caller filters."""
    assert isinstance(schema, dict)
    assert isinstance(root, dict)
    match schema:
        case {"$ref": str(pointer)}:
            return instances(root["$defs"][pointer.rpartition("/")[2]], root)
        case {"anyOf": [{"type": _} | {"$ref": _}, *_]}:
            return st.one_of([instances(branch, root) for branch in schema["anyOf"]])
        case {"enum": [*options]}:
            return st.sampled_from(options)
        case {"type": "object"} | {"properties": dict()}:
            fields = {k: instances(v, root) for k, v in schema.get("properties", {}).items()}
            required = {k: v for k, v in fields.items() if k in schema.get("required", [])}
            optional = {k: v for k, v in fields.items() if k not in required}
            return st.fixed_dictionaries(required, optional=optional)
        case {"type": "array"}:
            return st.lists(instances(schema["items"], root), max_size=3)
        case _:
            return _scalars(schema)


def _scalars(schema: dict[str, object]) -> st.SearchStrategy[object]:
    if schema.get("format") == "email":
        return st.from_regex(r"[a-z0-9_+-]{1,20}@[a-z0-9]{1,20}\.[a-z]{2,6}", fullmatch=True)
    if schema.get("format") == "date-time":
        return st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
    if isinstance(pattern := schema.get("pattern"), str):
        return st.from_regex(pattern, fullmatch=True)
    if schema.get("format") == "date":
        return st.dates().map(str)
    return SCALARS[str(schema["type"])]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_fields_and_requirements_agree(model: type[Message]) -> None:
    """A field that only one side knows is lost or refused on the way."""
    assert differences(model, message_type(model)) == {"fields": set(), "required": set()}


def test_a_drifted_model_is_noticed() -> None:
    """The comparison above must be able to fail."""

    class SendNotification(Message):
        to: str
        body: str

    assert differences(SendNotification, message_type(SendNotification)) == {
        "fields": {"subject", "text", "body"},
        "required": {"subject", "text", "body"},
    }


def test_every_message_of_the_sample_services_is_typed() -> None:
    """A type that is added to a document needs a model, or a place in the list of exceptions."""
    documented = {name for channel in SERVICES for name in CATALOG.channels[channel].types}

    assert {model.__name__ for model in MODELS} == documented - UNTYPED


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_documented_example_can_be_read(model: type[Message]) -> None:
    """What the documents show, the consumers accept; and what they read they could send."""
    message = message_type(model)

    for example in message.examples:
        message.validate(model.model_validate(example).model_dump(mode="json"))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_whatever_the_document_allows_can_be_read(model: type[Message]) -> None:
    """No valid command may fail in the consumer, and what it carries stays valid."""
    message = message_type(model)

    @EXAMPLES
    @given(data=instances(message.schema, message.schema))
    def check(data: object) -> None:
        assume(message.validator.is_valid(data))
        message.validate(model.model_validate(data).model_dump(mode="json"))

    check()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_whatever_the_model_allows_is_valid(model: type[Message]) -> None:
    """No event that a consumer can build may be refused by the catalog."""
    message, schema = message_type(model), model.model_json_schema()

    @EXAMPLES
    @given(data=instances(schema, schema))
    def check(data: object) -> None:
        try:
            value = model.model_validate(data)
        except ValidationError:
            reject()
        message.validate(value.model_dump(mode="json"))

    check()


def test_generated_instances_notice_a_looser_model() -> None:
    """The generators above must be able to fail: this model allows what the document forbids."""

    class AssignInvestigator(Message):
        region: str
        priority: Literal["low", "urgent"]

    schema = AssignInvestigator.model_json_schema()

    @EXAMPLES
    @given(data=instances(schema, schema))
    def check(data: object) -> None:
        message_type(AssignInvestigator).validate(data)

    with pytest.raises((SchemaViolation, ExceptionGroup)):
        check()


def test_a_complaint_is_an_acknowledgment_order_as_it_is() -> None:
    """A rule without `with` passes the complaint on: the address is the complainant's."""
    complaint = CATALOG.types["ComplaintFiled"].examples[0]

    assert SendAcknowledgment.model_validate(complaint).recipient == "ada.keller@example.org"


def test_a_written_address_wins() -> None:
    """The rule's author decides where the letter goes."""
    order = SendAcknowledgment(
        to="office@example.org",
        complainant=Person(name="Ada", email="ada@example.org"),
    )

    assert order.recipient == "office@example.org"


@pytest.mark.parametrize(
    "address", ["a@b\r\nBcc: c@d", "a@b, c@d", "Ann <a@b>", "a@b;c@d", "a b@c", "@b", "a@"]
)
def test_no_address_can_change_a_mail_header(address: str) -> None:
    """The address ends in a header line: it must be one bare address and nothing else."""
    with pytest.raises(ValidationError):
        Person(name="Ann", email=address)


def test_refusals_do_not_tell_the_data() -> None:
    """What a model refuses reaches logs and dead-letter headers."""
    with pytest.raises(ValidationError) as caught:
        Person.model_validate({"name": "Ann", "email": "s3cret"})

    assert "s3cret" not in str(caught.value)

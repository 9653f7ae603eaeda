"""The routes of workflows: start, look, list, cancel. Everything is done by the desk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Response

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.times import parse_duration
from orchestrator.core.status import Status  # noqa: TC001 - read from the routes' signatures
from orchestrator.errors import Refused
from orchestrator.http.documents import (
    Accepted,
    Failure,
    InstanceDocument,
    InstancePage,
    InstanceSummary,
    StartRequest,
    WorkflowDocument,
    WorkflowSummary,
)
from orchestrator.http.places import (
    address,
    cursor,
    instance_id,
    read_cursor,
    read_instance_id,
)
from orchestrator.http.refusals import TellingRoute
from orchestrator.operation.account import account, is_workflow, outputs
from orchestrator.operation.outline import document
from orchestrator.ports import FinishedInstance, OpenInstance

if TYPE_CHECKING:
    from orchestrator.core.decision import Instance
    from orchestrator.core.workflow.machine import Workflow
    from orchestrator.http.access import Access
    from orchestrator.operation.desk import Desk
    from orchestrator.operation.listing import Page
    from orchestrator.operation.pages import Place
    from orchestrator.ports import InstanceKey

LONGEST_WAIT: Final = timedelta(minutes=1)
MOST_LISTED: Final = 500

_SUMMARY: Final = tuple(WorkflowSummary.model_fields)

_OK, _ACCEPTED = 200, 202
_NOT_FOUND, _CONFLICT, _TOO_LARGE, _UNPROCESSABLE, _UNAVAILABLE = 404, 409, 413, 422, 503
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Failure, "description": description}
    for status, description in (
        (401, "no key, or a wrong one"),
        (403, "the key may not do that"),
        (_NOT_FOUND, "there is no such thing"),
        (_UNPROCESSABLE, "the request is not as it must be"),
        (_UNAVAILABLE, "broker or store are away: try again"),
    )
}
_CONFLICTS: Final[dict[int | str, dict[str, Any]]] = {
    **_REFUSALS,
    _CONFLICT: {"model": Failure, "description": "it has ended, or is being taken back, already"},
}
_LOCATED: Final = {
    "headers": {"Location": {"description": "Where it will be.", "schema": {"type": "string"}}}
}


def workflow_routes(desk: Desk, access: Access) -> APIRouter:  # noqa: C901 - one function per route
    """Return the routes.

    Args:
        desk: does what is asked for.
        access: who may ask.
    """
    router = APIRouter(tags=["workflows"], responses=_REFUSALS, route_class=TellingRoute)
    viewer, operator = Depends(access.needs("viewer")), Depends(access.needs("operator"))

    @router.get("/workflows", summary="The workflows in force", dependencies=[viewer])
    async def list_workflows() -> list[WorkflowSummary]:
        return [_summary(each) for each in desk.workflows.values()]

    @router.get("/workflows/instances", summary="Instances, newest first", dependencies=[viewer])
    async def list_instances(
        workflow: Annotated[str | None, Query(description="Only of this one.")] = None,
        status: Annotated[
            Status | None, Query(description="Only of this status; by default all open ones.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
        after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    ) -> InstancePage:
        return await _page(desk, workflow, status, after, limit)

    @router.get("/workflows/instances/{instance:any}", summary="An instance", dependencies=[viewer])
    async def show_instance(instance: str) -> InstanceDocument:
        at = read_instance_id(instance)
        return _document(at, await _found(desk, at))

    @router.delete(
        "/workflows/instances/{instance:any}",
        summary="Cancel an instance: what it did is compensated",
        status_code=_ACCEPTED,
        response_description="it was asked to cancel",
        responses=_CONFLICTS,
        dependencies=[operator],
    )
    async def cancel_instance(instance: str) -> Accepted:
        at = read_instance_id(instance)
        objection = desk.objection(at, await _found(desk, at), "cancel")
        if objection:
            raise HTTPException(_CONFLICT, f"{instance_id(at)}: {objection}")
        ordered = await desk.order(at, "cancel", by="http")
        return _accepted(at, ordered.message)

    @router.get("/workflows/{name}", summary="A workflow with its steps", dependencies=[viewer])
    async def show_workflow(name: str) -> WorkflowDocument:
        return WorkflowDocument.model_validate(document(_workflow(desk, name)))

    @router.post(
        "/workflows/{name}/instances",
        summary="Start an instance, and wait for its end if asked to",
        status_code=_ACCEPTED,
        responses={
            _OK: {"model": InstanceDocument, "description": "it has ended while we waited"},
            _ACCEPTED: {"model": Accepted, "description": "it was asked for"} | _LOCATED,
            _TOO_LARGE: {"model": Failure, "description": "the body has more than 1 MiB"},
        },
        response_model=None,
        dependencies=[operator],
    )
    async def start_instance(
        name: str,
        request: StartRequest,
        response: Response,
        wait: Annotated[
            str | None, Query(description="How long to wait for its end, such as 30s; up to 1m.")
        ] = None,
        idempotency_key: Annotated[
            str | None,
            Header(
                max_length=200, description="The same key starts one instance, and takes one body."
            ),
        ] = None,
    ) -> Accepted | InstanceDocument:
        patience = _patience(wait)
        started = await desk.start(
            _workflow(desk, name), request.input, key=request.key, request=idempotency_key
        )
        response.headers["Location"] = address(started.at)
        if patience:
            found = await desk.wait(started, datetime.now(UTC) + patience)
            if found is not None:
                response.status_code = _OK
                return _document(started.at, found)
        return _accepted(started.at, started.message)

    return router


def _workflow(desk: Desk, name: str) -> Workflow:
    known = desk.workflows
    if name not in known:
        near = get_close_matches(name, known, n=1)
        meant = f": did you mean {near[0]}?" if near else ""
        raise HTTPException(_NOT_FOUND, f"there is no workflow {name}{meant}")
    return known[name]


def _summary(workflow: Workflow) -> WorkflowSummary:
    told = document(workflow)
    return WorkflowSummary.model_validate({name: told[name] for name in _SUMMARY})  # type: ignore[literal-required]  # its own names


async def _found(desk: Desk, at: InstanceKey) -> Instance:
    found = await desk.look(at)
    if found is None or not is_workflow(found):
        _workflow(desk, at.definition)
        raise HTTPException(
            _NOT_FOUND, f"there is no instance {instance_id(at)}, or it ended too long ago"
        )
    return found


async def _page(
    desk: Desk, workflow: str | None, status: Status | None, after: str | None, limit: int
) -> InstancePage:
    if workflow is not None:
        _workflow(desk, workflow)
    last = read_cursor(after) if after is not None else None
    page = await _listed(desk, workflow, status, last, limit)
    return InstancePage(
        instances=[_in_list(each) for each in page.instances],
        next=cursor(page.last) if page.last is not None else None,
    )


async def _listed(
    desk: Desk, workflow: str | None, status: Status | None, last: Place | None, limit: int
) -> Page[OpenInstance] | Page[FinishedInstance]:
    ended = status is not None and status.final
    if ended and not isinstance(last, OpenInstance):
        return await desk.listing.ended(workflow, status, last, limit)
    if not ended and not isinstance(last, FinishedInstance):
        return await desk.listing.open(workflow, status, last, limit)
    raise Refused("`after` is of another list: keep the `status` of the page before")


def _in_list(found: Place) -> InstanceSummary:
    moment = found.changed if isinstance(found, OpenInstance) else found.ended
    return InstanceSummary(
        id=instance_id(found.at),
        workflow=found.at.definition,
        key=found.at.key,
        status=found.status,
        at=moment.isoformat(),
        address=address(found.at),
    )


def _document(at: InstanceKey, found: Instance) -> InstanceDocument:
    told = account(at, found)
    run = told.pop("id")
    return InstanceDocument.model_validate(
        {**told, "id": instance_id(at), "run": run, "outputs": outputs(found)}
    )


def _accepted(at: InstanceKey, message: str) -> Accepted:
    return Accepted(id=instance_id(at), address=address(at), message=message)


def _patience(wait: str | None) -> timedelta | None:
    if wait is None:
        return None
    try:
        patience = parse_duration(wait)
    except EvaluationError as error:
        raise Refused(f"`wait` takes a length of time such as 30s, not {wait[:20]}") from error
    if not timedelta(0) <= patience <= LONGEST_WAIT:
        raise Refused("`wait` is at most 1m: ask again for what takes longer")
    return patience

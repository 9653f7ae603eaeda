"""How a body is read, and how a request that cannot be carried out is told why. Knows no route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from orchestrator.core.payload import MAX_BODY_BYTES, read_json
from orchestrator.errors import Misconfigured, Refused, Unavailable
from orchestrator.http.access import KEY_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_TOO_LARGE: Final = 413
_UNPROCESSABLE: Final = 422
_UNAVAILABLE: Final = 503


class TellingRoute(APIRoute):
    """Reads bodies as messages are read, and answers what we refuse in words of our own."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the library's handler, with our errors as answers."""
        handle = super().get_route_handler()
        admissions = [each.dependency for each in self.dependencies if each.dependency]

        async def told(request: Request) -> Response:
            # The library reads bodies before it asks them: a stranger's is not even read here.
            for admit in admissions:
                admit(request, request.headers.get(KEY_HEADER))
            try:
                return await handle(_Bounded(request.scope, request.receive))
            except RequestValidationError as error:
                return _failure(_UNPROCESSABLE, "; ".join(map(_words, error.errors())))
            except Refused as error:
                return _failure(_UNPROCESSABLE, str(error))
            except (Unavailable, Misconfigured) as error:
                return _failure(_UNAVAILABLE, str(error))

        return told


class _Bounded(Request):
    """A request whose body keeps the limits of a message: what is sent on must be readable."""

    _bounded: bytes | None = None

    async def body(self) -> bytes:
        """Return the body. Stop reading where it is too large."""
        if self._bounded is None:
            read = bytearray()
            async for chunk in self.stream():
                read += chunk
                if len(read) > MAX_BODY_BYTES:
                    raise HTTPException(
                        _TOO_LARGE,
                        f"the body has more than {MAX_BODY_BYTES} bytes: store the document"
                        " elsewhere and send a reference",
                    )
            self._bounded = bytes(read)
        return self._bounded

    async def json(self) -> object:
        """Return the content: NaN, lone surrogates and integers beyond 64 bits are refused."""
        try:
            return read_json(await self.body())
        except Refused as error:
            # The library turns every other exception at this place into one without its words.
            raise HTTPException(_UNPROCESSABLE, str(error)) from error


def _words(problem: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in problem["loc"][1:])
    if not place:
        return "the body must be a JSON object, sent with `Content-Type: application/json`"
    return f"{place}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"


def _failure(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)

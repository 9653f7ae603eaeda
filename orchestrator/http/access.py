"""Who may ask what over HTTP: keys with roles, or whoever is on this machine. Knows no route."""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING, Annotated, Final, Literal
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request
from fastapi.security import APIKeyHeader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Role = Literal["viewer", "operator"]

_ROLES: Final[tuple[Role, ...]] = ("viewer", "operator")
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_LOCAL_NAME: Final = "localhost"
KEY_HEADER: Final = "X-API-Key"
_KEY: Final = APIKeyHeader(
    name=KEY_HEADER, auto_error=False, description="A key of ORCHESTRATOR_API_KEYS."
)


class Access:
    """Checks keys. Without any, only a port that is bound to loopback is open.

    Args:
        keys: key -> role.
        host: the address the port is bound to.
    """

    def __init__(self, keys: Mapping[str, Role], host: str) -> None:
        self._keys = {key.encode(): role for key, role in keys.items()}
        self._open = not keys and is_loopback(host)

    def needs(self, role: Role) -> Callable[..., None]:
        """Return the dependency that lets a request through if it has `role`, or a higher one."""

        def check(request: Request, key: Annotated[str | None, Depends(_KEY)]) -> None:
            if self._open:
                _refuse_foreign_names(request)
                return
            found = self._role(key)
            if found is None:
                raise HTTPException(_UNAUTHORIZED, self._advice())
            if _ROLES.index(found) < _ROLES.index(role):
                raise HTTPException(_FORBIDDEN, f"this key is a {found}'s: it takes an {role}'s")

        return check

    def _role(self, key: str | None) -> Role | None:
        given = (key or "").encode()
        matches = [role for known, role in self._keys.items() if hmac.compare_digest(known, given)]
        return matches[0] if matches else None

    def _advice(self) -> str:
        if self._keys:
            return "send a key of ORCHESTRATOR_API_KEYS in the header X-API-Key"
        return (
            "this port is open to other machines and has no keys: set ORCHESTRATOR_API_KEYS, or"
            " bind it to loopback with ORCHESTRATOR_HTTP_HOST=127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == _LOCAL_NAME


def _refuse_foreign_names(request: Request) -> None:
    """Refuse a request for another name: a page in a browser here must not speak for a person."""
    try:
        # Not from request.url, which says our own name where the header cannot be read.
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        name = ""
    if not is_loopback(name):
        raise HTTPException(
            _FORBIDDEN,
            f"ask for 127.0.0.1, not {name or 'nobody'}, or set ORCHESTRATOR_API_KEYS",
        )

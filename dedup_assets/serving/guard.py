"""A layer around an ASGI application that has no passwords: other pages of a browser cannot use it.

Belongs here: what is judged by `Host`, `Origin` and method alone. Does not belong here: what the application does.

A browser lets any page send requests to this machine. A name that its owner leads here (DNS rebinding) shows in `Host`; a page of
another server shows in `Origin`, which browsers send with all that changes something and with every websocket; what comes without
is no page, or a link or an image, and these only ever get. So getting must change nothing.
"""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:/@\s\[\]]+)(:\d+)?")
_LONGEST_SHOWN = 100


class Refusal(NamedTuple):
    """Why something is not passed on: an HTTP status and a sentence."""

    status: int
    sentence: str


class Guard:
    """Passes on what is meant for this server, and comes from one of its own pages or from none.

    Args:
        app: what is guarded.
        hosts: names, with a port or without, by which browsers may call it beside localhost and the address that is asked; pages
            of exactly these count as its own, for a proxy in front of it.
        posted: beginnings of paths where reading may change something, and is let through for a page (text/html) only.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = (), posted: Collection[str] = ()) -> None:
        self._app, self._posted = app, tuple(posted)
        self._pages = frozenset(host.lower() for host in hosts)
        self._names = LOOPBACK | {_name_of(host) for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 421 for a wrong name, 403 for a foreign page, 405 for a wrong method; close a websocket; else pass on."""
        refusal = self._judge(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.sentence})  # which is 403 by HTTP
            return
        headers = {"X-Content-Type-Options": "nosniff", "Connection": "close"} | (
            {"Allow": "POST"} if refusal.status == 405 else {}
        )
        await PlainTextResponse(f"{refusal.sentence}\n", refusal.status, headers)(scope, receive, send)

    def _judge(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        asked = headers.getlist("host")
        host = _name_of(asked[0]) if len(asked) == 1 else None
        if host is None or host not in self._names | _own_address(scope):
            return Refusal(
                421,
                f"The server was asked as {_shown(asked)}; expected is its own name, or one that it was told to allow.",
            )
        origins = headers.getlist("origin")
        is_reading = scope.get("method") in READING
        if any(not self._is_own(origin, asked[0]) for origin in origins) or (
            not origins and not is_reading and headers.get("sec-fetch-site") in ("cross-site", "same-site")
        ):
            return Refusal(
                403, f"The request came from {_shown(origins) or 'another page'}; expected is a page of this server."
            )
        if is_reading and scope["path"].startswith(self._posted) and "text/html" not in headers.get("accept", ""):
            return Refusal(405, f"The method was {scope['method']}; expected is POST here.")
        return None

    def _is_own(self, origin: str, asked: str) -> bool:
        authority = origin.partition("://")[2].lower()
        return authority == asked.lower() or authority in self._pages


def _own_address(scope: Scope) -> frozenset[str]:
    """The address of this machine at which the connection arrived, as a URL has it."""
    server: Any = scope.get("server") or ("",)
    return frozenset({f"[{server[0]}]" if ":" in server[0] else server[0]}) - {""}


def _name_of(authority: str) -> str | None:
    """The host of host:port, in lower case; None where it is none."""
    found = _AUTHORITY.fullmatch(authority)
    return found[1].lower() if found else None


def _shown(values: list[str]) -> str:
    return ", ".join(values)[:_LONGEST_SHOWN].encode("ascii", "backslashreplace").decode()

"""How a call travels: its arguments, its refusal and its answer.

Arguments come in the query, as a form, as multipart or as JSON, and clients mix these per method,
so all are merged; strings that hold JSON are decoded (Slack's "Using the Web API").
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Json = dict[str, Any]

JSON_ARGUMENTS = ("blocks", "attachments", "metadata", "view", "files", "file_ids")


class Refused(Exception):
    """Slack says no: `error` is its word for why, `more` what it adds."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more

    def answer(self) -> Json:
        """The body that goes back."""
        return {"ok": False, "error": self.error, **self.more}


def explained(error: str, *messages: str) -> Refused:
    """A refusal that says what is wrong, as Slack's response_metadata does."""
    told = [f"[ERROR] {message}" for message in messages]
    return Refused(error, errors=list(messages), response_metadata={"messages": told})


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Web API, as tests look at it."""

    method: str
    ok: bool
    error: str | None
    args: Json
    at: float


@dataclass(frozen=True, slots=True)
class Args:
    """The merged arguments of a call. What is empty counts as not given."""

    values: Json = field(default_factory=dict)

    def get(self, name: str, default: Any = None) -> Any:
        """The value as it came."""
        value = self.values.get(name)
        return default if value is None or value == "" else value

    def text(self, name: str) -> str:
        """A string, empty when it was not given."""
        value = self.get(name, "")
        return value if isinstance(value, str) else str(value)

    def flag(self, name: str) -> bool:
        """A boolean, in any of the spellings that clients send."""
        return str(self.get(name, "")).lower() in {"1", "true"}

    def need(self, name: str) -> str:
        """A string that has to be there."""
        if not (value := self.text(name)):
            raise explained("invalid_arguments", f"missing required field: {name}")
        return value

    def count(self, name: str, default: int, most: int) -> int:
        """A number between 1 and `most`."""
        try:
            value = int(self.get(name, default))
        except (TypeError, ValueError):
            raise explained("invalid_arguments", f"must be a number: {name}") from None
        if not 1 <= value <= most:
            raise explained("invalid_limit", f"must be between 1 and {most}: {name}")
        return value


async def merged(request: web.Request) -> Json:
    """Every argument of a request; what the body says wins over the query."""
    values: Json = dict(request.query)
    kind = request.content_type
    if kind == "application/json":
        values.update(_json_body(await request.text()))
    elif kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        values.update(await request.post())
    elif await request.read():
        raise Refused("invalid_post_type")
    return {key: _decoded(key, value) for key, value in values.items()}


def _json_body(text: str) -> Json:
    if not text.strip():
        return {}
    try:
        body = json.loads(text)
    except ValueError:
        raise Refused("invalid_json") from None
    if not isinstance(body, dict):
        raise Refused("json_not_object")
    return body


def _decoded(key: str, value: Any) -> Any:
    if key not in JSON_ARGUMENTS or not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # whoever reads it finds a string where a list belongs, and says so


def token_of(request: web.Request, args: Json) -> str | None:
    """The token: in the header, or as a field of a form (never of a query)."""
    header = request.headers.get("Authorization", "")
    if match := re.fullmatch(r"Bearer\s+(\S+)", header, re.IGNORECASE):
        return match[1]
    token = args.get("token")
    return token if isinstance(token, str) and "token" not in request.query else None

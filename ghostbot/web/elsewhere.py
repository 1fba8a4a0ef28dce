"""What `ghost patch apply` did in a root of this house, told to those who would not see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

from ghostbot import errors
from ghostbot.core.proposal import ENDED, Status
from ghostbot.patches.elsewhere import Elsewhere
from ghostbot.permit import Permit
from ghostbot.web import answers, asked
from ghostbot.web.admission import ACTOR

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")  # as journals take it
FILES_MOST = 100
KEYS = ("id", "status", "root", "files", "reason", "unattended", "verified")


class ToldElsewhere:
    """`POST /api/patches/elsewhere`."""

    def __init__(self, permit: Permit, say: Callable[[Elsewhere], None] | None) -> None:
        """Take who permits and notes, and who says it to people; None where nobody does."""
        self._permit = permit
        self._say = say

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [web.post("/api/patches/elsewhere", self.told)]

    async def told(self, request: web.Request) -> web.Response:
        """Take what became of a patch, note it, and say it in the channel."""
        asked.query(request)
        actor = request[ACTOR]
        self._permit.check(actor, "patch submit")
        done = _read(await asked.body(request, *KEYS), actor.name)
        what = f"{done.id} of {done.root} by ghost patch apply: {done.status.value}"
        self._permit.note("patch", actor.id, what, id=done.id, status=done.status.value)
        if self._say is not None:
            self._say(done)
        return answers.answer({"said": self._say is not None})


def _read(body: dict[str, Any], by: str) -> Elsewhere:
    name, status, root = (body.get(key) for key in ("id", "status", "root"))
    files, reason = body.get("files", []), body.get("reason")
    if not isinstance(name, str) or not ID.fullmatch(name):
        raise _wrong("id", "the id of a patch")
    if status not in [one.value for one in ENDED]:
        raise _wrong("status", "how it ended")
    if not isinstance(root, str) or not root:
        raise _wrong("root", "the name of a root")
    if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
        raise _wrong("files", "a list of paths")
    if not isinstance(reason, str | None):
        raise _wrong("reason", "a sentence")
    return Elsewhere(
        id=name,
        status=Status(status),
        root=asked.cut(root),
        by=by,
        files=tuple(asked.cut(file) for file in files[:FILES_MOST]),
        reason=None if reason is None else reason[:1000],
        is_unattended=body.get("unattended") is True,
        is_verified=body.get("verified") is not False,
    )


def _wrong(key: str, what: str) -> errors.BadRequest:
    return errors.BadRequest(f"cannot read the body: `{key}` is {what}")

"""Whom a page names: ids as they stand in ghost.toml, and handles once Slack has told whose."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

PAGE = 200


class Mentions:
    """The people and groups of `[slack] mention`, as Slack's markup."""

    def __init__(
        self,
        client: AsyncWebClient,
        wanted: Sequence[str],
        *,
        ready: Callable[[], Awaitable[None]],
        tell: Callable[[str | None], None],
    ) -> None:
        """Take whom ghost.toml names, what waits for Slack, and who hears of whom nobody knows."""
        self._client = client
        self._ready = ready
        self._tell = tell
        self._changed = asyncio.Event()
        self.want(wanted)

    def want(self, wanted: Sequence[str]) -> None:
        """Name these from now on."""
        self._wanted = wanted
        self._ids = {one: one for one in wanted if not one.startswith("@")}
        self._changed.set()

    def markup(self) -> str:
        """Return what names them all, as far as Slack has told who they are."""
        return " ".join(_markup(self._ids[one]) for one in self._wanted if one in self._ids)

    async def run(self) -> None:
        """Find out who the handles are, and again for others. Raises as `find`."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.find()
            except BaseException:
                self._changed.set()  # whoever runs this again begins with it
                raise

    async def find(self) -> None:
        """Find out who the handles are. Raises SlackApiError and what the network raises."""
        await self._ready()
        missing = {one.removeprefix("@") for one in self._wanted if one not in self._ids}
        if missing:
            groups = (await self._client.usergroups_list())["usergroups"]
            self._know({group["handle"]: group["id"] for group in groups}, missing)
        cursor = ""
        while missing:
            page = await self._client.users_list(limit=PAGE, cursor=cursor or None)
            self._know(_handles(page["members"]), missing)
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        named = ", ".join(f"@{one}" for one in sorted(missing))
        self._tell(f"cannot page {named}: Slack knows no such person or group" if missing else None)

    def _know(self, ids: dict[str, str], missing: set[str]) -> None:
        for handle in sorted(missing & ids.keys()):
            self._ids[f"@{handle}"] = ids[handle]
            missing.discard(handle)


def _handles(members: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return ids by the names that people know each other by."""
    here = [member for member in members if not member.get("deleted")]
    shown = {(m.get("profile") or {}).get("display_name") or "": m["id"] for m in here}
    return {**shown, **{m["name"]: m["id"] for m in here}}


def _markup(one: str) -> str:
    return f"<!subteam^{one}>" if one.startswith("S") else f"<@{one}>"

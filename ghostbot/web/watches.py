"""Watched folders over HTTP: where patches may be dropped, and how many lie there now."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from ghostbot.config.model import WatchTable
from ghostbot.patches.inbox_folder import To
from ghostbot.web import answers, asked


class Watches:
    """`/api/watches`, and `/watch`, as the system before Ghost had it."""

    def __init__(self, tables: Callable[[], Mapping[str, WatchTable]]) -> None:
        """Take what ghost.toml says."""
        self._tables = tables

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this noun."""
        return [web.get(at, self.every) for at in ("/api/watches", "/watch")]

    async def every(self, request: web.Request) -> web.Response:
        """Give every watched folder."""
        asked.query(request)
        found = await asyncio.to_thread(lambda: [_shape(t) for t in self._tables().values()])
        return answers.answer({"watches": found})


def _shape(table: WatchTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "inbox": str(table.inbox),
        "waiting": _files(table.inbox),
        "done": _files(table.inbox / To.DONE),
        "refused": _files(table.inbox / To.REFUSED),
        "roots": list(table.roots),
        "formats": list(table.formats),
        "pending": table.pending,
    }


def _files(folder: Path) -> int | None:
    """Return how many files lie in a folder, but for the words beside them; None: not known."""
    try:
        with os.scandir(folder) as entries:
            names = {one.name for one in entries if not one.is_dir(follow_symlinks=False)}
    except OSError:
        return None
    shown = {name for name in names if not name.startswith(".")}
    return sum(1 for name in shown if name.removesuffix(".json") not in shown - {name})

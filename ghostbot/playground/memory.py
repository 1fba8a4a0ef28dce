"""What the playground remembers from one life to the next: messages, and who is in which channel.

A Slack does not forget when an app is started again, and an app edits what it posted before.

1. The file is whole or old. One that cannot be read is left as it is until the next writing, and
   the playground begins empty.
2. Not kept are the bytes of files, views, tokens, and what one person alone was shown.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ghostbot.playground.normal import Json
from ghostbot.playground.workspace import Message, Workspace

WRITE_S = 1.0  # a burst of messages is one writing
KEPT = 300  # messages of each channel, as many as a page shows
FORM = 1  # of the file; another one is not read
TUPLES = {field.name for field in fields(Message) if str(field.type).startswith("tuple")}

log = logging.getLogger(__name__)


class Memory:
    """One file, and the workspace that it is about."""

    def __init__(self, path: Path, workspace: Workspace) -> None:
        self._path = path
        self._workspace = workspace
        self._changed = asyncio.Event()
        self._lock = threading.Lock()
        self._taken = 0  # snapshots so far
        self._written = 0  # the newest that is in the file
        self._recalled = False
        workspace.watch(lambda _message, *, gone: self._changed.set())  # noqa: ARG005 - the seam
        workspace.on_rooms.append(self._changed.set)

    async def recall(self) -> None:
        """Give the workspace what the file holds; before that nothing is written."""
        self._recalled = True
        try:
            held = await asyncio.to_thread(self._read)
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("cannot read the playground's memory path=%s why=%r", self._path, error)
            return
        self._workspace.recall(*held)

    async def keep(self) -> None:
        """Write what has changed, soon after it has."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(WRITE_S)
            await self.save()

    async def save(self) -> None:
        """Write everything now."""
        if not self._recalled:
            return
        self._changed.clear()
        self._taken += 1
        rooms, messages = self._workspace.kept(KEPT)
        await asyncio.to_thread(self._write, self._taken, rooms, messages)

    def _read(self) -> tuple[Json, list[Message]]:
        held = json.loads(self._path.read_text(encoding="utf-8"))
        if held["form"] != FORM:
            raise ValueError(f"form {held['form']}")
        return held["channels"], [_message(one) for one in held["messages"]]

    def _write(self, number: int, rooms: Json, messages: list[Message]) -> None:
        held = {"form": FORM, "channels": rooms, "messages": [asdict(m) for m in messages]}
        text = json.dumps(held, ensure_ascii=False)
        with self._lock:  # a writing that was cancelled goes on, and must not come last
            if number < self._written:
                return
            try:
                self._replace(text)
            except OSError as error:
                log.warning("cannot keep the playground's memory path=%s why=%s", self._path, error)
            self._written = number

    def _replace(self, text: str) -> None:
        new = self._path.with_name(self._path.name + ".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        os.replace(new, self._path)  # noqa: PTH105 - atomic, as its name says


def _message(held: dict[str, Any]) -> Message:
    """A message out of the file. `TypeError` where it has other fields than ours."""
    shaped: dict[str, Any] = {k: tuple(v) if k in TUPLES else v for k, v in held.items()}
    return Message(**shaped)

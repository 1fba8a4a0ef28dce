"""tunnels.json: the public address of each tunnel, kept over Ghost's restarts.

Rule 1: the file is whole or old, never torn.
Rule 2: a disk that takes no file costs the memory of addresses, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ghostbot.core.daemon import Proc
from ghostbot.process.beside import keep_aside

MODE = 0o640


@dataclass(frozen=True, slots=True)
class Address:
    """Where a tunnel was last seen from outside. Instants are UTC epoch seconds."""

    name: str
    url: str
    since: float  # when it was first proved
    proved_at: float  # when it was last proved
    proc: Proc | None = None  # the process it was last proved of
    previous: tuple[str, ...] = ()  # those before it, the newest first


class File:
    """The file. `notes` say what was wrong with what the last Ghost left."""

    def __init__(self, path: Path, tell: Callable[[str | None], None] = lambda _: None) -> None:
        """Take where it is, and who gets a line for people, and None once that is over."""
        self._path = path
        self._tell = tell
        self.notes: tuple[str, ...] = ()

    def load(self) -> dict[str, Address]:
        """Read it. What makes no sense is kept aside, and noted."""
        try:
            return parsed(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            self.notes = (f"cannot read {self._path}: {_words(error)}",)
        except (ValueError, TypeError, KeyError, RecursionError):
            copy = keep_aside(self._path)
            kept = f"; a copy is kept as {copy.name}" if copy else ""
            self.notes = (f"cannot read {self._path}: it holds no addresses{kept}",)
        return {}

    async def save(self, addresses: Iterable[Address]) -> None:
        """Write it, in a thread. Raises nothing: what fails is told."""
        held = json.dumps({one.name: _body(one) for one in addresses}, indent=1) + "\n"
        try:
            await asyncio.to_thread(self._write, held)
        except OSError as error:
            self._tell(f"cannot save the addresses of tunnels: {_words(error)}")
        else:
            self._tell(None)

    def _write(self, held: str) -> None:
        new = self._path.with_name(f"{self._path.name}.new")
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(held)
            file.flush()
            os.fsync(fd)
        os.replace(new, self._path)  # noqa: PTH105 - atomic, as its name says


def parsed(held: bytes) -> dict[str, Address]:
    """Read addresses. Raises ValueError, TypeError or KeyError where they make no sense."""
    found: dict[str, Any] = json.loads(held)
    if not isinstance(found, dict):
        raise TypeError("no table")
    return {name: _address(name, raw) for name, raw in found.items()}


def _body(one: Address) -> dict[str, Any]:
    body = asdict(one)
    del body["name"]
    return body


def _address(name: str, raw: dict[str, Any]) -> Address:
    proc, previous = raw["proc"], raw["previous"]
    if not isinstance(raw["url"], str) or not isinstance(previous, list):
        raise TypeError("no address")
    return Address(
        name,
        raw["url"],
        since=float(raw["since"]),
        proved_at=float(raw["proved_at"]),
        proc=None if proc is None else _proc(proc),
        previous=tuple(str(url) for url in previous),
    )


def _proc(raw: dict[str, Any]) -> Proc:
    return Proc(pid=int(raw["pid"]), ticks=int(raw["ticks"]), boot=str(raw["boot"]))


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()

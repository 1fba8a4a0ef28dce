"""`ghost upgrade`: Ghost becomes its next version in place, in the same process.

Rule 1: nothing is torn down before the next version has loaded ghost.toml. A mistake in it, or
        in the installation, refuses the upgrade, and the Ghost that runs goes on.
Rule 2: execve(2) keeps the pid, the children and the subreaper flag. Who dies meanwhile stays a
        zombie of ours, so its exit code is right, however late it is read.
Rule 3: the lock is never given up: its descriptor goes along, named in the environment, where
        daemons never see it.
Rule 4: where the exec fails, the Ghost before it takes its daemons back, as after any end.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghostbot import errors
from ghostbot.config import find
from ghostbot.process.lock import Lock

VARIABLE = "GHOST_UPGRADE"  # `GHOST_` keeps it from daemons
CHECK = (  # the next version, as far as it can be tried beside the one that runs
    "import sys; sys.path.insert(0, {path!r}); import ghostbot.life, ghostbot.app; "
    "from ghostbot.cli.entry import main; sys.exit(main())"
)
CHECK_S = 9.0  # no operation takes longer than 10 s
SHOWN_LINES = 20

log = logging.getLogger("ghost.upgrade")


@dataclass(frozen=True, slots=True)
class Handed:
    """What a Ghost hands on to the next one in its process."""

    turn: int = 0  # how many were in this process before
    since: float | None = None  # monotonic: when the one before ceased to look at daemons
    lock_fd: int | None = None
    failed: str | None = None  # why the one before is still the same


def taken(environ: MutableMapping[str, str]) -> Handed:
    """Take what the Ghost before handed on, out of the environment."""
    words = environ.pop(VARIABLE, "").split()
    try:
        turn, since, lock_fd = words
        return Handed(int(turn), float(since), int(lock_fd))
    except ValueError:
        return Handed()


class Upgrades:
    """What is known of upgrades of this process, for whoever asks."""

    def __init__(self, handed: Handed, config_path: Path, state_dir: Path) -> None:
        """Begin with what was handed on."""
        self.handed = handed
        self.blind_s: float | None = None
        self._config_path = config_path
        self._state_dir = state_dir

    def looking(self) -> None:
        """Note that every daemon is looked at again."""
        if self.handed.since is not None:
            self.blind_s = time.monotonic() - self.handed.since
            log.info("upgraded turn=%d blind_s=%.3f", self.handed.turn, self.blind_s)

    def shape(self) -> dict[str, Any]:
        """Return it for programs."""
        blind_ms = None if self.blind_s is None else round(self.blind_s * 1000)
        return {
            "pid": os.getpid(),
            "turn": self.handed.turn,
            "blind_ms": blind_ms,
            "failed": self.handed.failed,
        }

    async def check(self) -> None:
        """Try the next version on ghost.toml. Raises Failed with what it says."""
        await asyncio.to_thread(_check, self._config_path)
        state_dir = find.state_dir(self._config_path, os.environ)
        if state_dir.resolve() != self._state_dir.resolve():
            raise errors.Failed(
                f"cannot upgrade: state_dir is {state_dir} now, and the daemons' records are in "
                f"{self._state_dir}; use `ghost down` before the change and `ghost up` after it"
            )


def _check(config_path: Path) -> None:
    code = CHECK.format(path=sys.path[0])  # -P: only what this Ghost itself would find
    command = [sys.executable, "-P", "-c", code, "config", "check", "-c", str(config_path)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CHECK_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise errors.Failed(
            f"cannot upgrade: the next Ghost has not read {config_path} within {CHECK_S:g} s"
        ) from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise errors.Failed(f"cannot upgrade: {sys.executable}: {why}") from None
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-SHOWN_LINES:])
        raise errors.Failed(f"cannot upgrade: the next Ghost would not start:\n{said}")


def become(config_path: Path, lock: Lock, handed: Handed, since: float, *more: str) -> Handed:
    """Become the next Ghost. Returns only where that failed, with what to go on with."""
    turn = handed.turn + 1
    lock.hand_on()
    command = [*own_command(), "up", "-c", str(config_path.absolute()), *more]
    environ = {**os.environ, VARIABLE: f"{turn} {since} {lock.fd}"}
    try:
        os.execve(command[0], command, environ)  # noqa: S606  this very Ghost, and no shell
    except OSError as error:
        lock.keep_to_itself()
        why = (error.strerror or str(error)).lower()
        return Handed(turn, since, failed=f"cannot upgrade: {command[0]}: {why}")


def own_command() -> list[str]:
    """Return how this very ghost was started."""
    script = Path(sys.argv[0])
    if script.name == "__main__.py":
        return [sys.executable, "-m", "ghostbot"]
    return [sys.executable, str(script.absolute())]

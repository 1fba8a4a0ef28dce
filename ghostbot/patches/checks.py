"""Runs a check: a program of the owner's, on files that an agent wrote.

Rule 1: it sees no token of ours: its environment is what is listed here, and homes of its own.
Rule 2: it ends in time, and what it started ends with it: its group always, and where the system
        gives us a process namespace, whatever left the group as well.
Rule 3: it reaches itself over the loopback; no other network, where the system can keep it off.
Rule 4: where the system gives us a view of the disk of its own, Ghost's state is not in it: neither
        its socket, nor its token, nor the backups.
Rule 5: it ends with Ghost: at once where Ghost is told to end, and where the system can, even where
        Ghost is killed.
Rule 6: it holds no memory of ours, however much it writes: the last of it is kept.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ghostbot.process.limits import SHIM

OUTPUT_BYTES = 64 * 1024
LOOK_S = 0.05
FILE_BYTES = 1024 * 1024 * 1024  # of one file that a check writes
KEPT = ("PATH", "LANG", "LANGUAGE", "TZ")  # and LC_*

# With a name for each process, mounts and network of its own; then the loopback is brought up.
APART = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
WITH_GHOST = ["setpriv", "--pdeathsig", "KILL"]  # prctl(2), PR_SET_PDEATHSIG
WITH_LOOPBACK = 'ip link set lo up && exec "$@"'
# An empty folder is mounted over the state's, and what the check needs of it mounted into that; an
# open descriptor leads there. Then the right to undo it is given up: capabilities(7).
WITHOUT_STATE = """
ip link set lo up || exit 125
state=$1 kept=$2 place=$3 secret=$4; shift 4
exec 3<"$kept" && mount -t tmpfs -o mode=700 ghost "$state" && mkdir -p "$kept" &&
mount --no-canonicalize --bind /proc/self/fd/3 "$kept" && exec 3<&- && cd "$place" || exit 125
[ -z "$secret" ] || mount --bind /dev/null "$secret" || exit 125
exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin --ambient-caps -all -- "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What a check does not see. All are real paths."""

    state: str  # Ghost's state directory
    kept: str  # a folder in it that the check needs
    secret: str = ""  # a file of Ghost's that is empty to it, as `.env` beside ghost.toml


class Interrupted(Exception):
    """Ghost ends, and what it was about with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of a check. `code` is None where its time was over."""

    argv: tuple[str, ...]
    code: int | None
    took_s: float
    output: str  # the last of it
    spoilt: tuple[str, ...] = ()  # files of the patch that it changed

    @property
    def failure(self) -> str | None:
        """Say why it failed, or None."""
        name = " ".join(self.argv)
        if self.code == 0 and self.spoilt:
            files = ", ".join(self.spoilt)
            return f"`{name}` changed {files}: what it saw is not what the patch would leave"
        if self.code == 0:
            return None
        if self.code is None:
            return f"`{name}` took over {self.took_s:.0f} s and was ended"
        last = self.output.strip().rsplit("\n", 1)[-1][-200:]
        return f"`{name}` ended with {self.code}" + (f": {last}" if last else "")


def run(
    argv: Sequence[str],
    folder: Path,
    own: Path,
    timeout_s: float,
    *,
    stop: threading.Event | None = None,
    hidden: Hidden | None = None,
) -> Ran:
    """Run a program in `folder`, its home and temporary files in `own`, and wait for its end.

    Raises Interrupted once `stop` is set; it is ended then, too.
    """
    began = time.monotonic()
    limits = ["rlimit=core:0:0", f"rlimit=fsize:{FILE_BYTES}:{FILE_BYTES}"]
    command = [*_apart_from(hidden, folder), sys.executable, "-I", "-S", SHIM, *limits, "--", *argv]
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(os.environ, own),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert child.stdout is not None, "a pipe was asked for"
    try:
        stop = stop or threading.Event()
        in_time, output = _attend(child.pid, child.stdout.fileno(), began + timeout_s, stop)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # it is not waited for yet, so the group is its
        code = child.wait()
        child.stdout.close()
    return Ran(
        argv=tuple(argv),
        code=code if in_time else None,
        took_s=time.monotonic() - began,
        output=output.decode("utf-8", "replace"),
    )


@cache
def apart() -> tuple[str, ...]:
    """Return the words that keep a program apart from network and processes, where that works."""
    for who in ([], ["--map-current-user", "--keep-caps"]):
        for words in ([*WITH_GHOST, "unshare", *who], ["unshare", *who]):
            found = (*words, *APART)
            if _works([*found, "sh", "-c", WITH_LOOPBACK, "sh"]):
                return found
    return ()


@cache
def hides() -> bool:
    """Tell whether the system lets us hide a folder from a program."""
    if not apart():
        return False
    with tempfile.TemporaryDirectory() as state:
        kept = Path(state, "kept")
        kept.mkdir()
        place = os.path.realpath(kept)
        words = ("sh", "-c", WITHOUT_STATE, "sh", os.path.realpath(state), place, place, "")
        return _works([*apart(), *words])


def _apart_from(hidden: Hidden | None, folder: Path) -> list[str]:
    """Return the words that a check's own come after."""
    if not apart():
        return []
    if hidden is None or _needs_more(hidden, folder) or not hides():
        return [*apart(), "sh", "-c", WITH_LOOPBACK, "sh"]
    secret = hidden.secret if os.path.isfile(hidden.secret) else ""  # noqa: PTH113  it may be empty
    words = (hidden.state, hidden.kept, os.fspath(folder), secret)
    return [*apart(), "sh", "-c", WITHOUT_STATE, "sh", *words]


def _needs_more(hidden: Hidden, folder: Path) -> bool:
    """Tell whether a check works in the state directory itself, outside of what is kept of it."""
    place = Path(os.path.realpath(folder))
    return place.is_relative_to(hidden.state) and not place.is_relative_to(hidden.kept)


def _works(words: Sequence[str]) -> bool:
    try:
        tried = subprocess.run([*words, "true"], capture_output=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def _environment(ours: Mapping[str, str], own: Path) -> dict[str, str]:
    kept = {key: ours[key] for key in ours if key in KEPT or key.startswith("LC_")}
    # a name looked up in the tree itself would be the agent's program, whatever it is called
    places = [place for place in kept.get("PATH", os.defpath).split(":") if place.startswith("/")]
    kept["PATH"] = ":".join(places)
    for folder in ("home", "tmp"):
        (own / folder).mkdir(parents=True, exist_ok=True)
    return {**kept, "HOME": str(own / "home"), "TMPDIR": str(own / "tmp"), "CI": "true"}


def _attend(pid: int, pipe: int, until: float, stop: threading.Event) -> tuple[bool, bytes]:
    """Read until it has ended or its time is over; tell which, and the last it wrote."""
    output = b""
    is_open = True
    while True:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        while is_open and select.select([pipe], [], [], 0 if ended else LOOK_S)[0]:
            data = os.read(pipe, OUTPUT_BYTES)
            output = (output + data)[-OUTPUT_BYTES:]
            is_open = bool(data)
            if time.monotonic() > until or stop.is_set():
                break
        if ended or time.monotonic() > until:
            return ended, output
        if stop.is_set():
            raise Interrupted
        if not is_open:
            select.select([], [], [], LOOK_S)  # it closed its output, and works on

"""What every test is held to: it leaves no process, no listening socket and no file behind.

Tests run on several processors at once, but for those that are marked `alone`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import stat
import time
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).parents[1]
PATIENCE_S = 2.0  # a process that was told to end may take this long
LOOK_S = 0.01
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NOT_OURS = {".git", ".venv", "__pycache__"}
CACHES = {".hypothesis", ".pytest_cache", ".benchmarks", ".mypy_cache", ".ruff_cache"}
WRITTEN_BY_PEOPLE = {".py", ".md", ".js", ".css", ".html", ".toml", ".yml", ".png"}
DOOR, ROOM = Path(__file__), ROOT / "pyproject.toml"  # they lock, and stay as they are


@pytest.hookimpl(wrapper=True, tryfirst=True)  # before the clock of the time limit begins
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test that measures time run while no other does."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    alone = item.get_closest_marker("alone") is not None
    with _locked(ROOM, fcntl.LOCK_EX if alone else fcntl.LOCK_SH):
        return (yield)


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    """Hold a lock. Who waits for it stands in the door, so that nobody else overtakes."""
    with DOOR.open() as door, path.open() as room:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, how)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


@pytest.fixture
def chromium() -> str:
    """The browser to drive: $GHOST_CHROMIUM, else the first that is installed."""
    found = os.environ.get("GHOST_CHROMIUM") or next(
        filter(None, map(shutil.which, BROWSERS)), None
    )
    if found is None:
        pytest.fail("cannot open a page: install chromium, or name one in GHOST_CHROMIUM")
    return found


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A headless Chromium that asks nothing of the world outside."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    children, doors, folders = _children(), _listening(), _folders()
    yield
    left = _children_after(children)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # it is a child of ours, so no stranger has its pid
    assert not left, f"processes left behind: {left}"
    opened = _listening() - doors
    assert not opened, f"sockets left listening (fd, inode): {opened}"
    files = _new_files(folders)
    assert not files, f"files left in the repository: {files}"


def _children_after(before: set[int]) -> dict[int, str]:
    """Return the children that are new and do not end, each with its command."""
    until = time.monotonic() + PATIENCE_S
    while (left := _commands(_children() - before)) and time.monotonic() < until:
        time.sleep(LOOK_S)
    return left


def _children() -> set[int]:
    """Return our children; on Linux without a look at every process there is."""
    found: set[int] = set()
    try:
        for task in os.listdir("/proc/self/task"):  # noqa: PTH208  names are all that is needed
            with suppress(ProcessLookupError, FileNotFoundError):
                path = f"/proc/self/task/{task}/children"  # proc_pid_children(5)
                found |= {int(pid) for pid in Path(path).read_text().split()}
    except OSError:
        return {child.pid for child in psutil.Process().children()}
    return found


def _commands(pids: set[int]) -> dict[int, str]:
    """Name the processes that still run; a zombie only waits for us to notice its end."""
    named = {}
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if process.status() != psutil.STATUS_ZOMBIE:
                named[pid] = " ".join(process.cmdline())
    return named


def _listening() -> set[tuple[int, int]]:
    """Return the descriptors of ours that take connections, each with its inode."""
    found = set()
    for name in os.listdir("/dev/fd"):  # noqa: PTH208  the listing's own descriptor is among them
        with suppress(OSError):
            fd = int(name)
            held = os.fstat(fd)
            if stat.S_ISSOCK(held.st_mode) and _takes_connections(fd):
                found.add((fd, held.st_ino))
    return found


def _takes_connections(fd: int) -> bool:
    door = socket.socket(fileno=fd)
    try:
        return bool(door.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    finally:
        door.detach()  # it is another's, and stays open


def _folders() -> dict[str, tuple[int, set[str]]]:
    """Return when each folder of the repository last got or lost a name, and its names.

    What is known is kept from test to test, so that mostly only times are read.
    """
    _walk(str(ROOT))
    return dict(_known)


_known: dict[str, tuple[int, set[str]]] = {}


def _walk(folder: str) -> None:
    try:
        changed_ns = os.stat(folder).st_mtime_ns  # noqa: PTH116  hundreds of times a test
    except OSError:
        _known.pop(folder, None)
        return
    known = _known.get(folder)
    if known is None or known[0] != changed_ns:
        with os.scandir(folder) as entries:
            names = {e.name + ("/" if e.is_dir(follow_symlinks=False) else "") for e in entries}
        known = _known[folder] = (changed_ns, names)
    for name in known[1]:
        if name.endswith("/") and name[:-1] not in NOT_OURS | CACHES and name != ".ghost/":
            _walk(f"{folder}/{name[:-1]}")


def _new_files(before: dict[str, tuple[int, set[str]]]) -> list[str]:
    """Return what is new in the repository, but for what people write while tests run."""
    found = []
    for folder, (changed_ns, names) in _folders().items():
        old_ns, old_names = before.get(folder, (0, names))
        if old_ns == changed_ns:
            continue
        for name in names - old_names:
            path = Path(folder, name)
            excused = path.name in NOT_OURS | CACHES or path.suffix in WRITTEN_BY_PEOPLE
            if not excused and path.exists():
                found.append(str(path.relative_to(ROOT)))
    return found

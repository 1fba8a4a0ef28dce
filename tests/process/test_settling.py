"""A rotator is killed at any system call of a cut: the next one finds nothing lost or doubled."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ghostbot.process import compress
from ghostbot.process.cutting import Limits
from ghostbot.process.tape import Tape
from tests.fakes.house import program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace(1)")

MAX_BYTES = 40_000
WIDTH = 100  # of a line
ROUNDS = 5
SHM = Path("/dev/shm")
COARSE_S = 0.012  # file times come from a clock that ticks a hundred times a second at least
LATE_S = 5.0  # a rotator that gets no processor notes late what is there

# What a cut and the packing of its archive do, in this order: which of the calls of a kind,
# of how many of that kind, stands at the edge of each window.
COPY = [("unlink", 1, 2), ("copy_file_range", 1, 1), ("fsync", 1, 3)]
MARK = [("fdatasync", 1, 1), ("fsync", 2, 3), ("rename", 1, 4)]
COLLAPSE = [("fallocate", 1, 1), ("rename", 2, 4), ("rename", 3, 4)]
PACK = [("ftruncate", 1, 1), ("fsync", 3, 3), ("rename", 4, 4), ("unlink", 2, 2)]
WINDOWS = COPY + MARK + COLLAPSE + PACK


@pytest.mark.parametrize(("call", "nth", "of"), WINDOWS)
def test_a_rotator_killed_at_a_system_call_loses_and_doubles_nothing(
    call: str, nth: int, of: int, tmp_path: Path
) -> None:
    chance, log = seeded(), tmp_path / "web.log"
    with writer(log) as process:
        for round_ in range(ROUNDS):
            # What is killed in its first three cuts; some die on what the one before them left.
            began = len(list(tmp_path.glob("*.gz"))) + 1 if call == "unlink" else 0  # it tidies up
            killed_at(log, call, began + nth + of * chance.randrange(3))
            if round_ % 2:
                is_whole(log, Tape(log, Limits(MAX_BYTES, 1000)))
        process.terminate()
        _, said = process.communicate(timeout=20)
    tape = Tape(log, Limits(MAX_BYTES, 1000))
    assert is_whole(log, tape) == int(said)
    finish(tape)
    assert is_whole(log, tape) == int(said)
    assert is_whole(log, Tape(log, Limits(MAX_BYTES, 1000))) == int(said)
    names = {path.name for path in tmp_path.iterdir()}
    assert not {name for name in names if name.endswith(".tmp") or f"{name}.gz" in names}


# Where a file cannot collapse: tried once in vain, then copied and emptied.
EMPTYING = [("fallocate", 1), ("rename", 3), ("ftruncate", 1), ("rename", 4), ("rename", 5)]


@pytest.mark.skipif(not SHM.is_dir(), reason="no filesystem at hand that cannot collapse")
@pytest.mark.parametrize(("call", "nth"), EMPTYING)
def test_a_rotator_killed_where_files_cannot_collapse_loses_and_doubles_nothing(
    call: str, nth: int
) -> None:
    """While nobody writes; what is written in between may be lost, and is counted elsewhere."""
    with tempfile.TemporaryDirectory(dir=SHM) as folder:
        log = Path(folder) / "web.log"
        for round_ in range(ROUNDS):
            written = 600 * (round_ + 1)
            with log.open("ab") as file:
                for number in range(written - 600, written):
                    file.write((b"%d %.6f " % (number, time.time())).ljust(WIDTH - 1) + b"\n")
            killed_at(log, call, nth)
            assert is_whole(log, Tape(log, Limits(MAX_BYTES, 1000))) == written
        tape = Tape(log, Limits(MAX_BYTES, 1000))
        finish(tape)
        assert is_whole(log, tape) == written
        assert not [path.name for path in Path(folder).glob("*.tmp")]


def seeded() -> random.Random:
    given = os.environ.get("GHOST_SEED")
    seed = int(given) if given else random.SystemRandom().randrange(10**6)
    print(f"GHOST_SEED={seed}")  # noqa: T201 - pytest shows it with a failure
    return random.Random(seed)


@contextmanager
def writer(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as file:
        process = subprocess.Popen(
            program("stamped"), stdout=file, stderr=subprocess.PIPE, start_new_session=True
        )
    with process:
        try:
            yield process
        finally:
            process.kill()


def killed_at(log: Path, call: str, nth: int) -> None:
    """Run a rotator that the kernel kills as it begins the nth such call."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.fail("cannot kill at a system call: install strace (apt install strace)")
    calls = "?rename,?renameat,?renameat2" if call == "rename" else f"?{call},?{call}at"
    inject = f"inject={calls}:signal=KILL:when={nth}"
    process = subprocess.Popen(
        (
            *(strace, "-o", os.devnull, "-e", f"trace={calls}", "-e", inject),
            *program("keep_short", log, MAX_BYTES),
        ),
        start_new_session=True,
    )
    with process:
        try:
            assert process.wait(20) == -signal.SIGKILL
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)


def is_whole(log: Path, tape: Tape) -> int:
    """Hold a log to its lines, their offsets and the index of times; return how many there are."""
    held, offset = bytearray(), 0
    while True:
        at, more = tape.after(offset, 1 << 20)
        assert at == offset, "something is missing"
        if not more:
            break
        held += more
        offset += len(more)
    lines = bytes(held[: len(held) // WIDTH * WIDTH]).split(b"\n")[:-1]
    words = [line.split(b" ", 2) for line in lines]
    assert [int(number) for number, *_ in words] == list(range(len(lines)))
    stamps = [float(stamp) for _, stamp, _ in words]
    for end, noted_at in tape.timeline._entries():
        assert end <= offset
        if end:  # else it was looked at before the first line
            assert stamps[end // WIDTH - 1] <= noted_at + COARSE_S, log
        if end // WIDTH < len(stamps):
            assert stamps[end // WIDTH] >= noted_at - LATE_S
    return len(lines)


def finish(tape: Tape) -> None:
    """Cut and pack what is left to be cut and packed, as the next Ghost does."""
    tape.look()
    while tape.cut():
        pass
    for archive in tuple(tape.archives):
        if not archive.packed:
            compress.pack(str(archive.path))
            tape.find_packed(archive.start)

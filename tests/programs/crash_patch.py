"""Kills an apply at each thing it does to the disk, and the recovery at each of its own.

Prints JSON: how many schedules there were, and which ended in neither the old nor the new tree.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from ghostbot.patches.apply import apply
from ghostbot.patches.recover import recover
from ghostbot.patches.tree import Tree
from tests.fakes.plans import Look, house, look

DOES = ("open", "write", "fsync", "fchmod", "fchown", "rename", "link", "unlink", "mkdir", "rmdir")
MOST = 500  # steps; an apply that never ends is a defect


def kill_at(number: int) -> None:
    """Let this process die before what it does as number `number`; a write happens by half."""
    count = 0

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def do(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            if name != "open" or (len(args) > 1 and args[1] & os.O_CREAT):
                count += 1
                if count == number:
                    if name == "write":
                        real(args[0], bytes(args[1])[: len(args[1]) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        return do

    for name in DOES:
        setattr(os, name, counted(name, getattr(os, name)))


def dies(number: int, do: Callable[[], object]) -> bool:
    """Do something in a child that dies at a number; tell whether it came that far."""
    pid = os.fork()
    if pid == 0:
        kill_at(number)
        try:
            do()
        except BaseException as error:  # noqa: BLE001  the child of a fork goes no further up
            sys.stderr.write(f"step {number}: {error!r}\n")
            os._exit(3)
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"step {number} failed"
    return os.WIFSIGNALED(status)


def main(folder: Path, part: int, parts: int) -> None:
    """Go through one part of all schedules, below a folder."""
    live, saved = folder / "live", folder / "saved"
    root, state = live / "root", live / "state"
    plan = house(root)
    state.mkdir()
    (live / "outside").write_text("canary")
    shutil.copytree(live, saved / "begin", symlinks=True)
    begin = saved / "begin"
    old = look(root)

    def put_back(what: Path) -> None:
        shutil.rmtree(live)
        shutil.copytree(what, live, symlinks=True)

    def go() -> None:
        with Tree(root) as tree:
            outcome = apply(plan, tree, state, "p1")
            assert outcome.status == "applied", outcome

    go()
    new = look(root)
    put_back(begin)
    told: dict[str, Any] = {"steps": 0, "schedules": 0, "old": 0, "new": 0, "mixed": []}

    def judge(*at: int) -> None:
        assert all(not undone.left for undone in recover(state)), at
        told["schedules"] += 1
        seen = look(root)
        which = "old" if seen == old else "new" if seen == new else "mixed"
        if which == "mixed":
            told["mixed"].append([at, difference(seen, old)])
        else:
            told[which] += 1
        assert (live / "outside").read_text() == "canary"

    for first in range(part, MOST, parts):
        put_back(begin)
        if not dies(first, go):
            break
        told["steps"] = first
        shutil.rmtree(saved / "crash", ignore_errors=True)
        shutil.copytree(live, saved / "crash", symlinks=True)
        for second in range(1, MOST):
            died = dies(second, lambda: recover(state))
            judge(first, second)
            put_back(saved / "crash")
            if not died:
                break
    sys.stdout.write(json.dumps(told))


def difference(seen: Look, old: Look) -> list[str]:
    """Name what is not as it was."""
    return sorted(path for path in seen | old if seen.get(path) != old.get(path))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

"""Kills the carrying out of a plan at each thing it does, and lets the next Ghost find the rest.

Prints JSON: how many steps there were, what became of each, and where tree, word and house differ.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from ghostbot.config.model import RootTable
from ghostbot.core.proposal import CheckLine, Status
from ghostbot.patches.carrying import Means, after_crash, carry_out
from ghostbot.patches.checks import apart
from tests.fakes.plans import house, look
from tests.programs.crash_patch import MOST, dies, difference

RUNS = "src/app.py"  # what the one daemon of the house is made of


def main(folder: Path, part: int, parts: int, *, comes_up: bool) -> None:
    """Go through one part of all steps, below a folder."""
    live, begin = folder / "live", folder / "begin"
    root, state, running = live / "root", live / "state", live / "running"
    plan = house(root)
    state.mkdir()
    apart()  # which is asked once
    checks = (("true",),) if comes_up else ()  # which take most of the time
    settled = RootTable(name="app", path=root, verify=checks, verify_live=True, restart=("web",))

    def start() -> tuple[CheckLine, ...]:
        now = (root / RUNS).read_bytes()
        fd = os.open(running, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(fd, now)
        os.close(fd)
        ok = comes_up or b"new" not in now
        return (CheckLine(name="restart web", ok=ok, took_s=0.0, said=f"web {ok}"),)

    def moved(status: Status) -> None:
        fd = os.open(live / "row", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(fd, status.value.encode())
        os.close(fd)

    def go() -> None:
        carry_out(plan, settled, state, "p1", means=Means(moved=moved, live=start))

    start()
    shutil.copytree(live, begin, symlinks=True)
    old = look(root)
    go()
    new = look(root)
    assert (new != old) is comes_up
    told: dict[str, Any] = {"steps": 0, "wrong": [], **{s.value: 0 for s in Status}}
    for first in range(part, MOST, parts):
        shutil.rmtree(live)
        shutil.copytree(begin, live, symlinks=True)
        if not dies(first, go):
            break
        told["steps"] = first
        carried = after_crash(settled, state, "p1", live=start)
        seen = look(root)
        told[carried.status.value] += 1
        due = new if carried.status is Status.APPLIED else old
        runs = running.read_bytes() == (root / RUNS).read_bytes()
        if seen != due or not runs or carried.left:
            told["wrong"].append([first, asdict(carried), runs, difference(seen, due)])
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), comes_up=sys.argv[4] == "comes up")

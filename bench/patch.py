"""patch.py [ROUNDS]: how long a patch of 50 files takes in a tree of 10,000, planned and applied.

Beside it the floor: the same 50 files written anew by a loop, each with fsync and rename as
anything that must survive a crash has to, and with no plan, no backup and no journal.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from ghostbot.patches.apply import Status, apply
from ghostbot.patches.compile import compile_patch
from ghostbot.patches.tree import Tree

FOLDERS, FILES, PATCHED, ROUNDS = 100, 100, 50, 20
LINES = 50
ALIKE = "".join(f"x{n} = {n}\n" for n in range(LINES))


def planted(root: Path) -> None:
    """Make the tree, and wait until it is on the disk: it is not what is measured."""
    for folder in range(FOLDERS):
        (root / f"d{folder}").mkdir(parents=True)
        for number in range(FILES):
            (root / f"d{folder}" / f"f{number}.py").write_text(ALIKE)
    os.sync()


def patch(turn: int) -> bytes:
    """Return a diff that changes a line of one file in each of 50 folders."""
    return "".join(
        f"--- a/d{n}/f1.py\n+++ b/d{n}/f1.py\n@@ -10,3 +10,3 @@\n"
        f" x9 = 9\n-x10 = {10 + turn}\n+x10 = {11 + turn}\n x11 = 11\n"
        for n in range(PATCHED)
    ).encode()


def ghost(root: Path, state: Path, turn: int) -> tuple[float, float]:
    """Return how many ms planning and applying took."""
    began = time.perf_counter()
    with Tree(root) as tree:
        plan = compile_patch(patch(turn), root="app", files=tree)
        planned = time.perf_counter()
        outcome = apply(plan, tree, state, f"p{turn}")
    assert outcome.status is Status.APPLIED, outcome
    return (planned - began) * 1e3, (time.perf_counter() - planned) * 1e3


def floor(root: Path) -> float:
    """Return how many ms the disk takes for the same files."""
    began = time.perf_counter()
    for number in range(PATCHED):
        folder = root / f"d{number}"
        with (folder / "new").open("w") as file:
            file.write(ALIKE)
            file.flush()
            os.fsync(file.fileno())
        (folder / "new").rename(folder / "f2.py")
        fd = os.open(folder, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)
    return (time.perf_counter() - began) * 1e3


def told(what: str, found: list[float]) -> None:
    """Print a line of the table."""
    found.sort()
    print(f"{what:<36} median {found[len(found) // 2]:6.1f}  slowest {found[-1]:6.1f} ms")


def main(rounds: int) -> None:
    """Measure by turns, and print."""
    print(f"{PATCHED} files in a tree of {FOLDERS * FILES}, {rounds} times")
    with tempfile.TemporaryDirectory() as folder:
        root, state = Path(folder) / "app", Path(folder) / "state"
        state.mkdir()
        planted(root)
        floors, plans, applied = [], [], []
        for turn in range(rounds):
            floors.append(floor(root))
            planned_ms, applied_ms = ghost(root, state, turn)
            plans.append(planned_ms)
            applied.append(applied_ms)
    both = [p + a for p, a in zip(plans, applied, strict=True)]
    told("the floor: one fsync after the other", floors)
    told("Ghost, planned and applied", both)
    told("  of that, planned", plans)
    told("  of that, applied", applied)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)

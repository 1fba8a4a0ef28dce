"""Plans for trees that tests make, and what a tree looks like to the last byte and mode."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ghostbot.core.patch import EXECUTABLE, PLAIN, Change, Op, Plan

Look = dict[str, tuple[str, int, bytes]]


def look(root: Path) -> Look:
    """Return everything in a folder: its kind, mode and bytes. No link is followed."""
    found: Look = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            seen = path.lstat()
            kind = stat.filemode(seen.st_mode)[0]
            data = b""
            if kind == "l":
                data = os.fsencode(path.readlink())
            elif kind == "-":
                data = path.read_bytes()
            found[os.path.relpath(path, root)] = (kind, stat.S_IMODE(seen.st_mode), data)
    return found


def change(
    root: Path,
    path: str,
    new: bytes | None,
    *,
    source: str | None = None,
    mode: int | None = None,
) -> Change:
    """Return what makes `path` hold `new`, from what stands there now."""
    at = root / (source or path)
    base = at.read_bytes() if at.is_file() else None
    base_mode = None
    if base is not None:
        base_mode = EXECUTABLE if at.stat().st_mode & 0o100 else PLAIN
    new_mode = None if new is None else mode or base_mode or PLAIN
    op = Op.MOVE if source else Op.DELETE if new is None else Op.UPDATE if base_mode else Op.ADD
    if op is Op.UPDATE and base == new:
        op = Op.MODE
    return Change(
        path=path,
        op=op,
        base=base,
        base_mode=base_mode,
        new=new,
        new_mode=new_mode,
        source=source,
    )


def plan(*changes: Change) -> Plan:
    """Return a plan of these."""
    return Plan(root="app", format="test", changes=tuple(sorted(changes, key=lambda one: one.path)))


def house(root: Path) -> Plan:
    """Make a tree with something of each kind, and return a plan that does something of each."""
    (root / "src").mkdir(parents=True)
    (root / "src" / "app.py").write_bytes(b"print('old')\n")
    (root / "src" / "gone.py").write_bytes(b"gone\n")
    (root / "src" / "gone.py").chmod(0o600)
    (root / "run").write_bytes(b"#!/bin/sh\n")
    (root / "old name").write_bytes(b"\xff\r\n")
    (root / "kept").write_bytes(b"kept")
    (root / "link").symlink_to("kept")
    return plan(
        change(root, "src/app.py", b"print('new')\n"),
        change(root, "src/gone.py", None),
        change(root, "run", b"#!/bin/sh\n", mode=EXECUTABLE),
        change(root, "new/deep/name", b"\xff\r\nmore", source="old name"),
        change(root, "new/added", b"added\n"),
    )

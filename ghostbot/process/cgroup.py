"""A group of the kernel for each daemon (cgroups(7), version 2), where Ghost was given a subtree.

Rule 1: only in a subtree that was delegated to Ghost: by systemd's Delegate=yes, or by being
        writable to a Ghost that is not root. Elsewhere nothing is made and nothing is missed.
Rule 2: cgroup.subtree_control is never written: the groups hold processes and limit nothing.
Rule 3: it is one net more, not instead of the others: a process may leave its group.
"""

from __future__ import annotations

import os
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

from ghostbot.process.reserve import RESERVE

ENTER = '{ echo 0 > "$1"; } 2>/dev/null; shift; exec "$@"'
# systemd marks what it delegates: systemd.exec(5), "user.delegate" since 251.
DELEGATED = ("trusted.delegate", "user.delegate")


class Groups:
    """The groups below `base`; none at all where it is None."""

    def __init__(self, base: Path | None, state_id: str) -> None:
        """Use groups `ghost-<state id>-<daemon>` below `base`."""
        self._base = base
        self._prefix = f"ghost-{state_id}-"

    @classmethod
    def delegated(cls, state_id: str) -> Groups:
        """Use the subtree that this process was given, if any."""
        base = _own_group()
        return cls(base if base is not None and _is_delegated(base) else None, state_id)

    def entering(self, name: str, command: tuple[str, ...]) -> tuple[str, ...]:
        """Return a command that enters the group of its daemon and becomes `command`.

        Nobody else can put it there as well: writing cgroup.procs takes up to 25 ms, which is
        long enough to fork, and too long to hold the loop. What fails leaves it outside.
        """
        if self._base is None or not os.access(command[0], os.X_OK):
            return command
        group = self._group(name)
        try:
            group.mkdir(exist_ok=True)
        except OSError:
            return command
        return ("/bin/sh", "-c", ENTER, "sh", str(group / "cgroup.procs"), *command)

    def pids(self, name: str) -> set[int]:
        """Return the living of a daemon's group."""
        if self._base is None:
            return set()
        try:
            text = RESERVE.use((self._group(name) / "cgroup.procs").read_text)
        except OSError:
            return set()
        return {int(pid) for pid in text.split()} - {0}  # 0: of another pid namespace

    def kill(self, name: str, untouchable: AbstractSet[int]) -> bool:
        """Send SIGKILL to a whole group at once; False where there is none or that is not safe."""
        pids = self.pids(name)
        if not pids or pids & untouchable:
            return False
        try:
            RESERVE.use(lambda: (self._group(name) / "cgroup.kill").write_text("1"))
        except OSError:  # before Linux 5.14
            return False
        return True

    def remove(self, name: str) -> None:
        """Remove the group of a daemon of which nothing is left."""
        if self._base is not None:
            with suppress(OSError):
                self._group(name).rmdir()

    def _group(self, name: str) -> Path:
        assert self._base is not None, "asked only where there is a subtree"
        return self._base / f"{self._prefix}{name}"


def _own_group() -> Path | None:
    """Return the directory of the group that this process is in."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        own = next(line[3:] for line in lines if line.startswith("0::"))
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
        mount = next(line.split() for line in mounts if " - cgroup2 " in line)
    except (OSError, StopIteration):
        return None
    root, point = mount[3], mount[4]  # proc(5) mountinfo: the root of the mount, and where it is
    below = own.removeprefix(root) if root != "/" else own
    return Path(point) / below.lstrip("/")


def _is_delegated(base: Path) -> bool:
    if not os.access(base, os.W_OK) or not os.access(base / "cgroup.procs", os.W_OK):
        return False
    if os.geteuid() != 0:
        return True
    for name in DELEGATED:  # root may write everywhere, which says nothing
        with suppress(OSError):
            if os.getxattr(base, name) == b"1":
                return True
    return False

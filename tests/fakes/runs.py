"""A fake operating system's side of the daemons: processes are numbers, and die when told to."""

from __future__ import annotations

from collections.abc import Callable
from signal import SIGKILL, Signals

from ghostbot.config.model import DaemonTable
from ghostbot.core.daemon import Adopted, Event, Exited, Gone, Proc, Spawned, Unspawned

BOOT = "boot"


class FakeRuns:
    """What process/runs.py is to the guards."""

    def __init__(self) -> None:
        self.next_pid = 100
        self.alive: dict[str, tuple[Proc, Callable[[Event], None]]] = {}
        self.spawns: list[str] = []
        self.tables: dict[str, DaemonTable] = {}  # as each was last started
        self.signals: list[tuple[str, Signals]] = []
        self.refuse: dict[str, Unspawned] = {}  # by name: the next spawns answer this
        self.stubborn: set[str] = set()  # these ignore all but SIGKILL
        self.found: dict[str, Proc] = {}
        self.dying: set[str] = set()  # found alive, and dead when they are adopted
        self.leftovers: dict[str, Callable[[], object]] = {}  # called when they are ended

    def spawn(self, table: DaemonTable, post: Callable[[Event], None]) -> Spawned | Unspawned:
        self.spawns.append(table.name)
        self.tables[table.name] = table
        if table.name in self.refuse:
            return self.refuse[table.name]
        assert table.name not in self.alive, "a second copy"
        self.next_pid += 1
        proc = Proc(self.next_pid, self.next_pid, BOOT)
        self.alive[table.name] = (proc, post)
        return Spawned(proc)

    def signal(self, table: DaemonTable, proc: Proc, signal: Signals) -> None:
        self.signals.append((table.name, signal))
        assert self.alive[table.name][0] == proc, "a signal to a stranger"
        if signal is SIGKILL or table.name not in self.stubborn:
            self.die(table.name, -signal)

    def die(self, name: str, code: int | None = 1, *, left: bool = False) -> None:
        """End the process of a daemon; with `left`, others of it live until `gone`."""
        proc, post = self.alive[name]
        post(Exited(proc, code, left))
        if not left:
            del self.alive[name]

    def gone(self, name: str) -> None:
        proc, post = self.alive.pop(name)
        post(Gone(proc))

    async def clear(self, table: DaemonTable) -> None:
        self.leftovers.pop(table.name, lambda: None)()

    def find(self, name: str) -> Proc | None:
        return self.found.get(name)

    def run_of(self, name: str) -> str | None:
        return None

    def adopt(
        self, table: DaemonTable, proc: Proc, post: Callable[[Event], None], run: str | None
    ) -> Adopted | Exited:
        if self.found.get(table.name) == proc and table.name not in self.dying:
            self.alive[table.name] = (proc, post)
            return Adopted(proc)
        return Exited(proc, None)

"""The operating system's side of every daemon: runs are begun, watched, signalled, adopted.

Rule 1: a run is written down before it is started and after it is gone.
Rule 2: the leader's end is told once as Exited; where others of its tree live, Gone follows
        when the last of them has ended, looked for again until nobody is found.
Rule 3: every process of a run carries GHOST_UNIT=<state id>/<name>/<run>.
"""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from signal import SIGKILL, Signals

from ghostbot.config.model import DaemonTable, Kill
from ghostbot.core.daemon import Adopted, Event, Exited, Gone, Proc, Spawned, Unspawned
from ghostbot.errors import CannotSpawn
from ghostbot.process.cgroup import Groups
from ghostbot.process.codes import stranger_code
from ghostbot.process.exits import Exits, Watch
from ghostbot.process.identity import (
    boot_id,
    command_of,
    is_alive,
    is_our_child,
    proc_of,
    stat_of,
    ticks_now,
)
from ghostbot.process.journal import Journal
from ghostbot.process.limits import refusal
from ghostbot.process.notices import address_of
from ghostbot.process.orphans import Orphans
from ghostbot.process.reserve import RESERVE
from ghostbot.process.spawn import spawn
from ghostbot.process.traces import Traces
from ghostbot.process.tree import (
    Snapshot,
    become_subreaper,
    marker_of,
    members,
    send,
    signal_members,
)

KILL_ROUNDS = 8  # of SIGKILL in one go; whoever still appears then is met again soon
FEW = 4  # trees killed in one turn with looks of their own; a thousand would hold the loop
AGAIN_S = 0.02  # between looks for whom SIGKILL has yet to reach; doubles
AGAIN_MAX_S = 1.0
SHORT_S = 0.5  # Sentinel has one try for all, a second later
CLEAR_WITHIN_S = 5.0  # SIGKILL takes microseconds, where it takes effect at all

Post = Callable[[Event], None]
log = logging.getLogger("ghost.runs")


@dataclass(eq=False, slots=True)
class Run:
    """One life of a daemon. `others` are the watched members that outlived the leader."""

    table: DaemonTable
    proc: Proc
    run: str
    post: Post
    marker: str  # how the markers of its processes begin: <state id>/<name>/
    ours: bool  # started by this Ghost: its orphans come to us
    sure: bool = True  # the leader was watched to its end, so its group's id is its own
    exited: bool = False
    killing: bool = False
    others: dict[Proc, Watch] = field(default_factory=dict)
    again: asyncio.TimerHandle | None = None
    again_s: float = AGAIN_S


class Runs:
    """All runs of this Ghost."""

    def __init__(
        self,
        *,
        state_id: str,
        inherited: Mapping[str, str],
        exits: Exits,
        journal: Journal,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Take the parts. `state_id` names the state directory in every marker."""
        self._state_id = state_id
        self._inherited = inherited
        self._exits = exits
        self._journal = journal
        self._loop = loop
        self._runs: dict[str, Run] = {}
        self._subreaper = become_subreaper()
        self._groups = Groups.delegated(state_id)
        RESERVE.fill()
        RESERVE.lend_to_doors(loop)
        self._short: str | None = None  # what Ghost lacked when it last tried to start something
        self._short_until = 0.0
        self._orphans = Orphans(loop, exits.names)
        self._traces = Traces(state_id, journal, loop)
        self._killed = 0  # trees in this turn of the loop
        self._strays: dict[str, list[Proc]] = {}  # by daemon: left by a leader that is gone

    @property
    def exits(self) -> Exits:
        """Who sees the ends of all processes that Ghost starts."""
        return self._exits

    def spawn(self, table: DaemonTable, post: Post) -> Spawned | Unspawned:
        """Start a run. What becomes of it is posted: Exited, and Gone where others were left."""
        if self._short is not None and self._loop.time() < self._short_until:
            return Unspawned(self._short, own=True)
        run = uuid.uuid4().hex[:8]
        self._journal.spawn(table.name, run, boot=boot_id(), ticks=ticks_now())
        try:
            marker = f"{self._prefix(table.name)}{run}"
            popen = spawn(
                table,
                marker=marker,
                inherited=self._inherited_by(table),
                wrap=partial(self._groups.entering, table.name),
            )
        except CannotSpawn as error:
            self._journal.gone(table.name, run, None, boot_id())
            return self._short_of(str(error)) if error.own else Unspawned(str(error), own=False)
        # The exit is ours to collect. Popen would poll the pid of an uncollected one for ever,
        # and so steal the status of whoever is given that pid next.
        popen.returncode = 0
        proc = _identify_child(popen.pid)
        if proc is None:
            self._journal.gone(table.name, run, None, boot_id())
            return self._short_of("file descriptors")
        self._short = None
        self._journal.spawned(table.name, run, proc)
        prefix = self._prefix(table.name)
        self._follow_leader(Run(table, proc, run, post, prefix, ours=self._subreaper))
        return Spawned(proc)

    def _short_of(self, what: str) -> Unspawned:
        """Have nobody try for a moment: each try would take what the others lack."""
        self._short, self._short_until = what, self._loop.time() + SHORT_S
        return Unspawned(what, own=True)

    async def clear(self, table: DaemonTable) -> None:
        """End what a leader of an earlier Ghost left when it died; return when that is gone.

        One that survives SIGKILL (it waits for a dead disk) is not waited for: it is told.
        """
        strays = self._strays.pop(table.name, [])
        until = self._loop.time() + CLEAR_WITHIN_S
        while strays and table.kill is not Kill.LEADER:
            if table.kill is Kill.GROUP:  # those that led no group of their own
                strays = [p for p in strays if (s := stat_of(p.pid)) and s.group != p.pid]
            await self._ended(send(strays, SIGKILL), until)
            left = Snapshot.take().marked(self._prefix(table.name))  # forked meanwhile
            strays = [proc_of(stat) for stat in left]
            if strays and self._loop.time() >= until:
                log.warning("daemon=%s survive SIGKILL: %s", table.name, strays)
                return

    async def _ended(self, procs: list[Proc], until: float) -> None:
        ends = []
        for proc in procs:
            ends.append(end := asyncio.Event())
            self._exits.watch(proc, partial(_set, end))
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                for end in ends:
                    await end.wait()

    def signal(self, table: DaemonTable, proc: Proc, signal: Signals) -> None:
        """Signal the tree, the group or the leader, as `table.kill` says."""
        run = self._run_of(table, proc)
        if table.kill is Kill.LEADER:
            send([proc], signal)
            return
        if run is not None and signal is SIGKILL:
            run.killing = True
            if table.kill is Kill.TREE:
                self._groups.kill(table.name, Snapshot({}).untouchable())
        reached: set[Proc] = set()
        rounds = self._rounds(signal)
        for _ in range(rounds):
            snapshot = Snapshot.take() if rounds > 1 else self._seen(proc)
            found = self._members(table, proc, run, snapshot)
            if not set(found) - reached:
                break
            signal_members(snapshot, proc, found, signal, table.kill)
            reached.update(found)
        if run is not None and run.exited:
            self._look_again(run)

    def describe(self, table: DaemonTable) -> None:
        """Have what runs end as `table` says from now on; all else is as it was started."""
        if run := self._runs.get(table.name):
            run.table = replace(run.table, kill=table.kill)

    def adopt(
        self, table: DaemonTable, proc: Proc, post: Post, run: str | None
    ) -> Adopted | Exited:
        """Take over a process of an earlier Ghost, or tell how it ended.

        Where it ended and left others, these are watched, and Gone is posted.
        """
        self._strays.pop(table.name, None)
        ours = is_our_child(proc)  # of the Ghost that this process was before `ghost upgrade`
        prefix = self._prefix_of(table.name, proc)
        adopted = Run(table, proc, run or "", post, prefix, ours=ours and self._subreaper)
        if ours or is_alive(proc):  # a zombie of ours is told and collected like any child
            self._follow_leader(adopted)  # opens the pidfd, then compares again
            return Adopted(proc)
        adopted.exited, adopted.sure = True, False
        code = stranger_code(proc, None).code  # its zombie may be there still
        if table.kill is Kill.LEADER or not self._anyone_left(adopted):
            self._journal.gone(table.name, adopted.run, proc, proc.boot)
            return Exited(proc, code)
        self._runs[table.name] = adopted
        self._follow_others(adopted)
        return Exited(proc, code, left=True)

    def find(self, name: str) -> Proc | None:
        """Return the living leader of a daemon that an earlier Ghost started."""
        leader, others = self._traces.of(name)
        if others:
            self._strays[name] = others
        return leader

    def run_of(self, name: str) -> str | None:
        """Return the run that the journal last spoke of."""
        last = self._journal.last.get(name)
        return last.run if last else None

    def left_of(self, name: str) -> list[tuple[int, str]]:
        """Return pid and command of whoever carries this daemon's marker."""
        marked = Snapshot.take().marked(self._prefix(name))
        return [(stat.pid, command_of(stat.pid)) for stat in marked]

    def members(self, table: DaemonTable, proc: Proc) -> list[tuple[int, str]]:
        """Return pid and command of each living member of the run that `proc` leads."""
        found = self._members(table, proc, self._run_of(table, proc), Snapshot.take())
        return [(p.pid, command_of(p.pid)) for p in found]

    def rewrite(self) -> None:
        """Have the journal on disk again, which was taken away."""
        self._journal.rewrite()

    def close(self) -> None:
        """Stop watching. The daemons are left alone."""
        for run in self._runs.values():
            if run.again is not None:
                run.again.cancel()
        self._runs.clear()
        self._orphans.close()

    # Within.

    def _inherited_by(self, table: DaemonTable) -> Mapping[str, str]:
        if not table.notify:
            return self._inherited
        return {**self._inherited, "NOTIFY_SOCKET": address_of(self._state_id, table.name)}

    def _prefix(self, name: str) -> str:
        return f"{self._state_id}/{name}/"

    def _prefix_of(self, name: str, leader: Proc) -> str:
        """Return how its processes' markers begin: the state directory may have been moved."""
        words = (marker_of(leader.pid) or "").split("/") if is_alive(leader) else []
        return f"{words[0]}/{name}/" if words[1:2] == [name] else self._prefix(name)

    def _run_of(self, table: DaemonTable, proc: Proc) -> Run | None:
        run = self._runs.get(table.name)
        return run if run is not None and run.proc == proc else None

    def _rounds(self, signal: Signals) -> int:
        """Return how often a tree is gone through now; who is killed in a crowd is met again."""
        if self._killed == 0:
            self._loop.call_soon(setattr, self, "_killed", 0)
        self._killed += signal is SIGKILL
        return KILL_ROUNDS if signal is SIGKILL and self._killed <= FEW else 1

    def _seen(self, proc: Proc) -> Snapshot:
        """Return a look at all processes that serves all who are signalled in one turn."""
        if proc.pid not in self._traces.snapshot().stats:
            self._traces.forget()  # it was started after that look
        return self._traces.snapshot()

    def _members(
        self, table: DaemonTable, proc: Proc, run: Run | None, snapshot: Snapshot
    ) -> list[Proc]:
        sure = run is not None and run.sure
        marker = run.marker if run is not None else self._prefix(table.name)
        grouped = self._groups.pids(table.name)
        return members(snapshot, proc, marker, kill=table.kill, sure=sure, grouped=grouped)

    def _follow_leader(self, run: Run) -> None:
        self._runs[run.table.name] = run
        self._exits.watch(run.proc, partial(self._leader_ended, run))

    def _leader_ended(self, run: Run, code: int | None) -> None:
        """Tell the end of a leader. A child of ours is still a zombie here."""
        run.exited = True
        try:
            left = run.table.kill is not Kill.LEADER and self._anyone_left(run)
        except OSError:  # no descriptor to look with: the end is told all the same
            left = True
        why = refusal(run.table, run.proc.pid, code)
        run.post(Exited(run.proc, code, left, why))
        if left:
            self._follow_others(run)
        else:
            self._end(run)

    def _anyone_left(self, run: Run) -> bool:
        if self._exits.is_polling:  # this one may have ended after this turn's look
            self._traces.forget()
            self._orphans.forget()
        if run.ours and not self._groups.pids(run.table.name):
            orphans = self._orphans.living()
            if orphans is not None and not any(self._may_be_of(run, pid) for pid in orphans):
                return False  # the usual way: one small read, and no look at all of /proc
        return bool(self._members(run.table, run.proc, run, self._traces.snapshot()))

    def _may_be_of(self, run: Run, pid: int) -> bool:
        """Tell whether an orphan is of this run, or whether that takes a closer look."""
        stat = stat_of(pid)
        if stat is None or stat.is_gone or run.proc.pid in (stat.group, stat.session):
            return True  # one that has ended since it was listed may have forked
        if stat.session == os.getsid(0):
            return False
        marker = self._orphans.marker(stat)
        return marker is None or marker.startswith(run.marker)

    def _follow_others(self, run: Run) -> None:
        """Watch who outlived the leader; nobody to be found means that the run is gone."""
        if self._runs.get(run.table.name) is not run:
            return
        try:
            found = self._members(run.table, run.proc, run, Snapshot.take())
        except OSError:  # nothing can be known now
            self._look_again(run)
            return
        fresh = [p for p in found if p not in run.others]
        if not found and not run.others:
            run.post(Gone(run.proc))
            self._end(run)
            return
        for proc in fresh:
            run.others[proc] = self._exits.watch(proc, partial(self._other_ended, run, proc))
        if run.killing:
            send(fresh, SIGKILL)
            run.again_s = AGAIN_S if fresh else run.again_s
            self._look_again(run)

    def _other_ended(self, run: Run, proc: Proc, _code: int | None) -> None:
        run.others.pop(proc, None)
        if not run.others:
            # Not at once: the one that has just ended must be reaped first.
            self._loop.call_soon(self._follow_others, run)

    def _look_again(self, run: Run) -> None:
        """Look soon for whoever was forked while SIGKILL went round."""
        if run.again is not None:
            run.again.cancel()
        run.again = self._loop.call_later(run.again_s, self._follow_others, run)
        run.again_s = min(run.again_s * 2, AGAIN_MAX_S)

    def _end(self, run: Run) -> None:
        if run.again is not None:
            run.again.cancel()
        for watch in run.others.values():
            self._exits.cancel(watch)
        if self._runs.get(run.table.name) is run:
            del self._runs[run.table.name]
        self._groups.remove(run.table.name)
        self._journal.gone(run.table.name, run.run, run.proc, run.proc.boot)


def _set(end: asyncio.Event, _code: int | None) -> None:
    end.set()


def _identify_child(pid: int) -> Proc | None:
    """Return the identity of a new child; where it cannot be known, end it and return None."""
    try:
        stat = stat_of(pid)
        assert stat is not None, "a child that nobody has reaped is at least a zombie"
        return proc_of(stat)
    except OSError:
        # Ours and not reaped: its id, and that of the group it leads, can be nobody else's.
        os.killpg(pid, SIGKILL)
        os.waitpid(pid, 0)
        return None

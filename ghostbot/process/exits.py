"""Notices the end of processes, ours and adopted ones, by event.

Rule 1: status first, reap last. While `on_exit` runs, a child of ours is still a zombie: its
        pid, and so its group's id, cannot belong to a stranger.
        To reap is the slowest step: where many end at once, it waits until all are told.
Rule 2: each watch calls back exactly once, on the loop, unless it is cancelled.
Rule 3: where no descriptor is to be had it is polled, and goes back to events when one is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from ghostbot.core.daemon import Proc
from ghostbot.process.codes import Status, child_code, stranger_code
from ghostbot.process.identity import boot_id, stat_of
from ghostbot.process.kqueue import Kqueue

PER_TURN = 100  # exits told in one turn of the loop; 500 in one would hold it for 100 ms
POLL_S = 0.05  # without a descriptor; ten times quicker than people notice
MANY = 10  # told in one turn: from here on the dead are reaped later
REAP_S = 0.02
REARM_S = 1.0  # between tries to leave polling
CODE_WITHIN_S = 5.0  # a slow init was seen to reap after 1.7 s; then the code is unknown
CODE_EVERY_S = 0.01

OnExit = Callable[[int | None], None]


@dataclass(eq=False, slots=True)
class Watch:
    """One process being watched. `fd` is its pidfd, where there is one."""

    proc: Proc
    on_exit: OnExit
    fd: int | None = None
    over: bool = False
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)


class Notices(Protocol):
    """What kqueue is to Exits: calls back when a pid ends. `add` says whether it will."""

    def add(self, pid: int, ended: Callable[[], None]) -> bool: ...
    def discard(self, pid: int) -> None: ...
    def close(self) -> None: ...


class Exits:
    """All watched processes of this Ghost."""

    def __init__(self, loop: asyncio.AbstractEventLoop, notices: Notices | None = None) -> None:
        """Watch on `loop`. `notices` stands in where the system has no pidfd."""
        self._loop = loop
        self._watches: set[Watch] = set()
        self.names: set[bytes] = set()  # the watched pids, as proc(5) spells them
        self._polled: set[Watch] = set()
        self._poll: asyncio.TimerHandle | None = None
        self._rearm_at = 0.0
        self._told = 0  # in this turn of the loop
        self._dead: list[int] = []  # told, and still to be collected
        self._notices = notices if notices is not None else Kqueue.open(loop)

    def watch(self, proc: Proc, on_exit: OnExit) -> Watch:
        """Call `on_exit(code)` once `proc` has ended; soon, where it has already.

        The code is as subprocess has it (negative: signal), None where nobody can tell.
        """
        watch = Watch(proc, on_exit)
        self._watches.add(watch)
        self.names.add(b"%d" % proc.pid)
        if proc.boot != boot_id():
            self._loop.call_soon(self._finish, watch, None)
        else:
            self._arm(watch)
        return watch

    def cancel(self, watch: Watch) -> None:
        """Forget a watch; a child that nobody watches stays a zombie when it ends."""
        self._release(watch)

    @property
    def pids(self) -> set[int]:
        """The pids that are watched."""
        return {watch.proc.pid for watch in self._watches}

    @property
    def is_polling(self) -> bool:
        """Whether some exits are found by polling, one after the other within a turn."""
        return bool(self._polled)

    def close(self) -> None:
        """Stop watching. The processes are left alone."""
        for watch in tuple(self._watches):
            self._release(watch)
        while self._dead:
            reap(self._dead.pop())
        if self._poll is not None:
            self._poll.cancel()
            self._poll = None
        if self._notices is not None:
            self._notices.close()

    def _arm(self, watch: Watch) -> None:
        try:
            watch.fd = os.pidfd_open(watch.proc.pid)
        except ProcessLookupError:
            self._loop.call_soon(self._finish, watch, None)
            return
        except (OSError, AttributeError):  # EMFILE, ENOSYS, a system without pidfd
            if not self._arm_without_fd(watch):
                self._poll_it(watch)
            return
        # Identity after opening: from here on the descriptor can mean no other process.
        if _is_another(watch.proc):
            self._loop.call_soon(self._finish, watch, None)
            return
        try:
            self._loop.add_reader(watch.fd, self._ended, watch)
        except OSError:  # ENOSPC: this user's share of epoll_ctl(2) is used up
            os.close(watch.fd)
            watch.fd = None
            self._poll_it(watch)

    def _arm_without_fd(self, watch: Watch) -> bool:
        if self._notices is None:
            return False
        if not self._notices.add(watch.proc.pid, lambda: self._ended(watch)):
            return False
        if _is_another(watch.proc):
            self._notices.discard(watch.proc.pid)
            self._loop.call_soon(self._finish, watch, None)
        return True

    def _ended(self, watch: Watch) -> None:
        """Read the status of what has just ended, without reaping it."""
        if watch.over:
            return
        if watch.fd is not None:
            if self._told == 0:
                self._loop.call_soon(self._renew)
            if self._told == PER_TURN:
                return  # it stays readable, and is met again in the next turn
            self._told += 1
            self._loop.remove_reader(watch.fd)
        try:
            code = child_code(*_waitable(watch))
        except ChildProcessError:
            self._ask(watch, self._loop.time() + CODE_WITHIN_S)
            return
        if code is None:  # woken too early: look again by polling
            self._poll_it(watch)
        else:
            self._finish(watch, code, ours=True)

    def _renew(self) -> None:
        self._told = 0

    def _ask(self, watch: Watch, until: float, wait_s: float = CODE_EVERY_S) -> None:
        """Ask how a stranger ended, until the answer is settled or it is too late."""
        if watch.over:
            return
        status: Status = stranger_code(watch.proc, watch.fd)
        if status.settled or self._loop.time() >= until:
            self._finish(watch, status.code)
            return
        watch.timer = self._loop.call_later(wait_s, self._ask, watch, until, min(wait_s * 2, 0.25))

    def _finish(self, watch: Watch, code: int | None, *, ours: bool = False) -> None:
        if watch.over:
            return
        try:
            watch.on_exit(code)
        finally:
            self._release(watch)
            if ours and self._told < MANY:
                reap(watch.proc.pid)
            elif ours:
                self._reap_later(watch.proc.pid)

    def _reap_later(self, pid: int) -> None:
        self.names.add(b"%d" % pid)  # until then it is nobody's orphan
        self._dead.append(pid)
        if len(self._dead) == 1:
            self._loop.call_later(REAP_S, self._reap_some)

    def _reap_some(self) -> None:
        dead, self._dead = self._dead[:PER_TURN], self._dead[PER_TURN:]
        for pid in dead:
            reap(pid)
            self.names.discard(b"%d" % pid)
        if self._dead:
            self._loop.call_soon(self._reap_some)

    def _release(self, watch: Watch) -> None:
        watch.over = True
        self._watches.discard(watch)
        self.names.discard(b"%d" % watch.proc.pid)
        self._polled.discard(watch)
        if watch.timer is not None:
            watch.timer.cancel()
        if watch.fd is not None:
            self._loop.remove_reader(watch.fd)
            os.close(watch.fd)
            watch.fd = None
        elif self._notices is not None:
            self._notices.discard(watch.proc.pid)

    # Polling, where nothing notifies.

    def _poll_it(self, watch: Watch) -> None:
        self._polled.add(watch)
        if self._poll is None:
            self._rearm_at = self._loop.time() + REARM_S
            self._poll = self._loop.call_later(POLL_S, self._poll_all)

    def _poll_all(self) -> None:
        self._poll = None
        rearm = self._loop.time() >= self._rearm_at
        for watch in tuple(self._polled):
            self._poll_one(watch, rearm=rearm)
        if self._polled and self._poll is None:
            if rearm:
                self._rearm_at = self._loop.time() + REARM_S
            self._poll = self._loop.call_later(POLL_S, self._poll_all)

    def _poll_one(self, watch: Watch, *, rearm: bool) -> None:
        if watch.over:
            return
        try:
            code = child_code(getattr(os, "P_PID", 1), watch.proc.pid)
        except ChildProcessError:
            ended = not _runs(watch.proc)
        else:
            if code is not None:
                self._finish(watch, code, ours=True)
                return
            ended = False
        if ended:
            self._polled.discard(watch)
            self._ask(watch, self._loop.time() + CODE_WITHIN_S)
        elif rearm and watch.fd is None:
            self._polled.discard(watch)
            self._arm(watch)


def _waitable(watch: Watch) -> tuple[int, int]:
    if watch.fd is not None:
        return os.P_PIDFD, watch.fd
    return getattr(os, "P_PID", 1), watch.proc.pid


def _is_another(proc: Proc) -> bool:
    """Tell whether the pid belongs to someone else by now. A zombie is still itself."""
    try:
        stat = stat_of(proc.pid)
    except OSError:  # nothing can be known: go on watching
        return False
    return stat is None or stat.ticks != proc.ticks


def _runs(proc: Proc) -> bool:
    try:
        stat = stat_of(proc.pid)
    except OSError:  # nothing can be known: ask again at the next turn
        return True
    return stat is not None and stat.ticks == proc.ticks and not stat.is_gone


def reap(pid: int) -> None:
    """Collect our child, a zombie whose status has been read."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)

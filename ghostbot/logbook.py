"""Ghost's own log: one line per transition, in state_dir/ghost.log.

Rule 1: a slow or full disk never holds the loop: lines go through a bounded queue to a thread,
        and are dropped, and counted, when it is full.
Rule 2: secrets are struck out of every line, whoever wrote it.
"""

from __future__ import annotations

import logging
import logging.handlers
import queue
import re
from collections.abc import Callable
from pathlib import Path
from typing import Self

NAME = "ghost.log"
BYTES, KEPT = 5_000_000, 3  # of ghost.log, and how many older ones
LINES_WAITING = 5_000
PLAIN = frozenset({str, int, float, bool, type(None)})
SECRET = re.compile(  # Slack's tokens, its webhook and response addresses, Socket Mode tickets
    r"x(?:ox[a-z]|app)-[A-Za-z0-9-]+|(?<=hooks\.slack\.com/)\S+|(?<=ticket=)[^\s&\"']+"
)


class _Struck(logging.Formatter):
    def __init__(self, form: str, hide: Callable[[str], str]) -> None:
        super().__init__(form)
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        return self._hide(SECRET.sub("***", super().format(record)))


class _Bounded(logging.handlers.QueueHandler):
    """Drops lines when the queue is full, and says how many once there is room again."""

    dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Leave to the thread what it can do; what may change until then is written out now."""
        args = record.args or ()
        if not isinstance(args, tuple) or not all(type(arg) in PLAIN for arg in args):
            record.msg, record.args = record.getMessage(), None
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            if self.dropped:
                said = f"dropped lines={self.dropped}"
                self.queue.put_nowait(logging.makeLogRecord({"msg": said, "name": "ghost.log"}))
                self.dropped = 0
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1


class Logbook:
    """Writes what is logged in this process to a file, from construction to `close`."""

    def __init__(self, state_dir: Path, hide: Callable[[str], str] = str) -> None:
        """Open the log; `hide` takes secrets out of a line, on the writer's thread.

        A log that cannot be opened is left out: supervising goes on without.
        """
        lines: queue.Queue[logging.LogRecord] = queue.Queue(LINES_WAITING)
        self._handler = _Bounded(lines)
        sink: logging.Handler
        try:
            sink = logging.handlers.RotatingFileHandler(
                state_dir / NAME, maxBytes=BYTES, backupCount=KEPT, encoding="utf-8"
            )
        except OSError:
            sink = logging.NullHandler()
        sink.setFormatter(_Struck("%(asctime)s %(levelname)s %(name)s %(message)s", hide))
        self._listener = logging.handlers.QueueListener(lines, sink)
        self._sink = sink
        logging.raiseExceptions = False  # a full disk must not fill the terminal as well
        root = logging.getLogger()
        self._before = root.level
        root.setLevel(logging.INFO)  # at DEBUG the SDK prints payloads
        root.addHandler(self._handler)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what waits, and let go of the file."""
        root = logging.getLogger()
        root.removeHandler(self._handler)
        root.setLevel(self._before)
        self._listener.stop()
        self._sink.close()

"""Every way in which Ghost says no, split by whose fault it is.

GhostError
├── BadRequest         the asker's words make no sense        exit 2, HTTP 400
├── NoSuch             the asker names what is not there       exit 4, HTTP 404
├── NotAllowed         the asker may not                       exit 5, HTTP 403
├── Failed             it was tried and did not come true      exit 1, HTTP 409
├── ConfigError        mistakes in a file that a person wrote  exit 2
├── NotRunning         no Ghost answers                        exit 3
├── AlreadyRunning     another Ghost holds the state directory exit 1
└── CannotSpawn        the system would not start a process; `own` says whose trouble that is
"""

from __future__ import annotations

from collections.abc import Iterable


class GhostError(Exception):
    """An answer in words for whoever asked. `code` is the word programs read."""

    code = "failed"
    exit_code = 1


class BadRequest(GhostError):
    """The words of the request make no sense."""

    code = "bad_request"
    exit_code = 2


class NoSuch(GhostError):
    """The request names something that does not exist."""

    code = "no_such_daemon"
    exit_code = 4

    def __init__(self, message: str, what: str = "daemon") -> None:
        """Keep what kind of thing there is none of."""
        super().__init__(message)
        self.code = f"no_such_{what}"


class NotAllowed(GhostError):
    """Whoever asks may not do this."""

    code = "not_allowed"
    exit_code = 5


class Failed(GhostError):
    """It was tried, and it did not come true."""

    code = "failed"
    exit_code = 1


class ConfigError(GhostError):
    """Mistakes in a file that a person wrote: all of them, one line each, with its place."""

    code = "bad_config"
    exit_code = 2

    def __init__(self, mistakes: Iterable[str]) -> None:
        """Take the lines `file:line: key: what is wrong (way out)`."""
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class NotRunning(GhostError):
    """No Ghost answers for this state directory."""

    code = "not_running"
    exit_code = 3


class AlreadyRunning(GhostError):
    """Another Ghost holds this state directory."""

    code = "already_running"
    exit_code = 1


class CannotSpawn(GhostError):
    """The system did not start the process.

    `own` is true for Ghost's trouble (no process slots, descriptors, memory or disk), which
    charges no daemon's budget, and false for the daemon's (no such file, not executable).
    """

    code = "cannot_spawn"

    def __init__(self, message: str, *, own: bool) -> None:
        """Keep whose trouble it is beside the words."""
        super().__init__(message)
        self.own = own

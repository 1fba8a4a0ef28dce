"""ghost.toml as frozen dataclasses: what the rest of Ghost may know of the file.

Rule 1: everything here is whole: paths are absolute, durations seconds, variables expanded.
Rule 2: a default stands here or in `core.restart.Policy`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ghostbot.core.restart import Policy

LISTEN = ("127.0.0.1", 5051)  # the private door, on the port of the system Ghost replaces
COMMAND = "/ghost"  # the slash command that manifest.yml declares
HEARTBEAT_S = 300.0


Limit = tuple[int | None, int | None]  # soft, hard; None is unlimited


class Kill(StrEnum):
    """Whom a stop reaches: all descendants, those in the daemon's group, or its first process."""

    TREE = "tree"
    GROUP = "group"
    LEADER = "leader"


@dataclass(frozen=True, slots=True)
class LogTable:
    """Where a daemon's output goes: [daemon.NAME.log]."""

    path: Path  # state_dir/logs/NAME.log unless told
    max_bytes: int = 20_000_000  # then the head of the file becomes an archive
    keep: int = 5  # archives; the oldest goes first
    compress: bool = True
    stderr: Path | None = None  # None: into the same file


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonTable:
    """One daemon: [daemon.NAME], with what [defaults] says for all."""

    name: str
    of: str = ""  # the name in the file: `web` for web-1 and web-2; its own for a single one
    instances: int = 1
    instance: int | None = None  # which of them this is, from 1; None for a single one
    command: tuple[str, ...]  # the first is an absolute path, or a name found on PATH
    policy: Policy = field(default_factory=Policy)
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)  # only what the file sets
    env_file: tuple[Path, ...] = ()  # read at each start; a later one wins, and `env` over all
    user: str | None = None  # None, as with the next three: as Ghost is
    umask: int | None = None
    nice: int | None = None
    rlimits: Mapping[str, Limit] = field(default_factory=dict)  # by name, as in `nofile`
    autostart: bool = True
    priority: int = 100  # the smaller starts first, within what `after` allows
    after: tuple[str, ...] = ()
    ready_after_s: float = 1.0  # alive this long is ready, where nothing better tells
    port: int | None = None
    port_auto: bool = False  # a free one is chosen at the first start, and kept
    notify: bool = False  # ready when it says READY=1, see sd_notify(3)
    kill: Kill = Kill.TREE
    group: str | None = None
    description: str | None = None
    log: LogTable

    def __post_init__(self) -> None:
        """A single daemon is its own family."""
        if not self.of:
            object.__setattr__(self, "of", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class GhostTable:
    """Ghost itself: [ghost]."""

    name: str  # the host's name unless told
    state_dir: Path  # `.ghost` beside the file unless told
    log_total_bytes: int = 2_000_000_000  # on disk, for the logs of all daemons


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackTable:
    """What Ghost does in Slack: [slack]."""

    channel: str | None = None
    command: str = COMMAND
    heartbeat_s: float | None = HEARTBEAT_S  # None: off


@dataclass(frozen=True, slots=True, kw_only=True)
class WebTable:
    """The private door, dashboard and API: [web]."""

    listen: tuple[str, int] | None = LISTEN  # None: off
    allowed_hosts: tuple[str, ...] = ()  # names beside loopback that requests may come by


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole ghost.toml without mistakes."""

    path: Path
    ghost: GhostTable
    slack: SlackTable = SlackTable()
    web: WebTable = WebTable()
    daemons: Mapping[str, DaemonTable]  # in file order
    warnings: tuple[str, ...] = ()  # lines `file:line: key: …` that keep nothing from running

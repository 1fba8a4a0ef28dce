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


class Kill(StrEnum):
    """Whom a stop reaches: all descendants, those in the daemon's group, or its first process."""

    TREE = "tree"
    GROUP = "group"
    LEADER = "leader"


@dataclass(frozen=True, slots=True)
class LogTable:
    """Where a daemon's output goes: [daemon.NAME.log]."""

    path: Path  # state_dir/logs/NAME.log unless told


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonTable:
    """One daemon: [daemon.NAME], with what [defaults] says for all."""

    name: str
    command: tuple[str, ...]  # the first is an absolute path, or a name found on PATH
    policy: Policy = field(default_factory=Policy)
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)  # only what the file sets
    autostart: bool = True
    priority: int = 100  # the smaller starts first, within what `after` allows
    after: tuple[str, ...] = ()
    ready_after_s: float = 1.0  # alive this long is ready, where nothing better tells
    port: int | None = None
    kill: Kill = Kill.TREE
    group: str | None = None
    description: str | None = None
    log: LogTable


@dataclass(frozen=True, slots=True, kw_only=True)
class GhostTable:
    """Ghost itself: [ghost]."""

    name: str  # the host's name unless told
    state_dir: Path  # `.ghost` beside the file unless told


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

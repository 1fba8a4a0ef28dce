"""The vocabulary of ghost.toml: every table, its keys, and who reads each.

A key is named like the field it fills, but that a duration's field ends in `_s`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ghostbot.config.command import command
from ghostbot.config.model import Kill
from ghostbot.config.values import (
    Reader,
    address,
    channel,
    choice,
    duration,
    environment,
    flag,
    host,
    many,
    name,
    number,
    path,
    port,
    slash_command,
    stop_signal,
    text,
    unless_off,
)
from ghostbot.core.restart import After, Kind

Keys = Mapping[str, Reader]

DEATHS = number(1, 1000)  # each is remembered, so there is an end
SOON_S = 0.001  # where nothing at all would be a busy loop, or never

GHOST: Keys = {"name": text, "state_dir": path}
SLACK: Keys = {
    "channel": channel,
    "command": slash_command,
    "heartbeat": unless_off(duration(least_s=1.0)),  # Slack takes about one message a second
}
WEB: Keys = {
    "listen": unless_off(address),
    "allowed_hosts": many(host, 'allowed_hosts = ["ghost.example.com"]'),
}
POLICY: Keys = {
    "kind": choice(Kind, later=("tunnel",)),
    "restart": choice(After),
    "exit_codes": many(number(0, 255), "exit_codes = [0]"),
    "restart_delay": duration(),
    "restart_max_delay": duration(),
    "max_restarts": DEATHS,
    "restart_window": duration(least_s=SOON_S),
    "slow_restarts": DEATHS,
    "slow_window": duration(least_s=SOON_S),
    "cooldown": duration(least_s=SOON_S),
    "stable_after": duration(least_s=SOON_S),
    "start_timeout": duration(least_s=SOON_S),
    "stop_signal": stop_signal,
    "stop_timeout": duration(),
}
DAEMON: Keys = {
    "command": command,
    "cwd": path,
    "env": environment,
    "autostart": flag,
    "priority": number(-1_000_000, 1_000_000),
    "after": many(text, 'after = ["db"]'),
    "ready_after": duration(),
    "port": port,
    "kill": choice(Kill),
    "group": name,
    "description": text,
    **POLICY,
}
LOG: Keys = {"path": path}
ALONE = frozenset({"command", "port", "description", "log"})  # no two daemons share these
DEFAULTS: Keys = {key: read for key, read in DAEMON.items() if key not in ALONE}
HOMES = {"ghost": GHOST, "slack": SLACK, "web": WEB, "daemon.NAME": DAEMON, "daemon.NAME.log": LOG}
TABLES = {"ghost": GHOST, "slack": SLACK, "web": WEB, "defaults": DEFAULTS, "daemon": DAEMON}

LATER = frozenset(  # keys and tables that the design names and this version does not build
    {
        *("action", "check", "roles", "root", "summaries", "watch", "webhook"),
        *("ghost.log_total", "ghost.ping_url", "ghost.timezone"),
        *("slack.digest", "slack.mask", "slack.mention", "slack.mode", "slack.patches"),
        *("slack.quiet", "slack.routes"),
        *("web.cors", "web.public", "web.public_status"),
        *("daemon.cpu_max", "daemon.drill", "daemon.env_file", "daemon.instances"),
        *("daemon.limit_for", "daemon.memory_max", "daemon.nice", "daemon.probe"),
        *("daemon.restart_with", "daemon.rlimits", "daemon.schedule", "daemon.umask"),
        *("daemon.user", "daemon.watch"),
        *("log.compress", "log.keep", "log.max_size", "log.stderr"),
    }
)
ELSEWHERE = {  # what other supervisors call it
    "args": "command",
    "autorestart": "restart",
    "depends_on": "after",
    "directory": "cwd",
    "environment": "env",
    "exec": "command",
    "requires": "after",
    "run": "command",
    "stopsignal": "stop_signal",
    "stopwaitsecs": "stop_timeout",
    "working_dir": "cwd",
}

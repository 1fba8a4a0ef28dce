"""The vocabulary of ghost.toml: every table, its keys, and who reads each.

A key is named like the field it fills, but that a duration's field ends in `_s`, a size's in
`_bytes`, and that `port = "auto"` fills `port_auto`. Tables within a daemon's (`log`, `probe`) are
read by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

from ghostbot.config.clock import zone
from ghostbot.config.command import command
from ghostbot.config.model import Kill, PublicStatus
from ghostbot.config.roles import ROLES
from ghostbot.config.roots import ROOT
from ghostbot.config.sending import SUMMARIES, WATCH, WEBHOOK, origin
from ghostbot.config.speech import mention, patches, routes, window
from ghostbot.config.start import nice, rlimits, size, umask, user
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
    one_or_many,
    path,
    port,
    slash_command,
    stop_signal,
    text,
    unless_off,
)
from ghostbot.config.watched import ACTION, CHECK, PROBE, cron, pattern, percent, url
from ghostbot.core.restart import After, Kind

Keys = Mapping[str, Reader]

DEATHS = number(1, 1000)  # each is remembered, so there is an end
SOON_S = 0.001  # where nothing at all would be a busy loop, or never

LEAST_LOG = 16_000  # an archive of less is mostly its name

GHOST: Keys = {
    "name": text,
    "state_dir": path,
    "timezone": zone,
    "log_total": size(least=LEAST_LOG),
    "ping_url": url,
}
SLACK: Keys = {
    "channel": channel,
    "command": slash_command,
    "heartbeat": unless_off(duration(least_s=1.0)),  # Slack takes about one message a second
    "mask": one_or_many(pattern, 'mask = ["user-[0-9]+"]'),
    "digest": unless_off(cron),
    "mention": one_or_many(mention, 'mention = ["@on-call"]'),
    "quiet": one_or_many(window, 'quiet = ["22:00-07:00", "sat-sun"]'),
    "routes": routes,
    "patches": patches,
}
WEB: Keys = {
    "listen": unless_off(address),
    "allowed_hosts": many(host, 'allowed_hosts = ["ghost.example.com"]'),
    "public": unless_off(address),
    "public_status": choice(PublicStatus),
    "cors": one_or_many(origin, 'cors = ["https://status.example.com"]'),
}
POLICY: Keys = {
    "kind": choice(Kind),
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
    "env_file": one_or_many(path, 'env_file = [".env", "web.env"]'),
    "user": user,
    "umask": umask,
    "nice": nice,
    "rlimits": rlimits,
    "instances": number(1, 1000),
    "autostart": flag,
    "priority": number(-1_000_000, 1_000_000),
    "after": many(text, 'after = ["db"]'),
    "ready_after": duration(),
    "port": port,
    "restart_with": flag,
    "schedule": cron,
    "watch": one_or_many(path, 'watch = ["src/**/*.py"]'),
    "memory_max": size(least=1_000_000),
    "cpu_max": percent,
    "limit_for": duration(),
    "drill": cron,
    "kill": choice(Kill),
    "group": name,
    "description": text,
    **POLICY,
}
LOG: Keys = {
    "path": path,
    "max_size": size(least=LEAST_LOG),
    "keep": number(0, 10_000),
    "compress": flag,
    "stderr": path,
}
WITHIN = ("log", "probe")  # tables within a daemon's own
ALONE = frozenset({"command", "port", "description", *WITHIN})  # no two daemons share these
DEFAULTS: Keys = {key: read for key, read in DAEMON.items() if key not in ALONE}
HOMES = {  # where more than one has a key, the last is named
    "summaries": SUMMARIES,
    "ghost": GHOST,
    "slack": SLACK,
    "roles": ROLES,
    "web": WEB,
    "action.NAME": ACTION,
    "check.NAME": CHECK,
    "[daemon.NAME.probe]": PROBE,
    "daemon.NAME": DAEMON,
    "daemon.NAME.log": LOG,
    "root.NAME": ROOT,
    "webhook.SOURCE": WEBHOOK,
    "watch.NAME": WATCH,
}
TABLES = {
    "ghost": GHOST,
    "slack": SLACK,
    "roles": ROLES,
    "web": WEB,
    "defaults": DEFAULTS,
    "daemon": DAEMON,
    "check": CHECK,
    "action": ACTION,
    "root": ROOT,
    "webhook": WEBHOOK,
    "watch": WATCH,
    "summaries": SUMMARIES,
}

LATER = frozenset(  # keys and tables that the design names and this version does not build
    {
        "slack.mode",
        *("watch.paths", "watch.include", "watch.exclude", "watch.debounce", "watch.run"),
        "watch.notify",
    }
)
ELSEWHERE = {  # what other supervisors call it
    "args": "command",
    "autorestart": "restart",
    "depends_on": "after",
    "directory": "cwd",
    "env_files": "env_file",
    "environment": "env",
    "exec": "command",
    "limits": "rlimits",
    "numprocs": "instances",
    "replicas": "instances",
    "requires": "after",
    "run": "command",
    "stopsignal": "stop_signal",
    "stopwaitsecs": "stop_timeout",
    "working_dir": "cwd",
}

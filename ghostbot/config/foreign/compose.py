"""process-compose.yaml, by https://f1bonacc1.github.io/process-compose/."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from signal import Signals
from typing import Any

from ghostbot.config.draft import Draft, Value, dollars, named, seconds, shell
from ghostbot.errors import Failed

WHEN = {"always": "always", "on_failure": "on-failure", "exit_on_failure": "on-failure"}
READ = frozenset(
    {"command", "working_dir", "environment", "depends_on", "availability", "shutdown", "namespace"}
    | {"readiness_probe", "liveness_probe", "description", "disabled", "log_location", "replicas"}
)
DONE = "process_completed_successfully"  # a dependency that is to end, which Ghost calls a oneshot


def read(text: str, path: Path) -> tuple[list[Draft], list[str]]:
    """Return a draft for each process. Raises Failed for what is no such file."""
    import yaml  # noqa: PLC0415 - slow to import, and only this needs it

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Failed(f"cannot read {path}: {str(error).splitlines()[0]}") from None
    tables = found.get("processes") if isinstance(found, dict) else None
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        raise Failed(f"cannot read {path}: it has no table `processes`")
    names: dict[str, str] = {}
    for name in tables:
        names[str(name)] = named(str(name), list(names.values()))
    ends = {after for table in tables.values() for after in _ending(table)}
    drafts = [
        Draft(names[str(name)], _keys(table, names, is_once=name in ends), _left(table))
        for name, table in tables.items()
    ]
    return drafts, [key for key in found if key not in {"processes", "version"}]


def _ending(table: Mapping[str, Any]) -> Iterator[str]:
    for name, how in _table(table, "depends_on").items():
        if isinstance(how, dict) and how.get("condition") == DONE:
            yield name


def _keys(table: Mapping[str, Any], names: Mapping[str, str], *, is_once: bool) -> dict[str, Value]:
    keys: dict[str, Value] = {"command": shell(str(table.get("command", "true")))}
    if is_once:
        keys["kind"] = "oneshot"
    for name, key in (("working_dir", "cwd"), ("description", "description")):
        if isinstance(table.get(name), str):
            keys[key] = dollars(table[name])
    if env := dict[str, Value](_env(table.get("environment"))):
        keys["env"] = env
    if after := [names[name] for name in _table(table, "depends_on") if name in names]:
        keys["after"] = after
    keys |= _life(table, is_once=is_once)
    if isinstance(table.get("log_location"), str):
        keys["log"] = {"path": dollars(table["log_location"])}
    if probes := list(_probes(table)):
        keys["probe"] = probes
    return keys


def _life(table: Mapping[str, Any], *, is_once: bool) -> dict[str, Value]:
    """Say when one is started, started again, and made to end."""
    keys: dict[str, Value] = {}
    when = WHEN.get(str(_table(table, "availability").get("restart")), "never")
    if not is_once and when != "always":
        keys["restart"] = when
    if delay := seconds(_table(table, "availability").get("backoff_seconds")):
        keys["restart_delay"] = delay
    if table.get("disabled") is True:
        keys["autostart"] = False
    if isinstance(count := table.get("replicas"), int) and count > 1:
        keys["instances"] = count
    if isinstance(group := table.get("namespace"), str):
        keys["group"] = named(group, ())
    end = _table(table, "shutdown")
    if limit := seconds(end.get("timeout_seconds")):
        keys["stop_timeout"] = limit
    if (number := end.get("signal")) in [one.value for one in Signals]:
        keys["stop_signal"] = Signals(number).name.removeprefix("SIG")
    return keys


def _env(said: object) -> Iterator[tuple[str, str]]:
    if isinstance(said, list):
        said = dict(str(line).partition("=")[::2] for line in said)
    for name, value in said.items() if isinstance(said, dict) else ():
        yield str(name), dollars(value if isinstance(value, str) else json.dumps(value))


def _probes(table: Mapping[str, Any]) -> Iterator[dict[str, Value]]:
    for key, role in (("readiness_probe", "ready"), ("liveness_probe", "live")):
        said = _table(table, key)
        http, run = _table(said, "http_get"), _table(said, "exec")
        probe: dict[str, Value] = {}
        if http:
            host, scheme = http.get("host", "127.0.0.1"), http.get("scheme", "http")
            port = f":{http['port']}" if "port" in http else ""
            url = f"{scheme}://{host}{port}/{str(http.get('path', '/')).lstrip('/')}"
            probe = {"kind": "http", "role": role, "url": dollars(url)}
        elif "command" in run:
            line = shell(str(run["command"]))
            probe = {"kind": "exec", "role": role, "command": line}
        for name, mine in (("period_seconds", "every"), ("timeout_seconds", "timeout")):
            if probe and (span := seconds(said.get(name))):
                probe[mine] = span
        if probe:
            yield probe


def _left(table: Mapping[str, Any]) -> list[str]:
    more = {key: value for key, value in table.items() if key not in READ}
    most = _table(table, "availability").get("max_restarts")
    if most:
        more["availability.max_restarts"] = most
    return [f"{key} = {json.dumps(value, default=str)}" for key, value in more.items()]


def _table(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = table.get(key)
    return found if isinstance(found, dict) else {}

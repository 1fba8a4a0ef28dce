"""pm2's ecosystem as JSON, by https://pm2.keymetrics.io/docs/usage/application-declaration/."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ghostbot.config.draft import Draft, Value, dollars, named, seconds
from ghostbot.errors import Failed

BY_SUFFIX = {  # what pm2 runs a script with, where nothing is said
    **dict.fromkeys((".js", ".cjs", ".mjs"), "node"),
    ".py": "python3",
    ".sh": "sh",
    ".rb": "ruby",
    ".php": "php",
}
LONGEST_MS = 10**9
SIZES = {"K": "kB", "M": "MB", "G": "GB"}
READ = frozenset({"name", "script", "args", "interpreter", "interpreter_args", "node_args"})
OWN = frozenset({"exec_mode", "merge_logs", "autorestart", "out_file", "error_file", "time"})


def read(text: str, path: Path) -> tuple[list[Draft], list[str]]:
    """Return a draft for each app. Raises Failed for what is no ecosystem."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Failed(f"cannot read {path}: it is no JSON: {error}") from None
    apps = found.get("apps", found) if isinstance(found, dict) else found
    apps = [apps] if isinstance(apps, dict) else apps
    if not isinstance(apps, list) or not all(isinstance(a, dict) and "script" in a for a in apps):
        raise Failed(f'cannot read {path}: it holds no "apps", each with a "script"')
    drafts: list[Draft] = []
    for app in apps:
        name = named(str(app.get("name", Path(str(app["script"])).stem)), [d.name for d in drafts])
        drafts.append(_app(name, app))
    more = [key for key in found if key != "apps"] if isinstance(found, dict) else []
    return drafts, more if "apps" in found else []


def _app(name: str, app: Mapping[str, Any]) -> Draft:
    keys: dict[str, Value] = {"command": _command(app)}
    left = []
    for key, value in app.items():
        if key in KEYS and (found := KEYS[key][1](value)) is not None:
            keys[KEYS[key][0]] = found
        elif key not in READ | OWN and value not in (False, None, ""):
            left.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    if app.get("autorestart") is False:
        keys["restart"] = "never"
    names = {"path": app.get("out_file"), "stderr": app.get("error_file")}
    log = {key: dollars(file) for key, file in names.items() if isinstance(file, str)}
    if log:
        keys["log"] = log
    return Draft(name, keys, left)


def _command(app: Mapping[str, Any]) -> list[str]:
    script = str(app["script"])
    given = app.get("interpreter") or BY_SUFFIX.get(Path(script).suffix, "none")
    flags = _list(app.get("interpreter_args") or app.get("node_args"))
    reader = [] if given == "none" else [str(given), *flags]
    return [dollars(word) for word in (*reader, script, *_list(app.get("args")))]


def _list(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    return str(value).split() if value else []


def _env(value: object) -> Value | None:
    if not isinstance(value, dict):
        return None
    return {key: dollars(_word(item)) for key, item in value.items()}


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _count(value: object) -> Value | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _milliseconds(value: object) -> Value | None:
    if isinstance(value, int | float) and 0 <= value < LONGEST_MS:
        return seconds(value / 1000)
    return None


def _size(value: object) -> Value | None:
    words = str(value).upper().removesuffix("B")
    return f"{words[:-1]}{SIZES[words[-1]]}" if words[-1:] in SIZES else None


def _text(value: object) -> Value | None:
    return dollars(value) if isinstance(value, str) else None


def _watched(value: object) -> Value | None:
    return [dollars(str(item)) for item in value] if isinstance(value, list) else None


KEYS: Mapping[str, tuple[str, Callable[[Any], Value | None]]] = {
    "cwd": ("cwd", _text),
    "env": ("env", _env),
    "instances": ("instances", _count),
    "watch": ("watch", _watched),
    "max_memory_restart": ("memory_max", _size),
    "cron_restart": ("schedule", _text),
    "kill_timeout": ("stop_timeout", _milliseconds),
    "restart_delay": ("restart_delay", _milliseconds),
    "min_uptime": ("stable_after", _milliseconds),
    "namespace": ("group", _text),
}

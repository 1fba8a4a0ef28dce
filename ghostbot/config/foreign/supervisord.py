"""supervisord.conf, by https://supervisord.org/configuration.html."""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ghostbot.config.draft import Draft, Value, dollars, named, seconds
from ghostbot.errors import Failed

PROGRAM, GROUP = "program:", "group:"
OWN = ("supervisord", "supervisorctl", "unix_http_server", "inet_http_server", "rpcinterface:")
WHEN = {"true": "always", "unexpected": "on-failure", "false": "never"}
NOWHERE = frozenset({"auto", "none", "syslog", "/dev/stdout", "/dev/stderr", "/dev/fd/1"})
FILES = {"stdout_logfile": "path", "stderr_logfile": "stderr"}
TRUE = frozenset({"true", "1", "yes", "on"})
SAME = frozenset(  # what Ghost does anyway, or what is said by another key here
    {"autorestart", "exitcodes", "redirect_stderr", "stopasgroup", "killasgroup", "process_name"}
    | {"numprocs_start", "stdout_logfile_maxbytes", "stdout_logfile_backups", "priority"}
    | {"stderr_logfile_maxbytes", "stderr_logfile_backups", *FILES}
)
_ENV = re.compile(r"%\(ENV_([A-Za-z_][A-Za-z0-9_]*)\)s")
_NUMBER = re.compile(r"%\(process_num\)[0-9]*d")
_HERE = re.compile(r"%\(here\)s")
_OTHER = re.compile(r"%\([a-z_]+\)[0-9]*[sd]")
_PAIR = re.compile(r"""\s*([^=,\s]+)\s*=\s*("[^"]*"|'[^']*'|[^,]*)\s*(?:,|$)""")


def read(text: str, path: Path) -> tuple[list[Draft], list[str]]:
    """Return a draft for each program. Raises Failed for what is no INI file."""
    conf = configparser.RawConfigParser(
        strict=False, inline_comment_prefixes=(";", "#"), default_section="", delimiters=("=", ":")
    )
    try:
        conf.read_string(text)
    except configparser.Error as error:
        said = str(error).splitlines()[0]
        raise Failed(f"cannot read {path}: {said}") from None
    groups = dict(_groups(conf))
    drafts: list[Draft] = []
    left = []
    for section in conf.sections():
        if section.startswith(PROGRAM):
            name = section.removeprefix(PROGRAM).strip()
            given = named(name, [draft.name for draft in drafts])
            drafts.append(_program(given, conf[section], groups.get(name)))
        elif not section.startswith((GROUP, *OWN)):
            left.append(f"[{section}]")
    return drafts, left


def _groups(conf: configparser.RawConfigParser) -> Iterator[tuple[str, str]]:
    for section in conf.sections():
        if section.startswith(GROUP):
            for name in conf[section].get("programs", "").split(","):
                yield name.strip(), named(section.removeprefix(GROUP), ())


def _program(name: str, said: Mapping[str, str], group: str | None) -> Draft:
    left: list[str] = []
    keys: dict[str, Value] = {}
    for key, value in said.items():
        if key in KEYS:
            found = KEYS[key][1](value)
            if found is None:
                left.append(f"{key} = {value}")
            else:
                keys[KEYS[key][0]] = found
        elif key not in SAME:
            left.append(f"{key} = {value}")
    keys = {"command": keys.pop("command", "true"), **keys, **_restart(said)}
    if log := _log(said):
        keys["log"] = log
    if group is not None:
        keys["group"] = group
    if any(_OTHER.search(str(value)) for value in keys.values()):
        left.append("a %(…)s in the lines above: write what it stood for")
    return Draft(name, keys, left)


def _restart(said: Mapping[str, str]) -> dict[str, Value]:
    """Say when it is started, and again; supervisord does so after what it did not expect."""
    keys: dict[str, Value] = {}
    when = WHEN.get(said.get("autorestart", "unexpected").lower(), "always")
    if when != "always":
        keys["restart"] = when
    codes = [int(code) for code in re.findall(r"[0-9]+", said.get("exitcodes", "0"))]
    if codes != [0]:
        keys["exit_codes"] = codes
    if "priority" in said and said["priority"].strip() != "999":
        keys["priority"] = int(said["priority"]) if said["priority"].isdigit() else 999
    return keys


def _log(said: Mapping[str, str]) -> dict[str, Value]:
    log: dict[str, Value] = {
        key: _text(said[name])
        for name, key in FILES.items()
        if name in said and said[name].lower() not in NOWHERE
    }
    if said.get("redirect_stderr", "").lower() in TRUE:
        log.pop("stderr", None)
    size = re.fullmatch(r"([0-9]+)\s*(KB|MB|GB)", said.get("stdout_logfile_maxbytes", "").upper())
    if size:
        log["max_size"] = f"{size[1]}{size[2].replace('KB', 'kB')}"
    return log


def _text(words: str) -> str:
    """Write supervisord's expansions as Ghost's."""
    found = _ENV.sub(r"${\1}", dollars(words))
    found = _NUMBER.sub("${INSTANCE}", _HERE.sub(".", found))
    return found.replace("%%", "%")


def _command(words: str) -> Value:
    """Return the command; a number of its own is the shell's to fill in, as $INSTANCE."""
    if not _NUMBER.search(words):
        return _text(words)
    line = _NUMBER.sub("$$INSTANCE", _ENV.sub(r"${\1}", dollars(words)))
    return ["sh", "-c", f"exec {line.replace('%%', '%')}"]


def _environment(words: str) -> Value | None:
    pairs = _PAIR.findall(words)
    env = {key: _text(value.strip().strip("\"'")) for key, value in pairs}
    return env or None


def _count(words: str) -> Value | None:
    return int(words) if words.isdigit() else None


def _flag(words: str) -> Value:
    return words.lower() in TRUE


def _user(words: str) -> Value | None:
    return None if words.isdigit() or ":" in words else words


def _words(words: str) -> Value:
    return shlex.split(words)[0] if words.strip() else words


KEYS: Mapping[str, tuple[str, Callable[[str], Value | None]]] = {
    "command": ("command", _command),
    "directory": ("cwd", _text),
    "environment": ("env", _environment),
    "user": ("user", _user),
    "umask": ("umask", _words),
    "numprocs": ("instances", _count),
    "autostart": ("autostart", _flag),
    "startsecs": ("ready_after", seconds),
    "stopwaitsecs": ("stop_timeout", seconds),
    "stopsignal": ("stop_signal", _words),
}

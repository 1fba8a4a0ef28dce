"""Readers of single values: from what TOML holds to what Ghost works with.

Rule 1: a reader takes a value whose variables are expanded, and returns it parsed.
Rule 2: it raises Wrong with the offending value and the way out, and never anything else.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from ghostbot.config.wrong import Place, Wrong, shown
from ghostbot.core.words import did_you_mean, nearest

Reader = Callable[[Any], Any]
E = TypeVar("E", bound=StrEnum)

LONGEST_S = 365 * 86400.0  # a longer wait is a slip of the keyboard
NAME_MAX = 64  # it becomes a file name, a log name and a word in Slack

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_CHANNEL = re.compile(r"#[^\s#,<>@]{1,80}|[CG][A-Z0-9]{5,}")  # by name, or by Slack's own id
_SLASH = re.compile(r"/[a-z0-9_-]{1,31}")  # manifest schema: at most 32
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})")
_HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def text(value: object) -> str:
    """Read words on one line."""
    if not isinstance(value, str):
        way_out = f' (write "{shown(value)}")' if isinstance(value, int | float) else ""
        raise Wrong(f"{shown(value)} is no text{way_out}")
    if not value.strip():
        raise Wrong(f"{shown(value)} says nothing: write a word, or leave the key out")
    if "\n" in value:
        raise Wrong(f"{shown(value)} does not fit on one line")
    return value


def path(value: object) -> str:
    """Read a path; whoever builds the table makes it absolute."""
    found = text(value)
    if found.startswith("~"):
        raise Wrong(f"{shown(found)}: ~ is a shell's word; write ${{HOME}}{found[1:]}")
    return found


def flag(value: object) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    raise Wrong(f"{shown(value)} is neither true nor false{_unquote(value, ('true', 'false'))}")


def _unquote(value: object, words: tuple[str, ...]) -> str:
    low = value.lower() if isinstance(value, str) else ""
    return f" (did you mean {low}, without quotes?)" if low in words else ""


def number(least: int, most: int) -> Reader:
    """Return a reader of whole numbers from `least` to `most`."""

    def read(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
            raise Wrong(f"{shown(value)} is a text (did you mean {value}, without quotes?)")
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(f"{shown(value)} is no whole number")
        if not least <= value <= most:
            raise Wrong(f"{shown(value)} is out of range: write a number from {least} to {most}")
        return value

    return read


def duration(*, least_s: float = 0.0) -> Reader:
    """Return a reader of durations of at least `least_s`."""

    def read(value: object) -> float:
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if not found:
            raise Wrong(f"{shown(value)} is no duration{_with_unit(value)}")
        seconds = float(found[1]) * _UNITS[found[2]]
        if seconds > LONGEST_S:
            raise Wrong(f"{shown(value)} is too long: at most 365d")
        if seconds < least_s:
            least = f"{least_s:g}s" if least_s >= 1 else f"{least_s * 1000:g}ms"
            raise Wrong(f'{shown(value)} is too short: at least "{least}"')
        return seconds

    return read


def _with_unit(value: object) -> str:
    """Say how to write what was probably meant."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LONGEST_S:
        return f' (did you mean "{value}s"?)'
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return f' (did you mean "{value[:20]}s"?)'
    if isinstance(value, str):
        found = re.fullmatch(r"([0-9]{1,9})\s*(ms|s|m|h|d)[a-z]*", value.strip().lower())
        if found:
            return f' (did you mean "{found[1]}{found[2]}"?)'
    return ': write "500ms", "15s", "5m", "2h" or "1d"'


def unless_off(read: Reader) -> Reader:
    """Return a reader that takes "off" as None beside what `read` takes."""

    def read_or_off(value: object) -> Any:
        if value is False:
            raise Wrong('false is no way to say it (did you mean "off"?)')
        return None if value == "off" else read(value)

    return read_or_off


def choice(words: type[E], later: tuple[str, ...] = ()) -> Reader:
    """Return a reader of one of an enum's words; `later` holds words to come."""
    known = [word.value for word in words]

    def read(value: object) -> E:
        if value in later:
            raise Wrong(f"{shown(value)} is not supported yet: write {_or(known)}")
        if value not in known:
            near = did_you_mean(value, known) if isinstance(value, str) else ""
            raise Wrong(f"{shown(value)} is not known{near or ': write ' + _or(known)}")
        return words(value)

    return read


def _or(words: list[str]) -> str:
    spelled = [f'"{word}"' for word in words]
    return " or ".join([", ".join(spelled[:-1]), spelled[-1]])


def many(read: Reader, example: str) -> Reader:
    """Return a reader of lists, each item read by `read`; a wrong list is told `example`."""

    def read_each(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Wrong(f"{shown(value)} is no list: write {example}")
        found: list[Any] = []
        wrong: list[tuple[Place, str]] = []
        for i, item in enumerate(value):
            try:
                found.append(read(item))
            except Wrong as error:
                wrong += error.below(i)
        if wrong:
            raise Wrong(each=wrong)
        return tuple(found)

    return read_each


def one_or_many(read: Reader, example: str) -> Reader:
    """Return a reader that takes a single text for a list of one."""
    read_many = many(read, example)

    def read_any(value: object) -> tuple[Any, ...]:
        return (read(value),) if isinstance(value, str) else tuple(read_many(value))

    return read_any


def name(value: object) -> str:
    """Read the name of a daemon or group."""
    found = text(value)
    if found == "all":
        raise Wrong('"all" means every daemon: choose another name')
    if found.startswith("group:"):
        raise Wrong(f"{shown(found)}: group: names a group's daemons: choose another name")
    if not _NAME.fullmatch(found):
        raise Wrong(
            f"{shown(found)} is no name: letters, digits, _ . and - make one,"
            " and it begins with a letter, digit or _"
        )
    if len(found) > NAME_MAX:
        raise Wrong(f"{shown(found)} is too long: at most {NAME_MAX} letters")
    return found


def port(value: object) -> int | None:
    """Read a daemon's port; None is "auto", any that is free."""
    if value == "auto":
        return None
    if isinstance(value, str) and not value.isdigit():
        raise Wrong(f'{shown(value)} is no port: write a number, or "auto"')
    found: int = number(1, 65535)(value)
    return found


def stop_signal(value: object) -> signal.Signals:
    """Read a signal by its name, with or without SIG."""
    known = [s.name.removeprefix("SIG") for s in signal.Signals]
    if not isinstance(value, str):
        raise Wrong(f'{shown(value)} is no signal: write its name, as in "TERM"')
    word = value.upper().removeprefix("SIG")
    if word not in known:
        near = nearest(word, known)
        raise Wrong(f"{shown(value)} is no signal (did you mean {near or 'TERM'}?)")
    if word in ("STOP", "CONT", "TSTP", "TTIN", "TTOU", "CHLD", "CLD"):
        raise Wrong(f"{shown(value)} ends no process: write TERM, INT, QUIT or another that does")
    return signal.Signals[f"SIG{word}"]


def environment(value: object) -> dict[str, str]:
    """Read a table of environment variables."""
    if not isinstance(value, dict):
        raise Wrong(f'{shown(value)} is no table: write env = {{ NAME = "value" }}')
    wrong: list[tuple[Place, str]] = []
    for key, item in value.items():
        if words := _not_in_environment(key, item):
            wrong.append(((key,), words))
    if wrong:
        raise Wrong(each=wrong)
    return dict(value)


def _not_in_environment(key: str, value: object) -> str | None:
    """Say why `key` = `value` cannot be given to a daemon, or None."""
    if key.startswith("GHOST_"):
        return "variables that begin with GHOST_ are Ghost's own: choose another name"
    if not _VARIABLE.fullmatch(key):
        return f"{shown(key)} is no name of a variable: letters, digits and _"
    if isinstance(value, bool):
        return f'{shown(value)} is no text (write "{shown(value)}" or "1")'
    if isinstance(value, int | float):
        return f'{shown(value)} is no text (write "{shown(value)}")'
    return None if isinstance(value, str) else f"{shown(value)} is no text"


def channel(value: object) -> str:
    """Read a Slack channel: `#name`, or its id."""
    found = text(value)
    if not _CHANNEL.fullmatch(found):
        near = "#" + re.sub(r"[\s#,<>@]+", "-", found.strip("#@ ")).lower()
        raise Wrong(f'{shown(found)} is no channel (did you mean "{near[:81]}"?)')
    return found


def slash_command(value: object) -> str:
    """Read the slash command that people type."""
    found = text(value)
    if not _SLASH.fullmatch(found):
        near = "/" + re.sub(r"[^a-z0-9_-]", "", found.lower())[:31]
        near = near if len(near) > 1 else "/ghost"
        raise Wrong(f'{shown(found)} is no slash command (did you mean "{near}"?)')
    return found


def address(value: object) -> tuple[str, int]:
    """Read HOST:PORT. Port 0 is any free one."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Wrong(f'{shown(value)} is no address (did you mean "127.0.0.1:{shown(value)}"?)')
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise Wrong(f'{shown(value)} is no address: write "127.0.0.1:5051", or "off"')
    if int(found[2]) > 65535:  # noqa: PLR2004 - RFC 9293: a port has 16 bits
        raise Wrong(f"{shown(value)}: the port {found[2]} is out of range, 0 to 65535")
    return found[1].strip("[]"), int(found[2])


def host(value: object) -> str:
    """Read the name of a host, as a browser sends it, without its port."""
    found = text(value)
    if not _HOST.fullmatch(found):
        raise Wrong(f'{shown(found)} is no host: write its name alone, as in "ghost.example.com"')
    return found.lower()

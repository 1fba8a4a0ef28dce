"""Readers of what a process is started with: sizes, limits, umask, nice, user.

Rule 1: as in `values`: a reader takes an expanded value, and raises Wrong or returns it parsed.
"""

from __future__ import annotations

import re

from ghostbot.config.model import Limit
from ghostbot.config.values import Reader, number, text
from ghostbot.config.wrong import Place, Wrong, shown
from ghostbot.core.words import did_you_mean

LIMITS = ("nofile", "nproc", "core", "as", "fsize", "data", "stack", "cpu")
COUNTED = frozenset({"nofile", "nproc", "cpu"})  # files, processes, seconds: no bytes
LIMIT_MOST = 2**63 - 1  # getrlimit(2): rlim_t, where Python takes it as signed

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([kKMGT]?)(i?)B")
_UMASK = re.compile(r"(?:0o?)?([0-7]{1,3})")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]{0,255}\$?")


def size(*, least: int = 0) -> Reader:
    """Return a reader of sizes in bytes: "50MB" is 50 million, "50MiB" a little more."""

    def read(value: object) -> int:
        count = _bytes(value)
        if count is None:
            raise Wrong(f"{shown(value)} is no size{_with_unit(value)}")
        if count > LIMIT_MOST:
            raise Wrong(f"{shown(value)} is too large")
        if count < least:
            raise Wrong(f'{shown(value)} is too small: at least "{least // 1000}kB"')
        return count

    return read


def _bytes(value: object) -> int | None:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if not found or (found[3] and not found[2]):
        return None
    unit = found[2].upper()
    return int(float(found[1]) * (_BINARY[unit] if found[3] else _UNITS[unit]))


def _with_unit(value: object) -> str:
    """Say how to write what was probably meant."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < LIMIT_MOST:
        return f' (did you mean "{value}B"?)'
    if isinstance(value, str):
        found = re.fullmatch(r"([0-9]{1,9})\s*([kmgt])(i?)b?", value.strip().lower())
        if found:
            return f' (did you mean "{found[1]}{found[2].upper()}{found[3]}B"?)'
    return ': write "100kB", "50MB", "2GB", or "50MiB"'


def rlimits(value: object) -> dict[str, Limit]:
    """Read a table of limits: each a number, a size, "unlimited", or [soft, hard]."""
    if not isinstance(value, dict):
        raise Wrong(f"{shown(value)} is no table: write rlimits = {{ nofile = 65536 }}")
    found: dict[str, Limit] = {}
    wrong: list[tuple[Place, str]] = []
    for key, item in value.items():
        try:
            found[key] = _limit(key, item)
        except Wrong as error:
            wrong += error.below(key)
    if wrong:
        raise Wrong(each=wrong)
    return found


def _limit(key: str, value: object) -> Limit:
    if key not in LIMITS:
        known = f" (known are {', '.join(LIMITS)})"
        raise Wrong(f"there is no such limit{did_you_mean(key, LIMITS) or known}")
    if not isinstance(value, list):
        one = _bound(key, value)
        return one, one
    if len(value) != 2:  # noqa: PLR2004 - getrlimit(2): a soft and a hard one
        raise Wrong(f"{shown(value)} is no limit: write [soft, hard]")
    soft, hard = (_bound(key, item) for item in value)
    if hard is not None and (soft is None or soft > hard):
        raise Wrong("the soft limit is above the hard one: write [soft, hard]")
    return soft, hard


def _bound(key: str, value: object) -> int | None:
    if value == "unlimited":
        return None
    if isinstance(value, str) and key not in COUNTED and (count := _bytes(value)) is not None:
        return count
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LIMIT_MOST:
        more = "" if key in COUNTED else ', a size as in "50MB"'
        raise Wrong(f'{shown(value)} is no limit: write a number{more} or "unlimited"')
    return value


def umask(value: object) -> int:
    """Read a umask: octal digits in a text, as TOML's 022 is no number and its 22 another one."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Wrong(f'{shown(value)} is no text (did you mean "0{shown(value)}"?)')
    found = _UMASK.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise Wrong(f'{shown(value)} is no umask: write octal digits, as in "027"')
    return int(found[1], 8)


def nice(value: object) -> int:
    """Read a niceness, see setpriority(2)."""
    found: int = number(-20, 19)(value)
    return found


def user(value: object) -> str:
    """Read the name of a user; whether there is one, `check` tells."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Wrong(f"{shown(value)} is a number: write the user's name")
    found = text(value)
    if ":" in found:
        raise Wrong(f"{shown(found)}: a daemon has its user's own groups: write the name alone")
    if not _USER.fullmatch(found) or found.isdigit():
        raise Wrong(f"{shown(found)} is no name of a user")
    return found

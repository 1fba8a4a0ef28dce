"""Which ghost.toml, and where its Ghost keeps its state.

Rule 1: it imports little, as `ghost status` waits for it.
Rule 2: a broken ghost.toml never cuts off control: its state directory is found all the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ghostbot.config.variables import expand
from ghostbot.errors import ConfigError

FILE = "ghost.toml"
STATE = ".ghost"


def find(given: str | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """Return the file `given`, else $GHOST_CONFIG, else the nearest ghost.toml upwards of `cwd`.

    A path stays as relative as it was given. Raises ConfigError, naming where it looked.
    """
    if given is not None:
        return _there(given, cwd, "-c")
    if named := environ.get("GHOST_CONFIG"):
        return _there(named, cwd, "GHOST_CONFIG")
    for folder in (cwd, *cwd.parents):
        if (folder / FILE).is_file():
            return _as_given(FILE, cwd) if folder == cwd else folder / FILE
    where = f"it is neither in {cwd} nor in a folder above"
    way_out = "`ghost init` writes one here, or name one with -c FILE"
    raise ConfigError([f"cannot find {FILE}: {where}; {way_out}"])


def _there(given: str, cwd: Path, by: str) -> Path:
    place = cwd / given
    if place.is_dir():
        near = f" (did you mean {Path(given) / FILE}?)" if (place / FILE).is_file() else ""
        raise ConfigError([f"cannot read {given} ({by}): it is a folder{near}"])
    if not place.exists():
        raise ConfigError([f"cannot find {given} ({by}): there is no {place}"])
    return _as_given(given, cwd)


def _as_given(given: str, cwd: Path) -> Path:
    return Path(given) if cwd == Path.cwd() else cwd / given


def beside(folder: Path, given: str) -> Path:
    """Return the absolute path that `given` names, seen from `folder`."""
    return Path(os.path.normpath(folder.absolute() / given))


def state_dir(path: Path, environ: Mapping[str, str]) -> Path:
    """Return the state directory of the ghost.toml at `path`, even of a broken one."""
    folder = path.absolute().parent
    return beside(folder, _state_key(path, environ) or STATE)


def _state_key(path: Path, environ: Mapping[str, str]) -> str | None:
    """Return [ghost] state_dir, or None where it cannot be read."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if "state_dir" not in text and "\\" not in text:  # nor spelled with escapes
            return None

        import tomllib  # noqa: PLC0415 - most files do without, and `ghost status` is quicker

        return expand(tomllib.loads(text)["ghost"]["state_dir"], environ)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        # no file, no TOML, no key, no table, no text: whatever it is, `up` tells it
        return None

"""Other supervisors' files, read as drafts of a ghost.toml: which is which, and who reads it.

Rule 1: a file is data. Nothing in it is run, and none of it need exist on this machine.
Rule 2: what Ghost does otherwise, or not at all, is said beside the daemon that it concerns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ghostbot.config.draft import Draft
from ghostbot.errors import Failed

Drafted = tuple[list[Draft], list[str]]  # daemons, and what belongs to none of them

KNOWN = "a Procfile, a supervisord.conf, pm2's ecosystem as JSON, or a process-compose.yaml"
BYTES_MAX = 1_000_000
_LINE = re.compile(r"[A-Za-z0-9_-]+\s*:\s*\S")


def drafts(path: Path) -> Drafted:
    """Return what the file at `path` runs. Raises Failed, with the way out."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise Failed(f"cannot read {path}: {(error.strerror or 'error').lower()}") from None
    except ValueError:
        raise Failed(f"cannot read {path}: it is no text in UTF-8") from None
    if len(data) > BYTES_MAX:
        raise Failed(f"cannot read {path}: it is over {BYTES_MAX} bytes")
    found = _reader(path, text)(text, path)
    if not found[0]:
        raise Failed(f"cannot take over {path}: it runs nothing that Ghost could keep alive")
    return found


def _reader(path: Path, text: str) -> Callable[[str, Path], Drafted]:
    """Tell by name and first words what a file is; only its reader is imported."""
    from ghostbot.config.foreign import compose, pm2, procfile, supervisord  # noqa: PLC0415

    if path.suffix in {".js", ".cjs", ".mjs", ".ts"}:
        way_out = f"""node -p 'JSON.stringify(require("./{path.name}"))' > ecosystem.json"""
        raise Failed(f"cannot read {path}: it is a program; have it written as data: {way_out}")
    if re.search(r"^\[(program|group|supervisord|include)\b", text, re.MULTILINE):
        return supervisord.read
    if path.suffix == ".json" or text.lstrip()[:1] in {"{", "["}:
        return pm2.read
    if re.search(r"^processes\s*:\s*($|#|\{)", text, re.MULTILINE):
        return compose.read
    if path.name.startswith("Procfile") or _is_procfile(text.splitlines()):
        return procfile.read
    raise Failed(f"cannot tell what {path} is: Ghost reads {KNOWN}")


def _is_procfile(lines: Sequence[str]) -> bool:
    said = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return bool(said) and all(_LINE.match(line) for line in said)

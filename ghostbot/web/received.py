"""What a delivery holds: a patch, a summary, or neither, told by its keys alone. Pure.

Rule 1: what is said beside the patch (its id, its root) is read here; the patch itself is not.
Rule 2: what is neither is refused with the name of what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

# By these a patch is told, in any of its forms; `patches.sniff` then reads which.
PATCHES = frozenset(
    {
        *("patch", "mutations", "operation", "operations", "edits", "command", "old_string"),
        *("old_str", "input", "diff", "phases", "blockId", "patchId", "targets", "file_text"),
    }
)
OPERATIONS = frozenset({"create_file", "update_file", "delete_file", "apply_patch_call"})
IDS = ("id", "patchId", "blockId")
ID_MAX = 200


@dataclass(frozen=True, slots=True)
class Received:
    """What a body says of itself. `missing` is in words, for a body that holds nothing known."""

    id: str | None = None
    root: str | None = None
    title: str | None = None
    summary: str | None = None
    missing: str | None = None


def received(body: bytes, content_type: str) -> Received:
    """Look at a body. One that cannot be read as JSON is the engine's to refuse, with its place."""
    if content_type != "application/json":
        return Received()
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return Received()
    if not isinstance(told, dict):
        return Received()
    name = next((told[key] for key in IDS if _is_word(told.get(key))), None)
    title = next((told[key] for key in ("title", *IDS) if _is_word(told.get(key))), None)
    root = told["root"] if _is_word(told.get("root")) else None
    if isinstance(told.get("content"), str) and not _is_patch(told):
        return Received(name, root, title, summary=told["content"])
    return Received(name, root, title, missing=_missing(told))


def _is_word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= ID_MAX and value.isprintable()


def _is_patch(told: Mapping[str, object]) -> bool:
    return not PATCHES.isdisjoint(told) or told.get("type") in OPERATIONS


def _missing(told: Mapping[str, object]) -> str | None:
    """Name what is not there; None where there is enough for the engine to judge."""
    patch = told.get("patch")
    if not _is_patch(told):
        flat = not any(isinstance(value, dict | list) for value in told.values())
        more = " (or `mutations`; or `content`, for a summary)"
        return f"`patch` is missing{more}" if flat else None
    if not isinstance(patch, dict):
        return None
    if "pattern" in patch or "replacement" in patch:
        needed = {"pattern": patch, "replacement": patch, "role": told}
        absent = [key for key, place in needed.items() if key not in place]
        if not {"target_file", "targets"} & told.keys():
            absent.append("target_file")
        named = " and ".join(f"`{'patch.' if needed.get(k) is patch else ''}{k}`" for k in absent)
        return f"{named} {'is' if len(absent) == 1 else 'are'} missing" if absent else None
    if any(isinstance(value, dict | list) for value in patch.values()):
        return None
    return "`patch.pattern` and `patch.replacement` are missing (or `patch.mutations`)"

"""Reads the JSON of the system before Ghost: regex blocks and mutations, in all their shapes.

Rule 1: a pattern is literal unless `mode` says regex. Nothing is guessed.
Rule 2: commands refuse the patch, or are left out and named, as its source is set; none is run.
Rule 3: labels stay labels: ids, backups, branches, files for summaries are not obeyed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ghostbot.core.patch import EXECUTABLE, PLAIN, Place, Refused
from ghostbot.patches.asks import Ask, Asked, Delete, Edit, Swap, Write
from ghostbot.patches.formats import shell
from ghostbot.patches.formats.json_text import Table

FORMAT = "original"
_KNOWN = {"patch", "mutations", "phases", "blockId", "patchId", "target_file", "targets"}
_TOLD = ("phases", "actions", "executionSteps", "tasks", "steps", "instructions")
_PATHS = ("path", "file", "target", "target_file")
_CONTENTS = ("contents", "content")
_MODES = {"0644": PLAIN, "644": PLAIN, "100644": PLAIN}
_MODES |= {"0755": EXECUTABLE, "755": EXECUTABLE, "100755": EXECUTABLE}


def is_one(value: object) -> bool:
    """Tell whether a JSON value is such a patch."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, Table) and is_mutation(one) for one in value)
    return isinstance(value, Table) and not _KNOWN.isdisjoint(value)


def is_mutation(row: Table) -> bool:
    """Tell whether an object is one of those in `mutations`."""
    return any(key in row for key in _PATHS) and any(
        key in row for key in (*_CONTENTS, "op", "changes", "code_edit")
    )


def inner(value: object) -> str | None:
    """Return the text that a block holds as its `patch`; None where it holds none."""
    patch = value.get("patch") if isinstance(value, Table) else None
    return patch if isinstance(patch, str) else None


def read(value: Any, *, ignore_shell: bool = False) -> Asked:
    """Return what the block asks. Raises Refused."""
    block = value if isinstance(value, Table) else Table(mutations=value)
    patch = block.get("patch")
    found = tuple(shell.steps(block))
    if patch is None and "mutations" not in block and any(key in block for key in _TOLD):
        raise _refused("instructions", "it tells somebody what to do; send the change", block)
    if isinstance(patch, str):
        raise _no_patch(patch, found, block)
    body = patch if isinstance(patch, Table) else block
    if "pattern" in body:
        built = "targets" in block and isinstance(block.get("postMutationBuild"), list)
        # the manager's blocks name a build that nothing ever ran: said, and no reason to refuse
        found_here = tuple(key for key in found if not built or key != "postMutationBuild")
    else:
        found_here = found
    if found_here and not ignore_shell:
        keys = ", ".join(found_here[:8])
        raise _refused("shell_refused", f"commands are not run: {keys}; take them out", block)
    asks = _block(block, body) if "pattern" in body else _mutations(body)
    return Asked(format=FORMAT, asks=tuple(asks), skipped=found)


def _no_patch(patch: str, found: Sequence[str], block: Table) -> Refused:
    """Return why a block whose patch is words is none."""
    commands = found or shell.is_command(patch) or block.get("role") == "command_patch"
    if commands:
        keys = ", ".join((*found, "patch") if shell.is_command(patch) else found or ("patch",))
        return _refused("shell_refused", f"commands are not run: {keys}; send the change", block)
    return _refused("prose", "`patch` is words; send what is to be changed", block)


def _block(block: Table, body: Table) -> list[Ask]:
    """Return one edit for each target of a regex block."""
    targets = block.get("targets") if "target_file" not in block else [block["target_file"]]
    if not targets or not isinstance(targets, list):
        raise _refused("bad_path", "`target_file` is missing", block)
    old, new = body.get("pattern"), body.get("replacement")
    if not isinstance(old, str) or not isinstance(new, str):
        raise _refused("unknown_format", "`pattern` and `replacement` are texts", body)
    if not old or old == new:
        why = "`pattern` is empty" if not old else "`pattern` and `replacement` are the same"
        raise _refused("empty_edit", why, body)
    count = body.get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise _refused("unknown_format", "`count` is a number from 1", body)
    regex = "regex" in {body.get("mode"), block.get("mode")}
    return [
        Swap(path=_path(path, block), old=old, new=new, count=count, regex=regex, line=body.line)
        for path in targets
    ]


def _mutations(body: Table) -> list[Ask]:
    rows = body.get("mutations")
    if not isinstance(rows, list) or not rows:
        raise _refused("placeholder", "it holds no change", body)
    asks: list[Ask] = []
    for row in rows:
        if not isinstance(row, Table):
            raise _refused("unknown_format", "each of `mutations` is an object", body)
        asks += _mutation(row)
    if not asks:
        raise _refused("placeholder", "it holds no change", body)
    return asks


def _mutation(row: Table) -> list[Ask]:
    if "code_edit" in row:
        why = "`code_edit` leaves out what stays; send the whole file, or what is replaced"
        raise _refused("elided", why, row)
    patch = row.get("patch")
    if isinstance(patch, Table) and "pattern" in patch:
        return _block(row, patch)
    if "shell" in row and not any(key in row for key in _PATHS):
        return []
    path = _path(next((row[key] for key in _PATHS if key in row), None), row)
    mode, verb = _mode(row), row.get("op") or row.get("type") or "upsert"
    if verb == "delete":
        return [Delete(path=path, line=row.line)]
    if verb == "chmod":
        if mode is None:
            raise _refused("mode", "`mode` is missing", row)
        return [Edit(path=path, mode=mode, line=row.line)]
    if isinstance(changes := row.get("changes"), list):
        return [_change(path, change, row) for change in changes]
    if verb not in {"upsert", "file_create", "file_update", "create", "update", "write"}:
        raise _refused("unknown_format", f"{verb!r} is no way to change a file", row)
    text = next((row[key] for key in _CONTENTS if isinstance(row.get(key), str)), None)
    if text is None:
        raise _refused("placeholder", f"it does not say what {path} is to hold", row)
    return [Write(path=path, text=text, fresh=verb == "file_create", mode=mode, line=row.line)]


def _change(path: str, change: object, row: Table) -> Swap:
    if not isinstance(change, Table):
        raise _refused("unknown_format", "each of `changes` is an object", row)
    verb, old = change.get("type", "replace"), change.get("search")
    new = change.get("add" if verb == "add_after" else "replace")
    if verb not in {"replace", "add_after"} or not isinstance(old, str) or not isinstance(new, str):
        raise _refused("unknown_format", f"{verb!r} needs texts for what to find and put", change)
    if not old or old == new:
        raise _refused("empty_edit", "`search` is empty, or what is put there", change)
    return Swap(path=path, old=old, new=new, after=verb == "add_after", line=change.line)


def _path(value: object, row: Table) -> str:
    if not isinstance(value, str) or not value:
        raise _refused("bad_path", "it names no file", row)
    return value


def _mode(row: Table) -> int | None:
    said = row.get("mode")
    if said is None:
        return None
    word = said if isinstance(said, str) else f"{said:o}" if isinstance(said, int) else ""
    if re.fullmatch("[0-7]+", word) is None or word not in _MODES:
        raise _refused("mode", f"{said!r} is none of 0644 and 0755", row)
    return _MODES[word]


def _refused(code: str, why: str, row: Table) -> Refused:
    return Refused(code, f"cannot read the patch: line {row.line}: {why}", Place(line=row.line))

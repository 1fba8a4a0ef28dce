"""From the words of a patch to a Plan: the one way, whatever the format, and nothing is written.

Rule 1: a patch is planned as a whole or refused as a whole.
Rule 2: it depends on the patch and on what is read of the tree, and on nothing else.
"""

from __future__ import annotations

from ghostbot.core.patch import Place, Plan, Refused
from ghostbot.patches import effects, lines, sniff, swapping, syntax
from ghostbot.patches.asks import Ask, Asked, Delete, Edit, Insert, Swap, Write
from ghostbot.patches.draft import FILES, Draft
from ghostbot.patches.files import File, Files
from ghostbot.patches.lines import Text
from ghostbot.patches.placing import place

PATCH_BYTES = 1024 * 1024
HUNKS = 1000
REGEXES = 10  # each may take two seconds


def compile_patch(
    text: bytes,
    *,
    root: str,
    files: Files,
    format: str | None = None,  # noqa: A002 - the word of the command line and the API
    ignore_shell: bool = False,
    allow_overwrite: bool = False,
) -> Plan:
    """Return what the patch does to the root. Blocks; a regex may take seconds. Raises Refused.

    `ignore_shell` leaves commands out and names them in `skipped`, in place of refusing.
    """
    asked = sniff.read(_decoded(text), format, ignore_shell=ignore_shell)
    _limit(asked)
    draft = Draft(files)
    for ask in asked.asks:
        _do(draft, ask, overwrite=allow_overwrite)
    changes = draft.changes()
    already = tuple(f"already: {path}" for path in draft.untouched())
    if not changes:
        words = "cannot patch anything: all of it is so already (already applied)"
        raise Refused("no_effect", words, Place(line=1))
    if len(changes) > FILES:
        words = f"cannot patch {len(changes)} files at once: {FILES} is the most"
        raise Refused("too_many", words)
    for change in changes:
        effects.vet(change)
    syntax.vet(changes)
    gone = {change.source for change in changes}
    skipped = (*asked.skipped, *(one for one in already if one[9:] not in gone))
    return Plan(root=root, format=asked.format, changes=changes, skipped=skipped)


def _decoded(text: bytes) -> str:
    if len(text) > PATCH_BYTES:
        why = f"it has {len(text)} bytes, and {PATCH_BYTES} is the most"
        raise Refused("too_large", f"cannot read the patch: {why}")
    if text.startswith(lines.WIDE_BOMS) or b"\0" in text:
        why = "it holds NUL bytes, or is UTF-16; send UTF-8"
        line = text.count(b"\n", 0, max(text.find(b"\0"), 0)) + 1
        raise Refused("binary", f"cannot read the patch: {why}", Place(line=line))
    return text.removeprefix(lines.BOM).decode("utf-8", "surrogateescape")


def _limit(asked: Asked) -> None:
    hunks = sum(len(ask.hunks or ()) for ask in asked.asks if isinstance(ask, Edit | Delete))
    regexes = sum(isinstance(ask, Swap) and ask.regex for ask in asked.asks)
    for count, most, what in (
        (hunks, HUNKS, "hunks"),
        (len(asked.asks), HUNKS, "edits"),
        (regexes, REGEXES, "regular expressions"),
    ):
        if count > most:
            raise Refused("too_many", f"cannot take {count} {what} at once: {most} is the most")


def _do(draft: Draft, ask: Ask, *, overwrite: bool) -> None:
    path = draft.checked(ask.path)
    match ask:
        case Write():
            _write(draft, ask, path, overwrite=overwrite)
        case Delete():
            _delete(draft, ask, path)
        case Edit():
            _edit(draft, ask, path, overwrite=overwrite)
        case Swap():
            file = _there(draft, ask, path)
            text, notes = swapping.swap(ask, path, lines.read(file.data, path))
            draft.put(path, text.encoded(), None, *notes)
        case Insert():
            _insert(draft, ask, path)


def _write(draft: Draft, ask: Write, path: str, *, overwrite: bool) -> None:
    now = draft.now(path)
    data = _encoded(ask.text, path, ask.line)
    if ask.fresh and now is not None and (draft.made(path) or now.data != data):
        if draft.made(path):
            raise _refused("overlap", ask, path, "the patch makes it twice")
        if not overwrite:
            raise _refused("exists", ask, path, "it is there already; send an edit of it")
    if now is not None:
        _textual(now, path)
    notes = ("overwrite",) if now is not None and now.data != data and ask.fresh else ()
    draft.put(path, data, ask.mode, *notes)


def _delete(draft: Draft, ask: Delete, path: str) -> None:
    file = _there(draft, ask, path)
    text = _textual(file, path)
    if ask.hunks is not None:
        left = place(path, text, ask.hunks)[0] if ask.hunks else text
        if left.lines:
            why = "it holds more than the lines that the patch takes away"
            raise _refused("no_match", ask, path, why)
    draft.remove(path)


def _edit(draft: Draft, ask: Edit, path: str, *, overwrite: bool) -> None:
    file = _there(draft, ask, path)
    text = _textual(file, path)
    notes: tuple[str, ...] = ()
    if ask.hunks:
        text, notes = place(path, text, ask.hunks)
    if (
        ask.old_mode is not None
        and ask.mode is not None
        and file.mode
        not in {
            ask.old_mode,
            ask.mode,
        }
    ):
        raise _refused("mode", ask, path, f"its mode is {file.mode:o}, not {ask.old_mode:o}")
    mode = file.mode if ask.mode is None else ask.mode
    if ask.to is None:
        draft.put(path, text.encoded(), mode, *notes)
        return
    target = draft.checked(ask.to)
    there = draft.now(target) if target != path else None
    if there is not None and draft.made(target):
        raise _refused("overlap", ask, target, "the patch makes it twice")
    if there is not None and not overwrite:
        raise _refused("exists", ask, target, "it is there already")
    draft.put(target, text.encoded(), mode, *notes, *(("overwrite",) if there else ()))
    if not ask.copy and target != path:
        draft.moved(path, target)


def _insert(draft: Draft, ask: Insert, path: str) -> None:
    """Put lines into a file; those for its end make it where it is not there."""
    file = draft.now(path)
    if file is None and ask.after < 0:
        draft.put(path, _encoded(ask.text, path, ask.line), None)
        return
    file = _there(draft, ask, path)
    _encoded(ask.text, path, ask.line)
    text = swapping.insert(ask, path, _textual(file, path))
    draft.put(path, text.encoded(), None, "unanchored")


def _there(draft: Draft, ask: Ask, path: str) -> File:
    file = draft.now(path)
    if file is None:
        raise _refused("missing", ask, path, "there is no such file")
    return file


def _textual(file: File, path: str) -> Text:
    return lines.read(file.data, path)


def _encoded(text: str, path: str, line: int | None) -> bytes:
    if not lines.readable(text):
        words = f"cannot write {path}: its text holds bytes that are no UTF-8"
        raise Refused("encoding", words, Place(path=path, line=line))
    if "\0" in text:
        words = f"cannot write {path}: its text holds a NUL byte"
        raise Refused("binary", words, Place(path=path, line=line))
    return text.encode()


def _refused(code: str, ask: Ask, path: str, why: str) -> Refused:
    words = f"cannot patch {path}: {why}"
    return Refused(code, words, Place(path=path, line=ask.line))

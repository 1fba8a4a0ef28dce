"""One message for a patch that somebody carried out at the machine, past everybody here."""

from __future__ import annotations

from ghostbot.core.proposal import Status
from ghostbot.patches.elsewhere import Elsewhere
from ghostbot.slack.blocks.message import Message, section
from ghostbot.slack.blocks.text import name

SHOWN = 5
WORDS = {
    Status.APPLIED: "applied",
    Status.NOOP: "had nothing to do",
    Status.ROLLED_BACK: "was taken back",
    Status.ATTENTION: "was taken back, but for what *needs a person*",
}


def elsewhere(done: Elsewhere) -> Message:
    """Say who changed what, how, and how it is undone."""
    what = WORDS.get(done.status, "was not applied")
    how = "`ghost patch apply`" + (" with `--yes`" if done.is_unattended else "")
    files = ", ".join(name(file) for file in done.files[:SHOWN])
    more = f" and {len(done.files) - SHOWN} more" if len(done.files) > SHOWN else ""
    said = f"*{name(done.by)}* changed *{name(done.root)}* at the machine, by {how}: {files}{more}"
    if done.status is not Status.APPLIED:
        said = f"A patch of *{name(done.by)}* to *{name(done.root)}*, by {how}, {what}"
        said += f": {name(done.reason, 300)}" if done.reason else ""
    elif not done.is_verified:
        said += ". Its checks were left out"
    undo = f"`ghost patch revert {done.id} --root …` takes it back."
    more_said = undo if done.status is Status.APPLIED else "It is in `ghost patch log`."
    return Message(said, (section(f"{said}.\n{more_said}"),))

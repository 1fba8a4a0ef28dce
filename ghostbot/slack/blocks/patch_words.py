"""What a proposal is called in words: how it stands, what is risky about it, and who is who."""

from __future__ import annotations

from collections.abc import Iterable

from ghostbot.core.proposal import Approval, FileLine, Proposal, Status, Way
from ghostbot.core.risks import sentences
from ghostbot.slack.blocks.text import count, name, when

REVERT = "ghost_patch_revert"  # a button, also under a trouble that followed a patch
GREEN, YELLOW, BLUE, RED, GREY = "#2eb886", "#daa038", "#439fe0", "#a30200", "#dddddd"
MARKS = {
    Status.RECEIVED: ("⏳", GREY),
    Status.VALIDATED: ("⏳", GREY),
    Status.AWAITING: ("🟠", YELLOW),
    Status.APPROVED: ("🔵", BLUE),
    Status.PRECHECKING: ("🔵", BLUE),
    Status.APPLYING: ("🔵", BLUE),
    Status.VERIFYING: ("🔵", BLUE),
    Status.ROLLING_BACK: ("🟡", YELLOW),
    Status.APPLIED: ("🟢", GREEN),
    Status.NOOP: ("⚪", GREY),
    Status.FAILED: ("🔴", RED),
    Status.REJECTED: ("⛔", RED),
    Status.EXPIRED: ("⚪", GREY),
    Status.SUPERSEDED: ("⚪", GREY),
    Status.ROLLED_BACK: ("🔴", RED),
    Status.ATTENTION: ("🆘", RED),
}
CLAUSES = {
    Status.RECEIVED: "is being read",
    Status.VALIDATED: "was read",
    Status.AWAITING: "waits for approval",
    Status.APPROVED: "is approved and about to be tried",
    Status.PRECHECKING: "is being tried in a copy",
    Status.APPLYING: "is being applied",
    Status.VERIFYING: "is applied and being checked",
    Status.ROLLING_BACK: "is being rolled back",
    Status.APPLIED: "is applied",
    Status.NOOP: "changed nothing: everything was so already",
    Status.FAILED: "failed; nothing was changed",
    Status.REJECTED: "was rejected; nothing was changed",
    Status.EXPIRED: "expired: it was not approved in time",
    Status.SUPERSEDED: "is void: its files were changed by somebody else",
    Status.ROLLED_BACK: "was rolled back: everything is as it was before",
    Status.ATTENTION: "was rolled back, but for what a person must mend",
}
WAYS = {
    Way.SLACK: "in Slack",
    Way.CHANNEL: "by a post",
    Way.CLI: "from the command line",
    Way.HTTP: "over HTTP",
    Way.WEBHOOK: "by webhook",
    Way.INBOX: "by a file",
    Way.GHOST: "from Ghost",
}
RISKS_SHOWN = 8
OPS = {"add": "new", "delete": "deleted", "move": "moved", "mode": "mode only"}
NOTES_TOLD = frozenset({"overwrite", "executable"})


def clause(p: Proposal) -> str:
    """Say how it stands, as a clause after its name."""
    if p.status is Status.APPLIED and p.reverted_by:
        return f"was applied, and {name(p.reverted_by)} took it back"
    if p.status is Status.APPLIED:
        return "is applied and checked" if p.checks else "is applied; its root has no checks"
    if p.status is Status.SUPERSEDED and p.followed_by:
        return f"{CLAUSES[p.status]}; {name(p.followed_by)} takes its place"
    if p.status is Status.FAILED and p.approvals and p.checks:
        return "failed its checks in a copy; nothing was changed"
    if p.status is Status.ROLLED_BACK and any(not check.ok for check in p.checks):
        return "failed its checks and was rolled back: everything is as it was before"
    return CLAUSES[p.status]


def called(p: Proposal, limit: int = 150) -> str:
    """Name it: its number, and what its maker or its kind says it is."""
    if p.title:
        return f"*{name(p.id)}* “{name(p.title, limit)}”"
    if p.reverts:
        return f"*{name(p.id)}* takes back {name(p.reverts)}"
    return f"*{name(p.id)}*"


def risks(p: Proposal) -> list[str]:
    """Say what is risky about it, a sentence each."""
    told = sentences(p.risk, lambda detail: f"`{name(detail)}`")
    if len(told) > RISKS_SHOWN:
        return [*told[:RISKS_SHOWN], f"And {len(told) - RISKS_SHOWN} more."]
    return told


def person(by: str, called_: str) -> str:
    """Return somebody as Slack shows people, or by name where Slack has no such person."""
    return f"<@{by}>" if is_slacks(by) else name(called_ or by)


def is_slacks(by: str) -> bool:
    """Tell whether an id is that of a person of Slack; a bot's (B…) can be mentioned by nobody."""
    return by[:1] in {"U", "W"} and by.isalnum() and by.isascii() and by.isupper()


def yes(approval: Approval) -> str:
    """Say who said yes, and when."""
    who = person(approval.by, approval.name)
    if approval.is_unattended:
        who += " (without being asked: so configured)"
    elif approval.is_sole:
        who += " (the only approver there is)"
    return f"{who}, {when(approval.at)}"


def files(lines: Iterable[FileLine], shown: int) -> list[str]:
    """Return one line for each file, and how many more there are."""
    everything = list(lines)
    told = [_file(line) for line in everything[:shown]]
    if len(everything) > shown:
        told.append(f"… and {count(len(everything) - shown, 'more file')}")
    return told


def _file(line: FileLine) -> str:
    what = OPS.get(line.op, "")
    if line.source:
        what = f"moved from `{name(line.source, 200)}`"
    notes = [what, *(note for note in line.notes if note in NOTES_TOLD)]
    said = ", ".join(filter(None, notes))
    counts = f"+{line.added:,} −{line.removed:,}"
    return f"`{name(line.path, 200)}`  {counts}" + (f"  ({said})" if said else "")


def size(p: Proposal) -> str:
    """Say how much it is, aloud: "2 files, 3 lines added, 1 removed"."""
    added, removed = sum(f.added for f in p.files), sum(f.removed for f in p.files)
    return f"{count(len(p.files), 'file')}, {count(added, 'line')} added, {removed:,} removed"

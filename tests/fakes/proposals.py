"""Proposals as the pipeline tells them, to be drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ghostbot.core.proposal import (
    Approval,
    CheckLine,
    FileLine,
    Origin,
    Proposal,
    Status,
    Submitter,
    Way,
)

NOW = 1_790_000_000.0
DIGEST = "sha256:" + "0123456789abcdef" * 4
AGENT = Submitter(id="B0AGENT", name="builder", way=Way.CHANNEL, is_agent=True)
DIFF = """diff --git a/app/hello.py b/app/hello.py
--- a/app/hello.py
+++ b/app/hello.py
@@ -1 +1 @@
-print("hello")
+print("hello, world")
"""
LONG = DIFF + "".join(f"+line {n} <!channel> & more\n" for n in range(2_000))


def proposal(**changes: Any) -> Proposal:
    """Return one that waits for a yes, changed as told."""
    plain = Proposal(
        id="p17",
        status=Status.AWAITING,
        submitter=AGENT,
        title="Greet the world",
        root="app",
        format="unified",
        sha256="00" * 32,
        digest=DIGEST,
        needs=1,
        files=(FileLine(path="app/hello.py", op="update", tier="exact", added=1, removed=1),),
        created_at=NOW,
        updated_at=NOW,
        expires_at=NOW + 86_400,
    )
    return replace(plain, **changes)


def yes(by: str = "U0ALICE", name: str = "alice", **changes: Any) -> Approval:
    """Return a yes."""
    plain = Approval(by=by, name=name, way=Way.SLACK, at=NOW + 60, digest=DIGEST)
    return replace(plain, **changes)


def risky(**changes: Any) -> Proposal:
    """Return one that two people must say yes to."""
    return proposal(needs=2, risk=("path:Makefile", "tier:indent", "lines:412"), **changes)


def posted(**changes: Any) -> Proposal:
    """Return one that an agent posted."""
    return proposal(origin=Origin(channel="C0PATCHES", ts="1.000001"), **changes)


FAILED_CHECK = CheckLine(
    name="pytest -q", ok=False, took_s=3.2, said="exited 1", output="E assert 1 == 2\n1 failed\n"
)
PASSED_CHECK = CheckLine(name="ruff check", ok=True, took_s=0.4)

"""A proposal as programs are told of it: one shape for HTTP, the command line, Slack and agents."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ghostbot.core.patch import Place
from ghostbot.core.proposal import Approval, Proposal
from ghostbot.shapes import iso


def proposal_json(p: Proposal) -> dict[str, Any]:
    """Return the patch of design §13.2, and what else is known of it."""
    return {
        "id": p.id or None,
        "status": p.status.value,
        "over": p.is_over,
        "code": p.code,
        "reason": p.reason,
        "where": _where(p.where),
        "title": p.title,
        "root": p.root,
        "format": p.format,
        "risk": list(p.risk),
        "needs": p.needs,
        "approvals": [_said(one) for one in p.approvals],
        "denial": None if p.denial is None else _said(p.denial),
        "expires_at": iso(p.expires_at),
        "plan_digest": p.digest,
        "files": [{**asdict(one), "notes": list(one.notes)} for one in p.files],
        "skipped": list(p.skipped),
        "checks": [asdict(one) for one in p.checks],
        "left": list(p.left),
        "submitter": {
            "id": p.submitter.id,
            "name": p.submitter.name,
            "way": p.submitter.way.value,
            "is_agent": p.submitter.is_agent,
        },
        "carrier": p.carrier,
        "created_at": iso(p.created_at),
        "updated_at": iso(p.updated_at),
        "reverts": p.reverts,
        "reverted_by": p.reverted_by,
        "follows": p.follows,
        "followed_by": p.followed_by,
    }


def _where(place: Place | None) -> dict[str, Any] | None:
    return None if place is None or place == Place() else asdict(place)


def _said(one: Approval) -> dict[str, Any]:
    return {
        "by": one.by,
        "name": one.name,
        "way": one.way.value,
        "at": iso(one.at),
        "plan_digest": one.digest,
        "sole": one.is_sole,
        "unattended": one.is_unattended,
    }

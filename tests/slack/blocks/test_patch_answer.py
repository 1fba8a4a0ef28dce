"""What an agent reads in the thread of its post."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ghostbot.core.patch import Place
from ghostbot.core.proposal import FileLine, Status, Submitter, Way
from ghostbot.patches.telling import proposal_json
from ghostbot.slack.blocks import patch_answer as answers
from ghostbot.slack.blocks.message import Message
from tests.fakes.block_kit import assert_fits
from tests.fakes.proposals import FAILED_CHECK, PASSED_CHECK, posted, yes


def told(message: Message) -> dict[str, Any]:
    """Read the JSON as a program would."""
    (block,) = [b for b in message.blocks if b["type"] == "rich_text"]
    found: dict[str, Any] = json.loads(block["elements"][0]["elements"][0]["text"])
    return found


def test_a_refused_patch_says_why_where_and_what_next() -> None:
    p = posted(
        status=Status.FAILED,
        code="no_match",
        reason="cannot find the lines; the nearest are 12 to 14: “def hello():”",
        where=Place(path="a.py", line=3),
    )
    said = answers.answer(p, proposal_json(p))
    assert_fits(said)
    data = told(said)
    assert (data["status"], data["code"]) == ("failed", "no_match")
    assert data["where"]["line"] == 3
    assert "nearest are 12 to 14" in data["reason"]
    assert "post it as a new message" in said.text
    assert "```" in said.text


def test_a_rolled_back_one_holds_the_output_of_what_failed() -> None:
    p = posted(status=Status.ROLLED_BACK, checks=(PASSED_CHECK, FAILED_CHECK), approvals=(yes(),))
    checks = told(answers.answer(p, proposal_json(p)))["checks"]
    assert "output" not in checks[0]
    assert "E assert 1 == 2" in checks[1]["output"]


def test_an_agent_with_a_user_id_is_mentioned() -> None:
    p = posted(submitter=Submitter(id="U0AGENT", name="x", way=Way.CHANNEL, is_agent=True))
    assert answers.answer(p, proposal_json(p)).text.startswith("<@U0AGENT> 🟠")


@pytest.mark.parametrize("status", list(Status))
def test_json_is_whole_however_much_there_is(status: Status) -> None:
    line = FileLine(path="x" * 900, op="update", tier="exact", added=1, removed=1)
    p = posted(
        status=status,
        files=(line,) * 50,
        reason="<!channel> " * 2_000,
        checks=(FAILED_CHECK,) * 30,
        left=("y" * 500,) * 20,
    )
    said = answers.answer(p, proposal_json(p))
    assert_fits(said)
    data = told(said)
    assert data["status"] == status
    assert "files" in data["left_out"]


def test_what_could_not_be_taken_is_told_with_its_code() -> None:
    said = answers.refused("cannot take another: 20 of yours wait", "too_many_pending")
    assert_fits(said)
    assert told(said)["code"] == "too_many_pending"


def test_what_is_said_of_edits_and_deletions_fits() -> None:
    assert_fits(answers.unchanged(posted()))
    assert_fits(answers.deleted(posted()))

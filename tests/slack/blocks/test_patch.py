"""The message of a proposal, and the windows about it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ghostbot.core.proposal import FileLine, Proposal, Status, Submitter, Way
from ghostbot.slack.blocks import patch as cards
from ghostbot.slack.blocks import patch_steps as steps
from ghostbot.slack.blocks import patch_views as views
from ghostbot.slack.blocks.message import Message
from ghostbot.slack.blocks.patch import APPROVE, DIFF, REJECT, Shown
from ghostbot.slack.blocks.patch_words import REVERT
from tests.fakes.block_kit import assert_fits, view_validator
from tests.fakes.proposals import (
    DIFF as SHORT,
)
from tests.fakes.proposals import (
    DIGEST,
    FAILED_CHECK,
    LONG,
    PASSED_CHECK,
    proposal,
    risky,
    yes,
)


def buttons(message: Message) -> dict[str, dict[str, Any]]:
    rows = [b for b in (*message.blocks, *message.details) if b["type"] == "actions"]
    return {one["action_id"]: one for row in rows for one in row["elements"]}


def words(message: Message) -> str:
    return json.dumps(message.payload(), ensure_ascii=False)


def test_a_waiting_patch_shows_its_diff_and_can_be_approved_rejected_and_read_whole() -> None:
    shown = cards.card(proposal(), SHORT, Shown(eligible={"U0ALICE", "U0BOB"}))
    assert_fits(shown)
    assert list(buttons(shown)) == [APPROVE, REJECT, DIFF]
    told = words(shown)
    assert '+print(\\\\\\"hello, world\\\\\\")' in told or "hello, world" in told
    assert "Waits for one of <@U0ALICE>, <@U0BOB>." in told
    assert "<!date^1790086400^" in told
    assert "builder, an agent" in told


def test_a_button_carries_the_digest_that_its_message_shows() -> None:
    approve = buttons(cards.card(proposal(), SHORT))[APPROVE]
    assert json.loads(approve["value"]) == {"patch": "p17", "digest": DIGEST}


def test_it_reads_well_aloud() -> None:
    assert cards.card(proposal(), SHORT).text == (
        "🟠 patch p17 “Greet the world” by builder in app, 1 file, 1 line added, 1 removed:"
        " waits for approval"
    )


def test_a_long_diff_cannot_be_approved_until_it_is_in_the_thread() -> None:
    before = cards.card(proposal(), LONG)
    assert_fits(before)
    assert APPROVE not in buttons(before)
    assert "Approving is possible once it is there" in words(before)
    failed = cards.card(proposal(), LONG, Shown(trouble="Slack answers internal_error"))
    assert APPROVE not in buttons(failed)
    assert "Slack answers internal_error" in words(failed)
    after = cards.card(proposal(), LONG, Shown(uploaded=True))
    assert_fits(after)
    assert APPROVE in buttons(after)
    assert "is a file in the thread" in words(after)


def test_risks_are_sentences_and_approving_them_is_asked_once_more() -> None:
    shown = cards.card(risky(), SHORT, Shown(eligible={"U0ALICE", "U0BOB", "U0EVE"}))
    told = words(shown)
    assert "It changes `Makefile`: such files decide how code is built" in told
    assert "the new lines were shifted to match" in told
    assert "It changes 412 lines" in told
    assert "tier:" not in told
    assert "confirm" in buttons(shown)[APPROVE]
    assert "Waits for 2 of <@U0ALICE>, <@U0BOB>, <@U0EVE>." in told


def test_the_only_approver_is_told_to_type_the_digests_end() -> None:
    told = words(cards.card(risky(), SHORT, Shown(eligible={"U0ALICE"})))
    assert "<@U0ALICE>, the only approver there is, who types the digest's last 4" in told
    assert "digest …cdef" in told


def test_where_nobody_can_approve_it_says_what_to_do() -> None:
    assert "make somebody an approver" in words(cards.card(proposal(), SHORT, Shown(eligible=())))


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.AWAITING])
def test_what_does_not_wait_has_no_live_buttons_but_revert(status: Status) -> None:
    p = proposal(status=status, approvals=(yes(),), reason="because")
    shown = cards.card(p, SHORT)
    assert_fits(shown)
    assert set(buttons(shown)) == ({REVERT} if status is Status.APPLIED else set())
    assert "<@U0ALICE>" in words(shown)


def test_what_was_taken_back_cannot_be_taken_back_again() -> None:
    p = proposal(status=Status.APPLIED, reverted_by="p18")
    shown = cards.card(p, SHORT)
    assert not buttons(shown)
    assert "p18 took it back" in words(shown)


def test_a_rolled_back_one_says_which_check_failed_and_the_last_it_wrote() -> None:
    p = proposal(
        status=Status.ROLLED_BACK,
        approvals=(yes(),),
        checks=(PASSED_CHECK, FAILED_CHECK),
        reason="pytest -q failed in the tree itself",
    )
    told = words(cards.card(p, SHORT))
    assert "failed its checks and was rolled back: everything is as it was before" in told
    assert "❌ `pytest -q` failed after 3.2 s: exited 1" in told
    assert "E assert 1 == 2" in told


def test_who_rejected_it_and_why_is_said() -> None:
    p = proposal(status=Status.REJECTED, denial=yes("U0BOB", "bob"), reason="not now")
    told = words(cards.card(p, SHORT))
    assert "*Rejected by*\\n<@U0BOB>" in told
    assert "not now" in told


def test_nothing_in_a_patch_can_ping_or_break_its_message() -> None:
    nasty = "<!channel> & `x` *b*\u202e\n" * 30
    p = risky(
        title=nasty,
        submitter=Submitter(id="webhook:ci", name=nasty, way=Way.WEBHOOK, is_agent=True),
        carrier=nasty,
        root=nasty[:20],
        reason=nasty,
        skipped=(nasty, nasty, nasty, nasty),
        files=tuple(
            FileLine(
                path=f"{n}/" + "💥" * 200,
                op="move",
                source="💥" * 300,
                tier="indent",
                added=n,
                removed=n,
                notes=(nasty,),
            )
            for n in range(60)
        ),
        approvals=(yes("local:ada", nasty),),
    )
    for status in Status:
        for diff in ("", SHORT, nasty * 500, "💥" * 4_000):
            shown = cards.card(replace(p, status=status), diff, Shown(eligible={"U1"}))
            assert_fits(shown)


def test_the_home_tab_lists_only_what_waits() -> None:
    waiting = [proposal(id=f"p{n}") for n in range(8)]
    blocks = cards.home([*waiting, proposal(status=Status.APPLIED)])
    assert sum("accessory" in block for block in blocks) == 5
    assert "3 more" in json.dumps(blocks, ensure_ascii=False)
    assert cards.home([proposal(status=Status.APPLIED)]) == []
    view_validator("home_view").validate({"type": "home", "blocks": blocks})


@pytest.mark.parametrize(
    "view",
    [
        views.form(("app",)),
        views.form(("app", "site"), said="cannot read <it>", text="x" * 4_000, metadata="{}"),
        views.pick_root(("app", "site"), "*** Begin <Patch>", "{}"),
        views.reason(risky(), "[]"),
        views.digest(risky(), "[]"),
        views.whole(proposal(), LONG * 20),
        views.whole(proposal(), ""),
        views.told("Proposed", cards.card(proposal(), SHORT)),
    ],
)
def test_every_window_is_one_that_slack_takes(view: dict[str, Any]) -> None:
    view_validator("modal_view").validate(view)
    assert len(json.dumps(view)) < 250_000
    assert len(view["blocks"]) <= 100


def test_a_window_shows_a_whole_diff_in_the_order_of_its_lines() -> None:
    diff = "".join(f"+line {n}\n" for n in range(3_000))
    view = views.whole(proposal(), diff)
    texts = [
        one["text"]
        for block in view["blocks"]
        if block["type"] == "rich_text"
        for element in block["elements"]
        for one in element["elements"]
    ]
    assert "\n".join(texts).split("\n") == diff.splitlines()


def test_a_list_says_each_in_a_line() -> None:
    told = views.listed([proposal(), proposal(id="p18", status=Status.NOOP)], "/ghost")
    assert_fits(told)
    assert "*p17* “Greet the world” waits for approval" in words(told)
    assert_fits(views.listed([], "/ghost"))


@pytest.mark.parametrize("status", list(Status))
def test_each_step_fits_into_the_thread(status: Status) -> None:
    p = proposal(
        status=status, approvals=(yes(),), reason="<!here> " * 400, checks=(FAILED_CHECK,) * 3
    )
    if (said := steps.step(p)) is not None:
        assert_fits(said)


def test_a_page_names_what_is_not_as_it_was() -> None:
    p: Proposal = proposal(
        status=Status.ATTENTION, reason="a file was changed meanwhile", left=("a.py: changed",)
    )
    told = steps.page(p, "<!subteam^S0ONCALL>").text
    assert told.startswith("<!subteam^S0ONCALL> 🆘")
    assert "a.py: changed" in told
    assert "takes no other patch" in told

"""`/ghost patch …` and the buttons under a patch's message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from ghostbot.core.proposal import Status
from ghostbot.slack import patches
from ghostbot.slack.blocks.patch import APPROVE, DIFF, REJECT
from ghostbot.slack.blocks.patch_words import REVERT
from tests.fakes.patch_side import FakePipeline, PatchSide, patch_side
from tests.fakes.proposals import LONG

PATCH = "```\n*** Begin Patch\n*** Update File: a.py\n@@\n-a\n+b\n*** End Patch\n```"


@pytest.fixture
async def side() -> AsyncIterator[PatchSide]:
    async with patch_side() as made:
        yield made


async def proposed(side: PatchSide, **changes: Any) -> dict[str, Any]:
    """Have an agent post a patch; return its card."""
    side.pipeline.changes = changes
    side.slack.post(channel="#patches", by="robot", text=PATCH)
    card: dict[str, Any] = await side.card()
    return card


def status(side: PatchSide) -> Status:
    return side.pipeline.proposals["p1"].status


async def test_a_yes_strips_the_buttons_and_says_who(side: PatchSide) -> None:
    card = await proposed(side)
    await side.slack.press(card["ts"], APPROVE, by="bob", channel="#patches")
    drawn = await side.card(holds="is approved and about to be tried")
    assert APPROVE not in str(drawn)
    assert "<@U0BOB>" in str(drawn["attachments"])
    await side.thread(card["ts"], "approved by <@U0BOB>")


async def test_a_double_click_is_one_yes(side: PatchSide) -> None:
    card = await proposed(side, needs=2)
    await side.slack.press(card["ts"], APPROVE, by="bob", channel="#patches")
    await side.slack.press(card["ts"], APPROVE, by="bob", channel="#patches")
    await side.private("you said yes already", by="bob", channel="#patches")
    await side.card(holds="1 of 2")
    await side.slack.press(card["ts"], APPROVE, by="alice", channel="#patches")
    await side.card(holds="is approved")


async def test_a_click_on_an_older_plan_does_nothing_and_draws_it_anew(side: PatchSide) -> None:
    card = await proposed(side)
    p = side.pipeline.proposals["p1"]
    side.pipeline.proposals["p1"] = replace(p, digest="sha256:" + "ab" * 32)
    await side.slack.press(card["ts"], APPROVE, by="bob", channel="#patches")
    await side.private("has moved on", by="bob", channel="#patches")
    drawn = await side.card(holds="digest …abab")
    assert APPROVE in str(drawn)
    assert status(side) is Status.AWAITING


async def test_a_stranger_is_told_in_private_who_may(side: PatchSide) -> None:
    card = await proposed(side)
    await side.slack.press(card["ts"], APPROVE, by="dave", channel="#patches")
    await side.private("only members", by="dave", channel="#patches")
    assert status(side) is Status.AWAITING
    assert "only members" not in str(side.slack.messages(channel="#patches", seen_by="alice"))


async def test_the_only_approver_types_the_digests_end(side: PatchSide) -> None:
    side.pipeline.approvers = {"U0ALICE"}
    card = await proposed(side, needs=2, risk=("path:Makefile",))
    await side.slack.press(card["ts"], APPROVE, by="alice", channel="#patches")
    await side.slack.until(lambda _: side.slack.modal())
    assert status(side) is Status.AWAITING
    errors = await side.slack.submit({"tail": {"tail": "nope"}})
    assert "not how it ends" in errors["tail"]
    tail = str(side.pipeline.proposals["p1"].digest)[-4:]
    assert not await side.slack.submit({"tail": {"tail": tail.upper()}})
    await side.card(holds="the only approver there is")
    assert status(side) is Status.APPROVED


async def test_a_no_asks_why_and_tells_the_agent(side: PatchSide) -> None:
    card = await proposed(side)
    await side.slack.press(card["ts"], REJECT, by="bob", channel="#patches")
    await side.slack.until(lambda _: side.slack.modal(by="bob"))
    assert status(side) is Status.AWAITING
    await side.slack.submit({"why": {"why": "not before the release"}}, by="bob")
    await side.card(holds="was rejected")
    (post,) = [m for m in side.slack.messages(channel="#patches") if m["user"] == "U0ROBOT"]
    said = await side.thread(post["ts"], "not before the release")
    assert '"status": "rejected"' in str(said)


async def test_the_whole_diff_opens_in_a_window(side: PatchSide) -> None:
    card = await proposed(side)
    await side.slack.press(card["ts"], DIFF, by="bob", channel="#patches")
    await side.slack.until(lambda _: "hello, world" in str(side.slack.modal(by="bob")))


async def test_one_click_takes_back_what_was_applied(side: PatchSide) -> None:
    card = await proposed(side)
    side.pipeline.move("p1", status=Status.APPLIED)
    await side.card(holds=REVERT)
    await side.slack.press(card["ts"], REVERT, by="bob", channel="#patches")
    drawn = await side.card(holds="p2 took it back")
    assert REVERT not in str(drawn)
    await side.card("p2", holds="takes back p1")
    await side.slack.press((await side.card("p2"))["ts"], REVERT, by="bob", channel="#patches")
    await side.card("p3", holds="takes back p2")


async def test_what_cannot_be_taken_back_says_why(side: PatchSide) -> None:
    await proposed(side)
    await side.slack.type("/ghost patch revert p1", by="bob")
    await side.private("cannot take back p1", by="bob")


async def test_a_long_diff_is_in_the_thread_before_anybody_can_approve(side: PatchSide) -> None:
    side.pipeline.text = LONG
    side.slack.faults.error("files.getUploadURLExternal", "internal_error")
    card = await proposed(side)
    drawn = await side.card(holds="Slack answers internal_error")
    assert APPROVE not in str(drawn)
    await side.slack.type(f"/ghost patch approve p1 {side.pipeline.proposals['p1'].digest[-4:]}")  # type: ignore[index]
    await side.private("whole diff is not in the thread")
    assert status(side) is Status.AWAITING
    drawn = await side.card(holds="is a file in the thread")
    assert APPROVE in str(drawn)
    (file,) = [
        f for m in side.slack.messages(channel="#patches", thread_ts=card["ts"]) for f in m["files"]
    ]
    assert file["size"] == len(LONG.encode())
    await side.slack.press(card["ts"], APPROVE, channel="#patches")
    await side.card(holds="is approved")


async def test_a_file_that_is_in_the_thread_is_not_put_there_again(side: PatchSide) -> None:
    side.pipeline.text = LONG
    card = await proposed(side, needs=2)
    await side.card(holds="is a file in the thread")
    await side.slack.press(card["ts"], APPROVE, channel="#patches")
    await side.card(holds="1 of 2")
    thread = side.slack.messages(channel="#patches", thread_ts=card["ts"])
    assert sum(len(m["files"]) for m in thread) == 1


async def test_what_needs_attention_is_a_page(side: PatchSide) -> None:
    card = await proposed(side)
    side.pipeline.move("p1", status=Status.ATTENTION, reason="disk full", left=("a.py: changed",))
    said = await side.thread(card["ts"], "<!subteam^S0ONCALL>")
    assert said["broadcast"]
    assert "a.py: changed" in said["text"]


async def test_the_typed_words_do_the_same(side: PatchSide) -> None:
    await proposed(side)
    await side.slack.type("/ghost patch list", by="bob")
    await side.private("*p1*", by="bob")
    await side.slack.type("/ghost patch show 1", by="bob")
    await side.private("hello, world", by="bob")
    await side.slack.type("/ghost patch approve p1 0000", by="bob")
    await side.private("does not end in", by="bob")
    assert status(side) is Status.AWAITING
    await side.slack.type("/ghost patch reject p1 not now", by="bob")
    await side.card(holds="not now")
    await side.slack.type("/ghost patch show p99", by="bob")
    await side.private("no such patch", by="bob")
    await side.slack.type("/ghost patch list nowhere", by="bob")
    await side.private("it is no root and no status", by="bob")
    await side.slack.type("/ghost patch aprove p1", by="bob")
    await side.private("did you mean approve?", by="bob")


async def test_approving_by_words_shows_the_plan_with_its_button_first(side: PatchSide) -> None:
    await proposed(side)
    await side.slack.type("/ghost patch approve p1", by="bob")
    told = await side.private("hello, world", by="bob")
    assert status(side) is Status.AWAITING
    await side.slack.press(told["ts"], APPROVE, by="bob")
    await side.card(holds="is approved")


async def test_what_failed_before_anybody_was_asked_has_no_card() -> None:
    pipeline = FakePipeline(changes={"status": Status.FAILED, "code": "no_match", "reason": "no"})
    async with patch_side(pipeline) as side:
        ts = side.slack.post(channel="#patches", by="robot", text=PATCH)
        await side.thread(ts, '"code": "no_match"')
        assert not any(
            "patch p1 " in str(m["attachments"]) for m in side.slack.messages(channel="#patches")
        )


async def test_the_home_tab_shows_what_waits_and_its_diff(side: PatchSide) -> None:
    await proposed(side)
    side.slack.open_home()
    await side.slack.until(lambda _: "*p1*" in str(side.slack.home()))
    await side.slack.press_in_view(DIFF, home=True)
    await side.slack.until(lambda _: "hello, world" in str(side.slack.modal()))


async def test_who_made_a_patch_by_hand_may_take_it_back_and_not_approve_it(
    side: PatchSide,
) -> None:
    await proposed(side)
    await side.slack.type("/ghost patch reject p1 a slip of mine", by="bob")
    await side.card(holds="a slip of mine")


async def test_a_card_learns_of_others_who_may_approve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "ROLES_S", 0.05)
    async with patch_side() as side:
        await proposed(side)
        await side.card(holds="Waits for one of <@U0ALICE>, <@U0BOB>.")
        side.pipeline.approvers = {"U0ALICE"}
        await side.card(holds="the only approver there is")

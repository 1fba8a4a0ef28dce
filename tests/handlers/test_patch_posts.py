"""Patches that come in by Slack: posts of agents, messages that people point at, the form."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ghostbot.core.proposal import Origin, Status, Way
from tests.fakes.patch_side import FakePipeline, PatchSide, patch_side
from tests.fakes.slack_side import until

PATCH = "*** Begin Patch\n*** Update File: a.py\n@@\n-a < b\n+a > b & c\n*** End Patch"
FENCED = f"Compare right\n```\n{PATCH}\n```"


@pytest.fixture
async def side() -> AsyncIterator[PatchSide]:
    async with patch_side() as made:
        yield made


async def test_a_post_of_a_listed_bot_becomes_a_proposal_and_a_card(side: PatchSide) -> None:
    ts = side.slack.post(channel="#patches", by="robot", text=FENCED)
    card = await side.card()
    offer = side.pipeline.offers["p1"]
    assert offer.text.decode() == f"{PATCH}\n"
    assert offer.submitter.id == "B0ROBOT"
    assert offer.submitter.is_agent
    assert offer.submitter.way is Way.CHANNEL
    assert offer.key == f"C0PATCHES:{ts}"
    assert offer.origin == Origin(channel="C0PATCHES", ts=ts)
    assert offer.title == "Compare right"
    assert "Compare right" in card["text"]
    assert not card["thread_ts"]


async def test_the_thread_tells_the_agent_in_words_and_json(side: PatchSide) -> None:
    ts = side.slack.post(channel="#patches", by="robot", text=FENCED)
    await side.thread(ts, "waits for approval")
    side.pipeline.move("p1", status=Status.FAILED, code="no_match", reason="nearest are 3 to 5")
    said = await side.thread(ts, "nearest are 3 to 5")
    (block,) = [b for b in said["blocks"] if b["type"] == "rich_text"]
    told = json.loads(block["elements"][0]["elements"][0]["text"])
    assert (told["id"], told["status"], told["code"]) == ("p1", "failed", "no_match")


async def test_a_listed_person_may_post_too_and_their_talk_is_left_alone() -> None:
    async with patch_side(listed=("U0BOB",)) as side:
        await side.slack.type("I am done with it", channel="#patches", by="bob")
        await side.slack.type(FENCED, channel="#patches", by="bob")
        await side.card()
        assert side.pipeline.offers["p1"].submitter.id == "U0BOB"
        assert side.pipeline.offers["p1"].submitter.name == "Bob Bell"
        assert len(side.pipeline.offers) == 1
        talk, *_ = side.slack.messages(channel="#patches")
        assert talk["reply_count"] == 0


async def test_nobody_else_and_nowhere_else(side: PatchSide) -> None:
    await side.slack.type(FENCED, channel="#patches", by="alice")
    side.slack.post(channel="#general", by="robot", text=FENCED)
    side.slack.post(channel="#patches", by="robot", text=FENCED)
    await side.card()
    assert [offer.submitter.id for offer in side.pipeline.offers.values()] == ["B0ROBOT"]


async def test_a_file_of_a_patch_is_read(side: PatchSide) -> None:
    side.slack.post(
        channel="#patches", by="robot", text="Fix it", files=[("fix.diff", PATCH.encode())]
    )
    await side.card()
    assert side.pipeline.offers["p1"].text == PATCH.encode()
    assert side.pipeline.offers["p1"].title == "Fix it"


async def test_a_post_delivered_twice_is_one_proposal(side: PatchSide) -> None:
    side.slack.faults.duplicate_envelopes()
    side.slack.post(channel="#patches", by="robot", text=FENCED)
    await side.card()
    side.slack.post(channel="#patches", by="robot", text=FENCED)
    await side.card("p2")
    assert len(side.pipeline.offers) == 2


async def test_an_edit_changes_nothing_and_is_answered_once(side: PatchSide) -> None:
    ts = side.slack.post(channel="#patches", by="robot", text=FENCED)
    await side.card()
    for number in range(3):
        side.slack.edit(
            ts, FENCED.replace("b & c", f"b & {number}"), channel="#patches", by="robot"
        )
    await side.thread(ts, "The edit is not read")
    side.pipeline.move("p1", status=Status.EXPIRED)
    await side.thread(ts, "expired")
    replies = side.slack.messages(channel="#patches", thread_ts=ts)
    assert sum("The edit is not read" in str(m["text"]) for m in replies) == 1
    assert len(side.pipeline.offers) == 1
    assert side.pipeline.offers["p1"].text.decode() == f"{PATCH}\n"


async def test_a_deleted_post_is_told_in_the_cards_thread(side: PatchSide) -> None:
    ts = side.slack.post(channel="#patches", by="robot", text=FENCED)
    card = await side.card()
    side.slack.delete(ts, channel="#patches", by="robot")
    await side.thread(card["ts"], "was deleted")


async def test_a_patch_in_a_thread_is_answered_in_that_thread(side: PatchSide) -> None:
    first = side.slack.post(channel="#patches", by="robot", text="Here it comes")
    side.slack.post(channel="#patches", by="robot", text=FENCED, thread_ts=first)
    await side.card()
    await side.thread(first, "waits for approval")
    assert side.pipeline.offers["p1"].origin == Origin(channel="C0PATCHES", ts=first)


async def test_what_cannot_be_taken_is_answered_with_a_code(side: PatchSide) -> None:
    side.pipeline.roots = ("app", "site")
    ts = side.slack.post(channel="#patches", by="robot", text=FENCED)
    said = await side.thread(ts, "cannot tell the root")
    assert '"code": "failed"' in str(said)


async def test_the_shortcut_proposes_in_the_name_of_who_wrote_it(side: PatchSide) -> None:
    await side.slack.type(FENCED, by="alice")
    (message,) = side.slack.messages()
    await side.slack.message_shortcut("ghost_patch_from_message", message["ts"], by="bob")
    await side.private("*p1* “Compare right” waits for approval", by="bob")
    offer = side.pipeline.offers["p1"]
    assert (offer.submitter.id, offer.carrier) == ("U0ALICE", "bob")
    assert offer.origin == Origin(channel="C0ALERTS", ts=message["ts"])
    await side.thread(message["ts"], "waits for approval", channel="")
    await side.slack.message_shortcut("ghost_patch_from_message", message["ts"], by="bob")
    await side.private("This one is here already", by="bob")
    assert len(side.pipeline.offers) == 1


async def test_a_snippet_is_read_and_its_author_carries_nothing(side: PatchSide) -> None:
    ts = side.slack.share(("fix.patch", PATCH.encode()), by="alice")
    await side.slack.message_shortcut("ghost_patch_from_message", ts, by="alice")
    await side.card()
    assert side.pipeline.offers["p1"].text == PATCH.encode()
    assert side.pipeline.offers["p1"].carrier is None


async def test_of_several_roots_one_is_asked_for(side: PatchSide) -> None:
    side.pipeline.roots = ("app", "site")
    await side.slack.type(FENCED, by="alice")
    (message,) = side.slack.messages()
    await side.slack.message_shortcut("ghost_patch_from_message", message["ts"], by="bob")
    await side.slack.until(lambda _: side.slack.modal(by="bob"))
    await side.slack.submit({"root": {"root": "site"}}, by="bob")
    await side.slack.until(lambda _: "waits for approval" in str(side.slack.modal(by="bob")))
    assert side.pipeline.offers["p1"].root == "site"
    assert side.pipeline.offers["p1"].submitter.id == "U0ALICE"


async def test_what_is_no_patch_is_said_to_who_pointed_at_it(side: PatchSide) -> None:
    await side.slack.type("hello", by="alice")
    (message,) = side.slack.messages()
    await side.slack.message_shortcut("ghost_patch_from_message", message["ts"], by="bob")
    await side.private("no such lines", by="bob")


async def test_a_message_of_ghosts_own_is_no_patch(side: PatchSide) -> None:
    side.slack.post(channel="#patches", by="robot", text=FENCED)
    card = await side.card()
    await side.slack.message_shortcut(
        "ghost_patch_from_message", card["ts"], by="bob", channel="#patches"
    )
    await side.private("a message of Ghost's own", by="bob", channel="#patches")


async def test_the_form_proposes_what_was_written_by_hand(side: PatchSide) -> None:
    await side.slack.type("/ghost patch", by="bob")
    await side.slack.until(lambda _: side.slack.modal(by="bob"))
    errors = await side.slack.submit({}, by="bob")
    assert "one of the two" in errors["text"]
    values = {"text": {"text": PATCH}, "title": {"title": "By hand"}}
    assert not await side.slack.submit(values, by="bob")
    await side.slack.until(lambda _: "*p1* “By hand” waits" in str(side.slack.modal(by="bob")))
    offer = side.pipeline.offers["p1"]
    assert offer.submitter.id == "U0BOB"
    assert not offer.submitter.is_agent
    assert offer.text.decode() == PATCH
    await side.card()


async def test_what_was_wrong_stands_above_what_was_typed(side: PatchSide) -> None:
    await side.slack.type("/ghost patch", by="bob")
    await side.slack.until(lambda _: side.slack.modal(by="bob"))
    await side.slack.submit({"text": {"text": "please fix it"}}, by="bob")
    await side.slack.until(lambda _: "no such lines" in str(side.slack.modal(by="bob")))
    view: dict[str, Any] = side.slack.modal(by="bob")
    assert view["state"]["values"]["text"]["text"]["value"] == "please fix it"
    await side.slack.submit({"text": {"text": PATCH}}, by="bob")
    await side.slack.until(lambda _: "waits for approval" in str(side.slack.modal(by="bob")))


async def test_without_a_root_people_are_told_what_to_write() -> None:
    async with patch_side(FakePipeline(roots=())) as side:
        await side.slack.type("/ghost patch", by="bob")
        await side.private("[root.NAME]", by="bob")


async def test_a_mention_gets_a_button_for_the_form(side: PatchSide) -> None:
    await side.slack.type("@ghost patch", by="bob")
    told = await side.private("Press to write a patch", by="bob")
    await side.slack.press(told["ts"], "ghost_patch_open", by="bob")
    await side.slack.until(lambda _: side.slack.modal(by="bob"))


async def test_a_listed_persons_commands_still_work() -> None:
    async with patch_side(listed=("U0BOB",)) as side:
        await side.slack.type("help", channel="dm", by="bob")
        await until(lambda: side.slack.messages(channel="dm", seen_by="bob")[1:])


async def test_what_was_posted_while_nobody_listened_is_taken_once(
    side: PatchSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(lambda: "patches:heard" in side.side.posts.rows)
    # no event reaches Ghost, as after a long outage
    monkeypatch.setattr(side.slack._world.events, "posted", lambda _: None)
    ts = side.slack.post(channel="#patches", by="robot", text=FENCED)
    side.slack.post(channel="#patches", by="robot", text="just talk")
    await side.card()
    assert side.pipeline.offers["p1"].key == f"C0PATCHES:{ts}"
    await until(lambda: float(side.side.posts.rows["patches:heard"][1]) > float(ts))
    assert len(side.pipeline.offers) == 1


async def test_a_longer_patch_is_sent_as_a_file_of_the_form(side: PatchSide) -> None:
    ts = side.slack.share(("long.patch", PATCH.encode() + b"\n" * 5_000), by="bob")
    (message,) = [m for m in side.slack.messages(seen_by="bob") if m["ts"] == ts]
    await side.slack.type("/ghost patch", by="bob")
    await side.slack.until(lambda _: side.slack.modal(by="bob"))
    assert not await side.slack.submit({"file": {"file": message["files"]}}, by="bob")
    await side.slack.until(lambda _: "waits for approval" in str(side.slack.modal(by="bob")))
    assert len(side.pipeline.offers["p1"].text) > 5_000


async def test_a_file_that_is_too_long_is_not_read(side: PatchSide) -> None:
    ts = side.slack.post(
        channel="#patches", by="robot", text="Here", files=[("big.patch", b"x" * 1_100_000)]
    )
    said = await side.thread(ts, "it has more than 1,048,576 bytes")
    assert '"status": "refused"' in str(said)

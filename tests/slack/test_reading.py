"""What a message of Slack says, from its rich text."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ghostbot.slack.reading import FileRef, looks_like_a_patch, said

V4A = """*** Begin Patch
*** Update File: a.py
@@
-if a < b & c:
+if a > b && c:  # see https://example.com/x :tada: <@U0BOB>
*** End Patch
"""


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def section(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(parts)}


def fence(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_preformatted", "elements": list(parts)}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def test_the_rich_text_is_read_and_not_the_escaped_text() -> None:
    head, tail = V4A.split("https://example.com/x")
    before, after = tail.split(":tada:")
    body = (
        text(head),
        {"type": "link", "url": "https://example.com/x"},
        text(before),
        {"type": "emoji", "name": "tada"},
        text(after.rstrip("\n")),
    )
    blocks = [rich(section(text("Compare right:\n")), fence(*body))]
    message = {"text": "Compare right:\n```if a &lt; b &amp; c```", "blocks": blocks}
    assert said(message).text == V4A
    assert said(message).title == "Compare right:"


def test_links_and_mentions_are_told_as_they_were_typed() -> None:
    parts = (
        text("see "),
        {"type": "link", "url": "http://a.b/c", "text": "a.b/c"},
        text(" "),
        {"type": "user", "user_id": "U0BOB"},
        {"type": "channel", "channel_id": "C1"},
        {"type": "usergroup", "usergroup_id": "S1"},
        {"type": "broadcast", "range": "here"},
        {"type": "color", "value": "#fff"},
        {"type": "date", "timestamp": 1, "fallback": "then"},
    )
    told = said({"blocks": [rich(section(*parts))]}).text
    assert told == "see a.b/c <@U0BOB><#C1><!subteam^S1>@here#ffthen\n".replace("#ff", "#fff")


def test_without_blocks_the_text_is_unescaped() -> None:
    held = said({"text": "```\n-a &lt; b\n+<https://x.y|x.y> &amp;&amp;\n```"})
    assert held.text == "-a < b\n+x.y &&\n"


def test_slacks_own_fence_may_stand_within_a_line() -> None:
    assert said({"text": "do ```diff --git a/x b/x``` now"}).text == "diff --git a/x b/x\n"


def test_several_fences_of_patches_are_kept_apart_and_logs_are_left_out() -> None:
    one, two = "diff --git a/x b/x\n-1\n+2", "diff --git a/y b/y\n-```\n+2"
    blocks = [
        rich(fence(text(one)), section(text("and")), fence(text("Traceback")), fence(text(two)))
    ]
    told = said({"blocks": blocks}).text
    assert told == f"```\n{one}\n```\n````\n{two}\n````\n"


def test_a_section_and_an_attachment_of_a_program_are_read() -> None:
    section_block = {"type": "section", "text": {"type": "mrkdwn", "text": "```a &lt; b```"}}
    assert said({"attachments": [{"blocks": [section_block]}], "text": "x"}).text == "a < b\n"
    markdown = {"type": "markdown", "text": "Do it\n```diff\n-a\n+b\n```\n"}
    assert said({"blocks": [markdown]}).text == "-a\n+b\n"


def test_text_files_are_told_and_pictures_are_not() -> None:
    files = [
        {"id": "F1", "name": "fix.diff", "mimetype": "text/plain", "size": 3, "mode": "hosted"},
        {"id": "F2", "name": "a.png", "mimetype": "image/png", "size": 3},
        {"id": "F3", "name": "gone", "mode": "tombstone"},
        {"id": "F4", "title": "Untitled", "mode": "snippet", "mimetype": "text/x-diff"},
    ]
    held = said({"text": "Fix it", "files": files})
    assert held.files == (FileRef("F1", "fix.diff", 3), FileRef("F4", "Untitled", 0))
    assert held.title == "Fix it"


@pytest.mark.parametrize(
    ("words", "is_one"),
    [
        (V4A, True),
        ("diff --git a/x b/x\n", True),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n", True),
        ("x.py\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n", True),
        ('{"path": "a", "old_string": "x", "new_string": "y"}', True),
        ('[{"patch": {"pattern": "a"}}]', True),
        ('{"status": "done", "code": 0}', False),
        ("I have finished the task --- see above", False),
        ("--- \nwe could say more", False),
        ("", False),
    ],
)
def test_talk_is_told_from_patches(words: str, is_one: bool) -> None:
    assert looks_like_a_patch(words) is is_one


def test_an_empty_message_says_nothing() -> None:
    assert said({}).text == ""
    assert said({"blocks": [rich(fence())], "text": ""}).text == ""


@pytest.mark.alone
@pytest.mark.parametrize("words", ["--- " + "a" * 1_000_000 + "\nx", "```a\n" * 8_000])
def test_what_was_made_to_be_slow_is_read_in_a_moment(words: str) -> None:
    began = time.perf_counter()
    found = said({"text": words})
    assert found.looks_like_a_patch is False
    assert time.perf_counter() - began < 1.0

"""Files and snippets: who may bring them, who may read them, and how many are kept."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.errors import BadRequest
from ghostbot.playground import Playground, cabinet
from ghostbot.playground.cabinet import Cabinet

PATCH = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n" * 100


@pytest.fixture
def manifest(manifest: dict[str, Any]) -> dict[str, Any]:
    manifest["oauth_config"]["scopes"]["bot"] += ["files:read"]
    manifest["settings"]["event_subscriptions"]["bot_events"] += ["file_shared"]
    return manifest


@pytest.fixture
def fetch(playground: Playground, http: aiohttp.ClientSession) -> Any:
    async def get(url: str, token: str | None = None) -> tuple[int, str, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with http.get(url, headers=headers) as answer:
            return answer.status, answer.content_type, await answer.text()

    return get


async def test_a_person_shares_a_snippet_and_the_app_reads_all_of_it(
    playground: Playground, slack: AsyncWebClient, listening: Any, fetch: Any
) -> None:
    async with listening() as app:
        playground.share(("fix.patch", PATCH.encode()), text="please", by="bob")
        events = [(await app.next("events_api"))["payload"]["event"] for _ in range(2)]
    found = {event["type"]: event for event in events}
    message, [file] = found["message"], found["message"]["files"]
    assert (message["subtype"], message["user"]) == ("file_share", "U0BOB")
    assert found["file_shared"]["file_id"] == file["id"]
    assert (file["mode"], file["filetype"], file["preview_is_truncated"]) == (
        *("snippet", "diff"),
        True,
    )
    assert len(file["preview"]) < len(PATCH)
    url = file["url_private_download"]
    assert await fetch(url, playground.bot_token) == (200, "application/octet-stream", PATCH)
    told = await slack.files_info(file=file["id"])
    assert told["content"] == PATCH
    assert told["file"]["channels"] == ["C0ALERTS"]


async def test_without_the_token_there_is_a_page_to_sign_in_at(
    playground: Playground, fetch: Any
) -> None:
    playground.share(("fix.patch", b"words"))
    [file] = playground.messages()[0]["files"]
    for token in (None, "xoxb-made-up"):
        status, kind, text = await fetch(file["url_private"], token)
        assert (status, kind) == (200, "text/html")
        assert "words" not in text


async def test_a_file_of_a_channel_the_app_is_not_in_is_not_there(
    playground: Playground, slack: AsyncWebClient, fetch: Any, refusal: Any
) -> None:
    playground.share(("fix.patch", b"words"), channel="random")
    [file] = playground.messages(channel="random")[0]["files"]
    assert (await refusal(slack.files_info(file=file["id"])))["error"] == "file_not_found"
    assert (await fetch(file["url_private"], playground.bot_token))[0] == 404


async def test_in_a_shared_channel_the_app_has_to_ask_for_a_file(
    playground: Playground, slack: AsyncWebClient, listening: Any
) -> None:
    async with listening() as app:
        playground.share(("fix.patch", b"words"), by="erin", channel="partners")
        payload = (await app.next("events_api"))["payload"]
    event = payload["event"]
    assert payload["is_ext_shared_channel"]
    assert (event["user_team"], event["team"]) == ("T0PARTNER", "T0PARTNER")
    assert event["files"][0]["file_access"] == "check_file_info"
    assert "url_private" not in event["files"][0]
    assert (await slack.files_info(file=event["files"][0]["id"]))["content"] == "words"


async def test_bytes_are_no_snippet(playground: Playground, slack: AsyncWebClient) -> None:
    playground.share(("core.bin", b"\0\1\2"))
    [file] = playground.messages()[0]["files"]
    assert (file["mode"], file["editable"]) == ("hosted", False)
    assert "preview" not in file
    assert "content" not in (await slack.files_info(file=file["id"])).data


async def test_an_empty_file_is_refused(playground: Playground) -> None:
    with pytest.raises(BadRequest, match="0 bytes"):
        playground.share(("empty", b""))


async def test_the_app_deletes_its_own_files_alone(
    playground: Playground, slack: AsyncWebClient, refusal: Any
) -> None:
    playground.share(("hers.txt", b"hers"))
    await slack.files_upload_v2(content="mine", filename="mine.txt", channel="C0ALERTS")
    hers, mine = (m["files"][0]["id"] for m in playground.messages())
    assert (await refusal(slack.files_delete(file=hers)))["error"] == "cant_delete_file"
    await slack.files_delete(file=mine)
    assert [f["id"] for f in (await slack.files_list())["files"]] == [hers]


async def test_the_length_that_was_announced_is_what_must_come(
    playground: Playground, slack: AsyncWebClient, http: aiohttp.ClientSession, refusal: Any
) -> None:
    asked = await slack.files_getUploadURLExternal(filename="a.txt", length=5)
    async with http.post(asked["upload_url"], data=b"four") as answer:
        assert (answer.status, await answer.text()) == (400, "length_mismatch")
    done = slack.files_completeUploadExternal(files=[{"id": asked["file_id"], "title": "t"}])
    assert (await refusal(done))["error"] == "file_not_found"
    assert playground.messages() == []


def test_the_oldest_files_go_when_there_are_too_many() -> None:
    kept = Cabinet(lambda: 0.0)
    _, first = kept.announce("first", 1, "U1")
    secret, _ = kept.announce("second", 1, "U1")
    for number in range(cabinet.MOST_FILES):
        kept.announce(str(number), 1, "U1")
    assert len(kept) == cabinet.MOST_FILES
    assert kept.find(first.id) is None
    assert kept.door(secret) is None


def test_the_oldest_files_go_when_they_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cabinet, "MOST_KEPT", 10)
    kept = Cabinet(lambda: 0.0)
    files = [kept.announce(name, 6, "U1")[1] for name in "ab"]
    for file in files:
        kept.receive(file, b"x" * 6)
    assert [file.name for file in kept] == ["b"]

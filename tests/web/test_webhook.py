"""Webhooks: who is believed, what is taken, and what is answered, at a real door."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from ghostbot import veil
from ghostbot.config.model import Scheme
from ghostbot.core.bucket import Rate
from ghostbot.web import sent
from ghostbot.web.gate import Gate
from tests.fakes.deliveries import DIFF, JSON, SECRET, Town, open_town, sign, source
from tests.fakes.doors import exchange, request
from tests.fakes.pipelines import ADA, GREET, HELLO, HERE, RISKY

REGEX = {
    "id": "greet-1",
    "role": "ui_patch",
    "target_file": "greet.py",
    "patch": {"pattern": 'return "hi"', "replacement": 'return "hello"'},
}
TYPES = (DIFF, "text/x-patch", "text/plain", "text/plain; charset=utf-8", JSON)


@pytest.fixture(autouse=True)
def _nothing_is_hidden_later() -> AsyncIterator[None]:  # type: ignore[misc]
    before = veil._Hiding.veil
    yield  # type: ignore[misc]
    veil.hide_with(before)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("name", ["gpt", "hub", "std"])
async def test_a_signed_patch_becomes_a_proposal_of_its_source(town: Town, name: str) -> None:
    given = await town.send(name=name)
    assert given.status == 202, given.body
    told = given.json
    assert (told["status"], told["root"], told["over"]) == ("awaiting_approval", "app", False)
    assert told["submitter"] == {
        "id": f"webhook:{name}",
        "name": name,
        "way": "webhook",
        "is_agent": True,
    }
    assert [file["path"] for file in told["files"]] == ["greet.py"]
    assert town.shop.read() == GREET


async def test_the_public_door_takes_the_same(town: Town) -> None:
    given = await town.send(public=True)
    assert given.status == 202
    again = await town.send()
    assert (again.status, again.json["id"]) == (200, given.json["id"])


async def test_json_of_the_system_before_ghost_is_taken_and_its_id_is_the_key(town: Town) -> None:
    first = await town.send(REGEX, kind=JSON)
    assert (first.status, first.json["title"]) == (202, "greet-1")
    again = await town.send(REGEX, kind=JSON)
    assert (again.status, again.json["id"]) == (200, first.json["id"])
    other = await town.send(REGEX | {"patch": {"pattern": "hi", "replacement": "ho"}}, kind=JSON)
    assert (other.status, other.code) == (409, "key_taken")


async def test_without_a_word_the_same_bytes_are_the_same_patch(town: Town) -> None:
    first, again = await town.send(), await town.send()
    assert (first.status, again.status) == (202, 200)
    assert first.json["id"] == again.json["id"]


async def test_fifty_deliveries_of_one_at_once_are_one_proposal(town: Town) -> None:
    given = await asyncio.gather(*(town.send(key="k1", name="hub") for _ in range(50)))
    assert Counter(one.status for one in given) == {202: 1, 200: 49}
    assert len({one.json["id"] for one in given}) == 1
    assert {one.json["status"] for one in given} == {"awaiting_approval"}
    assert len(await town.pipeline.find()) == 1


async def test_one_key_and_another_body_is_409(town: Town) -> None:
    assert (await town.send(key="k1")).status == 202
    other = await town.send(HELLO.replace("hello", "hallo"), key="k1")
    assert (other.status, other.code) == (409, "key_taken")


async def test_another_source_has_keys_of_its_own(town: Town) -> None:
    assert (await town.send(key="k1")).status == 202
    assert (await town.send(name="hub", key="k1")).status == 202


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("gpt", {"Authorization": ""}),
        ("gpt", {"Authorization": "Bearer"}),
        ("gpt", {"Authorization": "Bearer "}),
        ("gpt", {"Authorization": "Bearer wrong"}),
        ("gpt", {"Authorization": "Bearer ö€"}),
        ("gpt", {"Authorization": "Basic Z2hvc3Q6Z2hvc3Q="}),
        ("gpt", {"Authorization": f"Bearer {SECRET}"}),
        ("hub", {"X-Hub-Signature-256": ""}),
        ("hub", {"X-Hub-Signature-256": "sha256="}),
        ("hub", {"X-Hub-Signature-256": "sha256=zz"}),
        ("hub", {"X-Hub-Signature-256": "sha1=" + "0" * 40}),
        ("hub", {"X-Hub-Signature-256": "sha256=" + "0" * 64}),
        ("hub", {"X-Hub-Signature-256": "sha256=" + "ö" * 64}),
        ("hub", {"X-Hub-Signature-256": "sha256=" + "0" * 63 + "\u0660"}),
        ("std", {"webhook-id": ""}),
        ("std", {"webhook-id": "other"}),
        ("std", {"webhook-id": "a b"}),
        ("std", {"webhook-timestamp": ""}),
        ("std", {"webhook-timestamp": "now"}),
        ("std", {"webhook-timestamp": "-1"}),
        ("std", {"webhook-timestamp": "1e9"}),
        ("std", {"webhook-timestamp": "9" * 400}),
        ("std", {"webhook-timestamp": "\u0661\u0662"}),
        ("std", {"webhook-signature": ""}),
        ("std", {"webhook-signature": "v1"}),
        ("std", {"webhook-signature": "v1,"}),
        ("std", {"webhook-signature": "v1,===="}),
        ("std", {"webhook-signature": "v1,ö"}),
        ("std", {"webhook-signature": "v1,\x80\xff"}),
        ("std", {"webhook-signature": "v2," + "A" * 44}),
        ("std", {"webhook-signature": ",,, ,"}),
        ("std", {"webhook-signature": "v1,AAAA " * 400}),
    ],
)
async def test_a_wrong_or_broken_proof_is_401_and_never_an_error(
    town: Town, name: str, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    given = await town.send(name=name, **headers)
    assert (given.status, given.code) == (401, "bad_signature"), given.body
    assert given.headers["www-authenticate"] == 'Bearer realm="ghost"'
    assert await town.pipeline.find() == []
    assert SECRET not in caplog.text


async def test_a_header_that_comes_twice_proves_nothing(town: Town) -> None:
    good = town.signed("gpt", b"x")["Authorization"]
    said = request("POST /webhook/gpt", b"x", {"Content-Type": DIFF, "Authorization": good})
    doubled = said.replace(b"\r\n\r\n", f"\r\nAuthorization: {good}\r\n\r\n".encode(), 1)
    given = await exchange(await town.knock(), doubled)
    assert given.status in {400, 401}


async def test_who_is_not_there_who_has_no_secret_and_who_is_wrong_are_one_answer(
    town: Town, tmp_path: Path
) -> None:
    town.sources["mute"] = source("mute")
    headers = {"Content-Type": DIFF, "Authorization": "Bearer wrong"}
    given = [
        await town.post(f"POST /webhook/{name}", b"x", headers)
        for name in ("gpt", "nobody", "mute", "%00", "..%2fgpt")
    ]
    assert {one.status for one in given} == {401}
    assert len({one.body for one in given}) == 1
    assert len({frozenset(one.headers) for one in given}) == 1
    await town.post("POST /webhook", b"x", headers)
    (tmp_path / ".env").write_text(f"GHOST_MUTE={SECRET}\n")
    right = {"Content-Type": DIFF, "Authorization": f"Bearer {SECRET}"}
    assert (await town.post("POST /webhook/mute", HELLO.encode(), right)).status == 202


async def test_without_a_name_the_only_source_is_meant(tmp_path: Path) -> None:
    async with open_town(tmp_path, source()) as town:
        assert (await town.send(at="/webhook")).status == 202
        town.sources["hub"] = source("hub", Scheme.GITHUB)
        assert (await town.send(at="/webhook")).status == 401


async def test_a_secret_is_changed_without_a_pause(town: Town) -> None:
    town.set("gpt", secret_env=("GHOST_NEW", "GHOST_GPT"))
    town.environ["GHOST_NEW"] = "another word, of sixteen letters"
    old = {"Authorization": f"Bearer {town.environ['GHOST_GPT']}"}
    assert (await town.send(**old)).status == 202
    assert (await town.send()).status == 200
    town.set("gpt", secret_env=("GHOST_NEW",))
    assert (await town.send(**old)).status == 401


async def test_a_delivery_that_is_changed_on_its_way_is_not_believed(town: Town) -> None:
    for name in ("hub", "std"):
        signed = town.signed(name, HELLO.encode())
        forged = HELLO.replace("hello", "evil").encode()
        given = await town.post(f"POST /webhook/{name}", forged, {"Content-Type": DIFF, **signed})
        assert given.status == 401


async def test_a_timestamp_may_be_five_minutes_off_and_no_more(town: Town) -> None:
    for off_s, status in ((-298, 202), (298, 200), (-302, 401), (302, 401), (86_400, 401)):
        headers = sign(
            Scheme.STANDARD, town.environ["GHOST_STD"], HELLO.encode(), id="m1",
            at=f"{time.time() + off_s:.0f}",
        )  # fmt: skip
        given = await town.post(
            "POST /webhook/std", HELLO.encode(), {"Content-Type": DIFF, **headers}
        )
        assert given.status == status, off_s


async def test_a_delivery_that_was_caught_is_no_second_patch_under_another_key(town: Town) -> None:
    headers = {"Content-Type": DIFF, **town.signed("std", HELLO.encode())}
    assert (await town.post("POST /webhook/std", HELLO.encode(), headers)).status == 202
    assert (await town.post("POST /webhook/std", HELLO.encode(), headers)).status == 200
    caught = headers | {"Idempotency-Key": "another"}
    given = await town.post("POST /webhook/std", HELLO.encode(), caught)
    assert (given.status, given.json["id"]) == (200, "p1")
    town.ahead_s = 700
    stale = await town.post("POST /webhook/std", HELLO.encode(), caught)
    assert stale.status == 401
    assert len(await town.pipeline.find()) == 1


async def test_an_id_with_a_dot_could_be_read_in_two_ways_and_proves_nothing(town: Town) -> None:
    headers = sign(Scheme.STANDARD, town.environ["GHOST_STD"], HELLO.encode(), id="m.1")
    given = await town.post("POST /webhook/std", HELLO.encode(), {"Content-Type": DIFF, **headers})
    assert given.status == 401


async def test_githubs_ping_is_answered_and_its_delivery_is_the_key(town: Town) -> None:
    ping = await town.send({"zen": "Design for failure."}, "hub", JSON, X_GitHub_Event="ping")
    assert (ping.status, ping.json["said"]) == (200, "pong: hub may send patches")
    first = await town.send(name="hub", X_GitHub_Delivery="d-1")
    again = await town.send(name="hub", X_GitHub_Delivery="d-1")
    assert (first.status, again.status) == (202, 200)
    assert (await town.send(RISKY, "hub", X_GitHub_Delivery="d-1")).status == 409
    forged = await town.send({}, "hub", JSON, X_GitHub_Event="ping", X_Hub_Signature_256="sha256=")
    assert forged.status == 401


@pytest.mark.parametrize("kind", TYPES)
async def test_what_is_said_to_be_text_or_json_is_read(town: Town, kind: str) -> None:
    body: object = REGEX if kind == JSON else HELLO
    assert (await town.send(body, kind=kind)).status == 202


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/html",
        "text/plain; charset=latin-1",
        "application/octet-stream",
        "x",
    ],
)
async def test_any_other_content_type_is_415(town: Town, kind: str) -> None:
    given = await town.send(kind=kind)
    assert (given.status, given.code) == (415, "unsupported_type")


async def test_nothing_is_unpacked(town: Town) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < sent.BODY_BYTES
    for packed in ("gzip", "deflate", "br", "gzip, identity"):
        given = await town.send(bomb, Content_Encoding=packed, public=True)
        assert (given.status, given.code) == (415, "unsupported_type")
    assert (await town.send(Content_Encoding="identity")).status == 202


async def test_a_byte_too_many_is_413_whether_its_length_was_told_or_not(town: Town) -> None:
    body = HELLO.encode() + b"#" * (sent.BODY_BYTES - len(HELLO))
    whole = await town.send(body)
    assert (whole.status, whole.code) == (422, "too_large")  # over 1 MiB, and read
    assert (await town.send(body + b"#")).status == 413
    reader, writer = await town.knock()
    head = {"Content-Type": DIFF, "Transfer-Encoding": "chunked", **town.signed("gpt", body)}
    lines = [f"{name}: {value}" for name, value in head.items()]
    writer.write("\r\n".join(["POST /webhook/gpt HTTP/1.1", "Host: x", *lines, "", ""]).encode())
    with suppress(ConnectionError):  # the door need not hear it to its end
        for _ in range(40):  # 2.5 MiB, and no end
            writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
            await writer.drain()
    async with asyncio.timeout(10):
        assert b" 413 " in await reader.readline()
    writer.close()


async def test_a_body_in_chunks_is_taken(town: Town) -> None:
    body = HELLO.encode()
    head = {"Content-Type": DIFF, "Transfer-Encoding": "chunked", **town.signed("hub", body)}
    lines = [f"{name}: {value}" for name, value in head.items()]
    said = "\r\n".join(
        ["POST /webhook/hub HTTP/1.1", "Host: x", "Connection: close", *lines, "", ""]
    )
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[n : n + 1]) for n in range(len(body)))
    given = await exchange(await town.knock(), said.encode() + chunks + b"0\r\n\r\n")
    assert given.status == 202


async def test_a_body_that_breaks_off_is_400_or_nothing_and_no_patch(town: Town) -> None:
    head = {"Content-Type": DIFF, "Transfer-Encoding": "chunked", **town.signed("gpt", b"")}
    lines = [f"{name}: {value}" for name, value in head.items()]
    said = "\r\n".join(["POST /webhook/gpt HTTP/1.1", "Host: x", *lines, "", ""])
    for rest in (b"zz\r\n", b"5\r\nabc", b"ffffffffffffffff\r\nx"):
        reader, writer = await town.knock()
        writer.write(said.encode() + rest)
        writer.write_eof()
        answer = await reader.read()
        assert not answer or b" 400 " in answer.split(b"\r\n")[0]
        writer.close()
    assert await town.pipeline.find() == []


async def test_a_body_that_comes_too_slowly_is_408(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent, "WAIT_S", 0.05)
    head = {"Content-Type": DIFF, **town.signed("gpt", HELLO.encode())}
    given = await exchange(
        await town.knock(), request("POST /webhook/gpt", HELLO.encode(), head)[:-1]
    )
    assert (given.status, given.code) == (408, "too_slow")


async def test_deliveries_beyond_the_rate_of_a_source_are_429_with_a_time(town: Town) -> None:
    town.set("gpt", rate=Rate(2, 60.0))
    given = [await town.send(key=f"k{n}") for n in range(3)]
    assert [one.status for one in given] == [202, 202, 429]
    assert given[2].code == "too_often"
    assert 1 <= int(given[2].headers["retry-after"]) <= 30
    assert (await town.send(name="hub")).status == 202


async def test_wrong_knocks_are_429_in_time_and_keep_nobody_else_out(town: Town) -> None:
    town.set("gpt", rate=Rate(2, 60.0))
    town.webhooks._gate = Gate(lambda: 1_000.0)  # in which no time passes
    given = [await town.send(Authorization="Bearer wrong") for _ in range(61)]
    assert Counter(one.status for one in given) == {401: 60, 429: 1}
    assert (await town.send(name="hub")).status == 202


async def test_a_few_wrong_knocks_do_not_use_up_what_the_source_itself_may(town: Town) -> None:
    town.set("gpt", rate=Rate(1, 3600.0))
    for _ in range(20):
        assert (await town.send(Authorization="Bearer wrong")).status == 401
    assert (await town.send()).status == 202


async def test_more_than_may_wait_are_429(town: Town) -> None:
    town.set("gpt", pending=2)
    given = [await town.send(key=f"k{n}") for n in range(3)]
    assert [one.status for one in given] == [202, 202, 429]
    assert given[2].code == "too_many_pending"
    assert given[2].headers["retry-after"] == "60"


async def test_a_dry_run_shows_the_diff_and_keeps_nothing(town: Town) -> None:
    given = await town.send(at="/webhook/gpt?dry_run=true")
    assert given.status == 200
    assert given.json["id"] is None
    assert '+    return "hello"' in given.json["diff"]
    assert await town.pipeline.find() == []
    bad = await town.send(HELLO.replace('"hi"', '"ho"'), at="/webhook/gpt?dry_run=true")
    assert (bad.status, bad.code) == (422, "no_match")


@pytest.mark.parametrize(
    ("body", "kind", "code", "said"),
    [
        ("", DIFF, "empty", "it holds nothing"),
        ("please do it", DIFF, "prose", "words"),
        ('{"id": 1,', JSON, "invalid_json", "line 1, column 10"),
        (b"\xff\xfe{", JSON, "binary", "UTF-16"),
        ("[" * 100_000, JSON, "invalid_json", "deep"),
        ({"test": "webhook"}, JSON, "unknown_format", "`patch` is missing"),
        ({"text": "all is well"}, JSON, "unknown_format", "`patch` is missing"),
        ({"id": "x", "text": "all is well"}, JSON, "unknown_format", "`patch` is missing"),
        ({}, JSON, "unknown_format", "`patch` is missing"),
        ({**REGEX, "patch": {"test": "data"}}, JSON, "unknown_format", "`patch.pattern`"),
        ({"role": "r", "patch": REGEX["patch"]}, JSON, "unknown_format", "`target_file`"),
        ({k: REGEX[k] for k in REGEX if k != "role"}, JSON, "unknown_format", "`role` is"),
        ({**REGEX, "patch": {"pattern": "x"}}, JSON, "unknown_format", "`patch.replacement` is"),
        ({**REGEX, "patch": "rm -rf /"}, JSON, "shell_refused", "commands are not run"),
        ({**REGEX, "patch": "It is all done."}, JSON, "prose", "`patch` is words"),
        ({"id": "s1", "content": "# Done\n**Status**: PASS"}, JSON, "no_summaries", "summary"),
        ({**REGEX, "target_file": "../x"}, JSON, "outside_root", ""),
        ({**REGEX, "target_file": ".env"}, JSON, "protected_path", ""),
    ],
)  # fmt: skip
async def test_what_cannot_be_applied_is_422_with_its_code_and_place(
    town: Town, body: object, kind: str, code: str, said: str
) -> None:
    given = await town.send(body, kind=kind)
    assert (given.status, given.code) == (422, code), given.body
    assert said in given.json["error"]["message"]
    assert given.json["status"] in {"failed", "rejected"}
    assert set(given.json["where"] or {"path", "line", "column"}) == {"path", "line", "column"}
    again = await town.send(body, kind=kind)
    assert (again.status, again.code) == (422, code)


async def test_a_source_reaches_its_own_roots_paths_and_formats_alone(town: Town) -> None:
    town.set("gpt", roots=("app",))
    given = await town.send(at="/webhook/gpt?root=other", key="a")
    assert (given.status, given.code) == (404, "no_such_root")
    assert (await town.send({**REGEX, "root": "other"}, kind=JSON)).status == 404
    town.set("gpt", paths=("docs/**",))
    assert (await town.send(key="b")).status == 422
    town.set("gpt", paths=("*.py",), formats=("v4a",))
    assert (await town.send(key="c")).status == 422
    town.set("gpt", formats=("diff",))
    assert (await town.send(at="/webhook/gpt?root=app&format=diff", key="d")).status == 202


async def test_commands_are_left_out_where_the_source_is_set_so(town: Town) -> None:
    shell = {**REGEX, "validate": {"shell": ["rm -rf /"]}}
    assert (await town.send(shell, kind=JSON, key="a")).code == "shell_refused"
    town.set("gpt", shell_policy="ignore")
    given = await town.send(shell, kind=JSON, key="b")
    assert given.status == 202
    assert any("validate" in line for line in given.json["skipped"])


async def test_a_query_or_a_key_that_makes_no_sense_is_400(town: Town) -> None:
    for at in ("?rot=app", "?dry_run=maybe", "?root=a&root=b"):
        assert (await town.send(at=f"/webhook/gpt{at}")).status == 400
    for key in ("x" * 201, "a\tb"):
        assert (await town.send(key=key)).status == 400
    assert await town.pipeline.find() == []


async def test_its_source_hears_what_became_of_it_and_waits_for_it(town: Town) -> None:
    sent_ = (await town.send()).json
    now = await town.outcome(sent_["id"])
    assert (now.status, now.json["status"]) == (200, "awaiting_approval")
    waiting = asyncio.create_task(town.outcome(sent_["id"], "30"))
    await town.pipeline.approve(sent_["id"], HERE, sent_["plan_digest"])
    async with asyncio.timeout(10):
        told = (await waiting).json
    assert (told["status"], told["over"]) == ("applied", True)
    assert town.shop.read() == GREET.replace("hi", "hello")


@pytest.mark.parametrize("by", ["hub", "std"])
async def test_no_other_source_hears_of_it_and_nobody_without_a_proof(town: Town, by: str) -> None:
    name = (await town.send()).json["id"]
    other = await town.outcome(name, by=by)
    assert (other.status, other.code) == (404, "no_such_patch")
    assert (await town.outcome("p999")).status == 404
    stranger = await town.post(f"GET /webhook/gpt/{name}", None, {})
    assert stranger.status == 401
    forged = await town.post(f"GET /webhook/gpt/{name}", None, {"Authorization": "Bearer wrong"})
    assert forged.status == 401


async def test_a_rejected_one_is_told_with_the_words_of_who_said_no(town: Town) -> None:
    sent_ = (await town.send()).json
    await town.pipeline.reject(sent_["id"], ADA, sent_["plan_digest"], "not today")
    told = (await town.outcome(sent_["id"], "5")).json
    assert told["status"] == "rejected"
    assert told["denial"]["name"] == "Ada"
    assert "not today" in json.dumps(told)


async def test_nothing_that_proves_anything_is_logged(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for name in ("gpt", "hub", "std"):
        await town.send(name=name, key=f"k-{name}")
        await town.send(name=name, Authorization="Bearer guessed-it", X_Hub_Signature_256="guess")
    said = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert "delivery source=gpt" in said
    for word in (*town.environ.values(), "guessed-it", "sha256=0", "whsec_"):
        assert word not in said
    assert base64.b64encode(b"twenty-four bytes or more").decode() not in said


async def test_a_secret_that_a_patch_would_show_is_hidden_in_what_is_answered(town: Town) -> None:
    secret = town.environ["GHOST_GPT"]
    given = await town.send({**REGEX, "title": f"see {secret}"}, kind=JSON)
    assert given.status == 202
    assert secret.encode() not in given.body


async def test_a_summary_is_kept_where_there_is_a_place_for_it(tmp_path: Path) -> None:
    async with open_town(tmp_path, summing=True) as town:
        body = {"id": "../s1", "content": "# Done\n\n**Status**: PASS\n\n❌ one thing"}
        looked = await town.send(body, kind=JSON, at="/webhook/gpt?dry_run=true")
        assert (looked.status, looked.json["id"]) == (200, None)
        first = await town.send(body, kind=JSON)
        assert first.status == 202
        told = first.json
        assert (told["status"], told["verdict"], told["disputed"]) == ("summary", "pass", True)
        assert told["id"].startswith("s1-")
        assert (tmp_path / "summaries" / told["id"]).read_text() == body["content"]
        again = await town.send(body, kind=JSON)
        assert (again.status, again.json["id"]) == (200, told["id"])
        assert await town.pipeline.find() == []
        both = await town.send({**REGEX, "content": "# Done"}, kind=JSON)
        assert (both.status, both.json["status"]) == (202, "awaiting_approval")

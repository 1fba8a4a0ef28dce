"""Patches over HTTP: what was proposed, and the yes or no of whoever sits at this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ghostbot.config.model import WatchTable
from ghostbot.web.token import token
from tests.fakes.deliveries import DIFF, Town, open_town
from tests.fakes.doors import Answer
from tests.fakes.pipelines import ADA, GREET, HELLO, RISKY

AS_DIFF = {"Content-Type": DIFF}


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path) as opened:
        yield opened


async def propose(town: Town, text: str = HELLO, at: str = "/api/patches", **more: str) -> Answer:
    return await town.asked.ask(f"POST {at}", text.encode(), **AS_DIFF, **more)


async def test_a_patch_is_proposed_shown_and_listed(town: Town) -> None:
    made = await propose(town, at="/api/patches?root=app&title=Greet&format=diff")
    assert made.status == 202
    p = made.json
    assert (p["status"], p["title"], p["format"]) == ("awaiting_approval", "Greet", "diff")
    assert p["submitter"]["id"].startswith("local:")
    assert p["submitter"]["way"] == "cli"
    one = await town.asked.ask(f"GET /api/patches/{p['id']}?diff=true")
    assert '+    return "hello"' in one.json.pop("diff")
    assert one.json | {"diff": 0} == p | {"diff": 0}
    listed = await town.asked.ask("GET /api/patches?status=awaiting_approval&root=app&limit=5")
    assert [found["id"] for found in listed.json["patches"]] == [p["id"]]
    assert (await town.asked.ask("GET /api/patches?status=applied")).json["patches"] == []


async def test_the_keys_that_programs_rely_on_are_all_there(town: Town) -> None:
    p = (await propose(town)).json
    promised = {"id", "status", "reason", "where", "root", "format", "risk", "needs", "approvals"}
    assert promised | {"expires_at", "plan_digest", "files"} <= p.keys()
    assert {"path", "op", "tier"} <= p["files"][0].keys()
    assert p["plan_digest"].startswith("sha256:")
    assert p["expires_at"].endswith("Z")


async def test_the_private_door_takes_it_with_the_token_and_not_without(town: Town) -> None:
    assert (await town.post("POST /api/patches", HELLO.encode(), AS_DIFF)).status == 401
    bearer = {"Authorization": f"Bearer {token(town.asked.state_dir)}"}
    made = await town.post("POST /api/patches", HELLO.encode(), AS_DIFF | bearer)
    assert (made.status, made.json["submitter"]["way"]) == (202, "http")


async def test_the_old_name_of_the_route_is_the_same(town: Town) -> None:
    made = (await propose(town, at="/patch")).json
    assert (await town.asked.ask("GET /patch")).json["patches"][0]["id"] == made["id"]
    said = {"digest": made["plan_digest"]}
    assert (await town.asked.ask(f"POST /patch/{made['id']}/reject", said)).status == 200


async def test_one_key_is_one_patch_and_no_key_is_another_each_time(town: Town) -> None:
    given = [await propose(town, Idempotency_Key="k") for _ in range(2)]
    assert [one.status for one in given] == [202, 200]
    assert (await propose(town, RISKY, Idempotency_Key="k")).status == 409
    assert (await propose(town)).status == 202


async def test_a_yes_is_carried_out_and_waited_for(town: Town) -> None:
    p = (await town.send()).json
    said = {"digest": p["plan_digest"]}
    done = await town.asked.ask(f"POST /api/patches/{p['id']}/approve?wait=30", said)
    assert (done.status, done.json["status"]) == (200, "applied")
    assert done.json["approvals"][0]["way"] == "cli"
    assert town.shop.read() != GREET
    again = await town.asked.ask(f"POST /api/patches/{p['id']}/approve", said)
    assert (again.status, again.code) == (409, "moved")


async def test_a_yes_without_waiting_is_202(town: Town) -> None:
    p = (await town.send()).json
    said = {"digest": p["plan_digest"]}
    given = await town.asked.ask(f"POST /api/patches/{p['id']}/approve", said)
    assert (given.status, given.json["status"]) == (202, "approved")
    over = await town.asked.ask(f"GET /api/patches/{p['id']}?wait=30")
    assert over.json["status"] == "applied"


async def test_a_patch_whose_checks_fail_is_409_with_the_reason(tmp_path: Path) -> None:
    async with open_town(tmp_path, verify=(("false",),)) as town:
        p = (await town.send()).json
        said = {"digest": p["plan_digest"]}
        done = await town.asked.ask(f"POST /api/patches/{p['id']}/approve?wait=true", said)
        assert done.status == 409
        assert (done.json["status"], done.json["over"]) == ("failed", True)
        assert not done.json["checks"][0]["ok"]
        assert town.shop.read() == GREET
        assert (await town.outcome(p["id"])).status == 200


async def test_a_yes_to_another_plan_is_no_yes(town: Town) -> None:
    p = (await town.send()).json
    wrong = {"digest": "sha256:" + "0" * 64}
    given = await town.asked.ask(f"POST /api/patches/{p['id']}/approve", wrong)
    assert (given.status, given.code) == (409, "moved")
    for said in ({}, {"digest": None}):
        none = await town.asked.ask(f"POST /api/patches/{p['id']}/approve", said)
        assert (none.status, none.code) == (400, "bad_request")


async def test_in_slack_alone_a_yes_is_given_where_slack_is_on(town: Town) -> None:
    town.shop.in_slack = True
    p = (await town.send()).json
    said = {"digest": p["plan_digest"]}
    given = await town.asked.ask(f"POST /api/patches/{p['id']}/approve", said)
    assert (given.status, given.code) == (403, "not_allowed")
    no = await town.asked.ask(f"POST /api/patches/{p['id']}/reject", {"why": "no"})
    assert (no.status, no.json["status"]) == (200, "rejected")


async def test_what_was_applied_is_taken_back(town: Town) -> None:
    p = (await town.send()).json
    await town.pipeline.approve(p["id"], ADA, p["plan_digest"])
    await town.pipeline.wait(p["id"], 10)
    back = await town.asked.ask(f"POST /api/patches/{p['id']}/revert?wait=30", {})
    assert (back.status, back.json["status"], back.json["reverts"]) == (200, "applied", p["id"])
    assert town.shop.read() == GREET
    again = await town.asked.ask(f"POST /api/patches/{p['id']}/revert", {})
    assert (again.status, again.code) == (409, "failed")


async def test_a_dry_run_keeps_nothing(town: Town) -> None:
    given = await propose(town, at="/api/patches?dry_run=true")
    assert given.status == 200
    assert given.json["diff"]
    assert (await town.asked.ask("GET /api/patches")).json["patches"] == []


async def test_what_is_there_already_is_200_and_noop(town: Town) -> None:
    (town.shop.root / "greet.py").write_text(GREET.replace("hi", "hello"))
    given = await propose(town)
    assert (given.status, given.json["status"]) == (200, "noop")


@pytest.mark.parametrize(
    ("what", "body", "status", "code"),
    [
        ("GET /api/patches?status=done", None, 400, "bad_request"),
        ("GET /api/patches?limit=501", None, 400, "bad_request"),
        ("GET /api/patches?sort=id", None, 400, "bad_request"),
        ("GET /api/patches/p99", None, 404, "no_such_patch"),
        ("GET /api/patches/..%2f..%2fetc", None, 404, "no_such_patch"),
        ("GET /api/patches/p99?wait=soon", None, 400, "bad_request"),
        ("POST /api/patches/p99/approve", {"digest": "x"}, 404, "no_such_patch"),
        ("POST /api/patches/p99/approve", {"digest": 1}, 400, "bad_request"),
        ("POST /api/patches/p99/approve", {"digets": "x"}, 400, "bad_request"),
        ("POST /api/patches/p99/reject", {}, 404, "no_such_patch"),
        ("POST /api/patches/p99/revert", {}, 404, "no_such_patch"),
        ("POST /api/patches/roots/web/clear", {}, 404, "no_such_root"),
        ("DELETE /api/patches/p99", None, 405, "method_not_allowed"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_the_one_shape(
    town: Town, what: str, body: object, status: int, code: str
) -> None:
    given = await town.asked.ask(what, body)
    assert (given.status, given.code) == (status, code)


async def test_a_patch_that_cannot_be_read_is_422_and_is_listed_with_its_reason(town: Town) -> None:
    given = await propose(town, HELLO.replace('"hi"', '"ho"'))
    assert (given.status, given.code) == (422, "no_match")
    assert given.json["where"]["path"] == "greet.py"
    (listed,) = (await town.asked.ask("GET /api/patches?status=failed")).json["patches"]
    assert (listed["id"], listed["code"]) == (given.json["id"], "no_match")
    other = await propose(town, at="/api/patches?root=ap")
    assert (other.status, other.code) == (404, "no_such_root")
    assert "did you mean app" in other.json["error"]["message"]


async def test_a_root_that_is_mended_takes_patches_again(town: Town) -> None:
    given = await town.asked.ask("POST /api/patches/roots/app/clear", {})
    assert (given.status, given.json["root"]) == (200, "app")


async def test_watched_folders_are_listed_with_what_lies_in_them(
    town: Town, tmp_path: Path
) -> None:
    inbox = tmp_path / "in"
    for name in ("a.diff", ".b.tmp", "done/x.json", "done/x.json.json", "done/y", "done/y.json"):
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / name).touch()
    town.watches["drop"] = WatchTable(name="drop", inbox=inbox)
    for at in ("/api/watches", "/watch"):
        (one,) = (await town.asked.ask(f"GET {at}")).json["watches"]
        assert (one["name"], one["waiting"], one["done"], one["refused"]) == ("drop", 1, 2, None)

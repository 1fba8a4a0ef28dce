"""The one way of a patch, from its offer to its end, on real roots."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ghostbot.core.proposal import CheckLine, Proposal, Status, Submitter, Way
from ghostbot.errors import BadRequest, Failed, NoSuch, NotAllowed
from ghostbot.patches import chain, marks
from ghostbot.patches.approving import NeedsTail
from ghostbot.patches.offer import Decider, KeyTaken, Moved, TooManyPending
from tests.fakes.pipelines import (
    ADA,
    AGENT,
    BOB,
    BUILD,
    EVE,
    GREET,
    HELLO,
    HERE,
    RISKY,
    Shop,
    applied,
    approved,
    offer,
    offered,
    until,
)


async def test_a_patch_waits_for_a_yes_and_is_applied_then(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await offered(pipeline)
        assert (p.id, p.status, p.needs) == ("p1", Status.AWAITING, 1)
        assert p.files[0].path == "greet.py"
        assert shop.read() == GREET
        done = await approved(pipeline, p)
    assert done.status is Status.APPLIED
    assert [one.by for one in done.approvals] == [ADA.id]
    assert "hello" in shop.read()
    assert shop.words == ["p1 awaiting_approval", "p1 approved", "p1 applying", "p1 applied"]
    assert '+    return "hello"' in shop.told[0][1]
    assert chain.verify(shop.state_dir).is_whole
    assert [e["status"] for e in chain.entries(shop.state_dir)] == [
        *("received", "validated", "awaiting_approval", "approved", "applying", "applied"),
    ]


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("please make it faster", Status.FAILED, "prose"),
        (HELLO.replace("greet.py", "../greet.py"), Status.REJECTED, "outside_root"),
        (HELLO.replace('"hi"', '"ho"'), Status.FAILED, "no_match"),
        (HELLO.replace("hi", "x").replace("hello", "hi"), Status.NOOP, "no_effect"),
    ],
)
async def test_what_cannot_be_applied_says_why_at_once(
    tmp_path: Path, text: str, status: Status, code: str
) -> None:
    shop = Shop(tmp_path)
    async with shop.idle() as pipeline:
        p = await offered(pipeline, text)
        assert (p.status, p.code) == (status, code)
        assert p.reason
        assert p.is_over
        assert (await pipeline.get(p.id)) == p


async def test_a_preview_keeps_nothing(tmp_path: Path) -> None:
    async with Shop(tmp_path).idle() as pipeline:
        p, diff = await pipeline.preview(offer())
        assert p.id == ""
        assert p.digest
        assert '+    return "hello"' in diff
        assert await pipeline.find() == []


async def test_one_delivery_fifty_times_is_one_proposal(tmp_path: Path) -> None:
    async with Shop(tmp_path).idle() as pipeline:
        found = await asyncio.gather(*(pipeline.submit(offer(key="d1")) for _ in range(50)))
        assert {p.id for p, _ in found} == {"p1"}
        assert {p.status for p, _ in found} == {Status.AWAITING}
        assert sum(is_new for _, is_new in found) == 1
        with pytest.raises(KeyTaken, match="p1"):
            await pipeline.submit(offer(RISKY, key="d1"))
        other = replace(AGENT, id="webhook:other")
        assert (await pipeline.submit(offer(key="d1", submitter=other)))[1]


async def test_who_has_as_many_waiting_as_it_may_waits(tmp_path: Path) -> None:
    async with Shop(tmp_path).idle() as pipeline:
        p = await offered(pipeline, pending=1)
        with pytest.raises(TooManyPending):
            await offered(pipeline, pending=1)
        await pipeline.reject(p.id, ADA, p.digest or "")
        await offered(pipeline, pending=1)


async def test_a_root_is_named_or_the_only_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.idle() as pipeline:
        with pytest.raises(NoSuch, match="no such root"):
            await offered(pipeline, root="ap")
        with pytest.raises(NoSuch):
            await offered(pipeline, root="app", roots=("web",))
        two = {**shop.config.roots, "web": replace(shop.config.roots["app"], name="web")}
        shop.config = replace(shop.config, roots=two)
        with pytest.raises(BadRequest, match="app, web"):
            await offered(pipeline)
        assert (await offered(pipeline, roots=("web",))).root == "web"


async def test_a_source_changes_only_what_it_may(tmp_path: Path) -> None:
    async with Shop(tmp_path).idle() as pipeline:
        p = await offered(pipeline, paths=("docs/**",))
        assert (p.status, p.code) == (Status.REJECTED, "protected_path")
        p = await offered(pipeline, formats=("v4a",))
        assert p.code == "unknown_format"


async def test_fifty_approvals_at_once_have_one_winner(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    people = [Decider(id=f"U{n}", name=f"n{n}", way=Way.SLACK, is_approver=True) for n in range(50)]
    shop.approvers = frozenset(one.id for one in people)
    async with shop.open() as pipeline:
        p = await offered(pipeline)
        digest = p.digest or ""
        found = await asyncio.gather(
            *(pipeline.approve(p.id, one, digest) for one in people), return_exceptions=True
        )
        won = [one for one in found if isinstance(one, Proposal)]
        assert len(won) == 1
        assert all(isinstance(one, Moved) for one in found if one not in won)
        done = await pipeline.wait(p.id, 10)
    assert len(done.approvals) == 1
    assert shop.words.count("p1 applied") == 1


async def test_two_yeses_at_once_are_both_kept(tmp_path: Path) -> None:
    async with Shop(tmp_path).open() as pipeline:
        p = await offered(pipeline, RISKY)
        assert p.needs == 2
        digest = p.digest or ""
        await asyncio.gather(*(pipeline.approve(p.id, one, digest) for one in (ADA, BOB)))
        done = await pipeline.wait(p.id, 10)
    assert done.status is Status.APPLIED
    assert {one.by for one in done.approvals} == {ADA.id, BOB.id}


async def test_nobody_says_yes_twice_or_without_the_right_to(tmp_path: Path) -> None:
    async with Shop(tmp_path).idle() as pipeline:
        p = await offered(pipeline, RISKY)
        digest = p.digest or ""
        with pytest.raises(NotAllowed, match="only an approver"):
            await pipeline.approve(p.id, EVE, digest)
        await pipeline.approve(p.id, ADA, digest)
        with pytest.raises(NotAllowed, match="twice"):
            await pipeline.approve(p.id, ADA, digest)
        with pytest.raises(Moved, match="not its plan"):
            await pipeline.approve(p.id, BOB, "sha256:other")


async def test_nobody_says_yes_to_their_own_unless_they_are_alone(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    mine = Submitter(id=ADA.id, name="Ada", way=Way.SLACK)
    async with shop.idle() as pipeline:
        p = await offered(pipeline, submitter=mine)
        with pytest.raises(NotAllowed, match="your own"):
            await pipeline.approve(p.id, ADA, p.digest or "")
        shop.approvers = frozenset({ADA.id})
        assert (await pipeline.approve(p.id, ADA, p.digest or "")).status is Status.APPROVED


async def test_who_is_alone_types_the_end_of_what_is_risky(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.approvers = frozenset({ADA.id})
    async with shop.open() as pipeline:
        p = await offered(pipeline, RISKY)
        digest = p.digest or ""
        for tail in (None, "", "zzzz", digest[-5:]):
            with pytest.raises(NeedsTail):
                await pipeline.approve(p.id, ADA, digest, tail)
        assert (await pipeline.approve(p.id, ADA, digest, digest[-4:])).approvals[0].is_sole
        assert (await pipeline.wait(p.id, 10)).status is Status.APPLIED


async def test_three_are_asked_for_and_two_there_are(tmp_path: Path) -> None:
    async with Shop(tmp_path, approvals_risky=3).idle() as pipeline:
        p = await offered(pipeline, RISKY)
        digest = p.digest or ""
        assert (await pipeline.approve(p.id, ADA, digest)).status is Status.AWAITING
        assert (await pipeline.approve(p.id, BOB, digest)).status is Status.APPROVED


async def test_where_slack_is_a_yes_is_given_there(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.idle() as pipeline:
        p = await offered(pipeline)
        digest = p.digest or ""
        with pytest.raises(NotAllowed, match="in Slack"):
            await pipeline.approve(p.id, HERE, digest)
        shop.set(approve_in="any")
        with pytest.raises(Moved, match=r"settings of \[root.app\] have changed"):
            await pipeline.approve(p.id, HERE, digest)
        new = await pipeline.get("p2")
        assert (await pipeline.approve("p2", HERE, new.digest or "")).status is Status.APPROVED


async def test_without_slack_all_who_sit_here_are_one_person(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.in_slack, shop.approvers = False, frozenset({"local"})
    mine = Submitter(id="local:ada", name="ada", way=Way.CLI)
    async with shop.idle() as pipeline:
        p = await offered(pipeline, RISKY, submitter=mine)
        digest = p.digest or ""
        with pytest.raises(NeedsTail):
            await pipeline.approve(p.id, replace(HERE, id="local:bob"), digest)
        p = await pipeline.approve(p.id, HERE, digest, digest[-4:].upper())
        assert p.status is Status.APPROVED


async def test_a_no_is_final(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.idle() as pipeline:
        p = await offered(pipeline, RISKY)
        digest = p.digest or ""
        await pipeline.approve(p.id, ADA, digest)
        with pytest.raises(NotAllowed):
            await pipeline.reject(p.id, EVE, digest)
        p = await pipeline.reject(p.id, BOB, digest, "not  now")
        assert (p.status, p.reason) == (Status.REJECTED, "rejected by Bob: not now")
        assert p.denial is not None
        with pytest.raises(Moved, match="is rejected"):
            await pipeline.approve(p.id, ADA, digest)
        assert shop.noted[-1] == "U0BOB: p1 is rejected"


async def test_what_changed_since_it_was_planned_is_planned_anew(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await offered(pipeline)
        (shop.root / "greet.py").write_text(f"# new\n{GREET}")
        with pytest.raises(Moved, match=r"greet.py changed .* p2 is its new plan"):
            await pipeline.approve(p.id, ADA, p.digest or "")
        old, new = await pipeline.get("p1"), await pipeline.get("p2")
        assert (old.status, old.followed_by) == (Status.SUPERSEDED, "p2")
        assert (new.status, new.follows) == (Status.AWAITING, "p1")
        assert new.digest != p.digest
        done = await approved(pipeline, new)
    assert done.status is Status.APPLIED
    assert shop.read().startswith("# new\n")


async def test_what_changes_between_the_yes_and_its_turn_is_not_overwritten(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.idle() as pipeline:
        p = await offered(pipeline)
        await pipeline.approve(p.id, ADA, p.digest or "")
    (shop.root / "greet.py").write_text(f"# new\n{GREET}")
    async with shop.open() as pipeline:
        old = await pipeline.wait("p1", 10)
        assert old.status is Status.SUPERSEDED
        new = await pipeline.wait("p2", 0.5)
        assert (new.status, new.approvals) == (Status.AWAITING, ())
    assert shop.read() == f"# new\n{GREET}"


async def test_two_patches_of_one_root_go_one_after_the_other(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        texts = [
            f"*** Begin Patch\n*** Add File: n{n}.txt\n+{n}\n*** End Patch\n" for n in range(8)
        ]
        found = [await offered(pipeline, text) for text in texts]
        await asyncio.gather(*(pipeline.approve(p.id, ADA, p.digest or "") for p in found))
        done = [await pipeline.wait(p.id, 20) for p in found]
    assert {p.status for p in done} == {Status.APPLIED}
    turns = [word for word in shop.words if word.endswith((" applying", " applied"))]
    assert turns[::2] == [word.replace("applied", "applying") for word in turns[1::2]]


async def test_nobody_answers_and_it_expires(tmp_path: Path) -> None:
    shop = Shop(tmp_path, expires_s=0.2)
    async with shop.open() as pipeline:
        p = await offered(pipeline)
        done = await pipeline.wait(p.id, 10)
        assert (done.status, done.reason) == (Status.EXPIRED, "nobody answered in time")
        with pytest.raises(Moved, match="is expired"):
            await pipeline.approve(p.id, ADA, p.digest or "")


async def test_checks_that_fail_leave_the_root_as_it_was(tmp_path: Path) -> None:
    shop = Shop(tmp_path, verify=(("grep", "-rq", '"hi"', "."),))
    async with shop.open() as pipeline:
        done = await approved(pipeline, await offered(pipeline))
    assert done.status is Status.FAILED
    assert done.checks, done.reason
    assert shop.read() == GREET
    assert "p1 prechecking" in shop.words


async def test_a_house_that_does_not_come_up_takes_the_patch_back(tmp_path: Path) -> None:
    shop = Shop(tmp_path, restart=("web",))
    answers = iter([False, True])
    seen: list[str] = []

    def live() -> tuple[CheckLine, ...]:
        seen.append(shop.read())
        ok = next(answers)
        said = "web is up" if ok else "web did not come up"
        return (CheckLine(name="restart web", ok=ok, took_s=0.0, said=said),)

    shop.live = live
    async with shop.open() as pipeline:
        done = await approved(pipeline, await offered(pipeline))
    assert (done.status, done.reason) == (Status.ROLLED_BACK, "web did not come up")
    assert "hello" in seen[0]
    assert seen[1] == GREET
    assert shop.read() == GREET
    assert shop.words[-3:] == ["p1 verifying", "p1 rolling_back", "p1 rolled_back"]


async def test_a_root_that_needs_a_person_takes_nothing_until_one_has_mended_it(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, restart=("web",))

    def live() -> tuple[CheckLine, ...]:
        return (CheckLine(name="restart web", ok=False, took_s=0.0, said="web is down"),)

    shop.live = live
    async with shop.open() as pipeline:
        done = await approved(pipeline, await offered(pipeline))
        assert (done.status, done.left) == (Status.ATTENTION, ("web is down",))
        second = await offered(pipeline)
        with pytest.raises(marks.Marked, match="ghost patch clear app"):
            await pipeline.approve(second.id, ADA, second.digest or "")
        with pytest.raises(NotAllowed):
            await pipeline.clear("app", EVE)
        assert "takes patches again" in await pipeline.clear("app", ADA)
        assert "needed nobody" in await pipeline.clear("app", ADA)
        shop.live = lambda: ()
        assert (await approved(pipeline, second)).status is Status.APPLIED


async def test_what_was_applied_is_taken_back_by_one_yes(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await applied(pipeline)
        back = await pipeline.revert(p.id, ADA)
        assert (back.reverts, back.status, back.needs) == (p.id, Status.APPROVED, 1)
        done = await pipeline.wait(back.id, 10)
        assert done.status is Status.APPLIED
        assert shop.read() == GREET
        assert (await pipeline.get(p.id)).reverted_by == back.id
        with pytest.raises(Failed, match=f"{back.id} has done so"):
            await pipeline.revert(p.id, ADA)
        again = await pipeline.revert(back.id, BOB)  # and forth again
        assert (await pipeline.wait(again.id, 10)).status is Status.APPLIED
    assert "hello" in shop.read()


async def test_what_comes_again_is_of_who_made_it_and_takes_as_many_as_it_did(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path)
    shop.approvers |= {"U0CY"}
    cy = replace(ADA, id="U0CY", name="Cy")
    adas = Submitter(id=ADA.id, name="Ada", way=Way.SLACK)
    async with shop.open() as pipeline:
        p = await offered(pipeline, RISKY, submitter=adas)
        for by in (BOB, cy):
            await pipeline.approve(p.id, by, p.digest or "")
        assert (await pipeline.wait(p.id, 10)).status is Status.APPLIED
        back = await pipeline.revert(p.id, BOB)
        assert (await pipeline.wait(back.id, 10)).status is Status.APPLIED
        again = await pipeline.revert(back.id, ADA)
        assert (again.status, again.submitter.id, again.needs) == (Status.AWAITING, ADA.id, 2)
        assert again.approvals == ()
        assert shop.read("Makefile") == BUILD
        for by in (BOB, cy):
            await pipeline.approve(again.id, by, again.digest or "")
        assert (await pipeline.wait(again.id, 10)).status is Status.APPLIED
        undone = await pipeline.revert(again.id, BOB)  # and that way back is Ghost's once more
        assert (undone.submitter.id, undone.needs) == ("ghost", 1)
        assert (await pipeline.wait(undone.id, 10)).status is Status.APPLIED
    assert shop.read("Makefile") == BUILD


async def test_no_agents_patch_takes_the_place_of_what_comes_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await applied(pipeline)
        back = await pipeline.revert(p.id, ADA)
        assert (await pipeline.wait(back.id, 10)).status is Status.APPLIED
        forged = await offered(pipeline, RISKY, key=f"{back.id}:0")
        again = await pipeline.revert(back.id, ADA)
        assert again.id != forged.id
        assert (await pipeline.wait(again.id, 10)).status is Status.APPLIED
        assert (await pipeline.get(forged.id)).status is Status.AWAITING


async def test_what_was_to_go_alone_waits_where_that_is_over_by_its_turn(tmp_path: Path) -> None:
    shop = Shop(tmp_path, auto="exact", auto_from=("gpt",), allow=("*.py",))
    async with shop.idle() as pipeline:
        p = await offered(pipeline)
        assert p.status is Status.APPROVED
    shop.set(auto=None)
    async with shop.open() as pipeline:
        assert (await pipeline.wait(p.id, 10)).status is Status.SUPERSEDED
        new = (await pipeline.get(p.id)).followed_by
        assert new is not None
        await until(pipeline, new, lambda p: p.status is Status.AWAITING)
    assert shop.read() == GREET


async def test_a_revert_that_is_asked_for_fifty_times_is_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await applied(pipeline)
        found = await asyncio.gather(*(pipeline.revert(p.id, ADA) for _ in range(50)))
        assert {one.id for one in found} == {"p2"}
        assert (await pipeline.wait("p2", 10)).status is Status.APPLIED
    assert shop.read() == GREET


async def test_a_revert_waits_for_one_who_may_say_yes(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await applied(pipeline)
        assert (await pipeline.revert(p.id, EVE)).status is Status.AWAITING
        back = await pipeline.revert(p.id, HERE)  # who may not here, as Slack is there
        assert (back.id, back.status) == ("p2", Status.AWAITING)
        assert (await approved(pipeline, back)).status is Status.APPLIED
    assert shop.read() == GREET


async def test_what_changed_since_is_not_reverted(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await applied(pipeline)
        (shop.root / "greet.py").write_text("mine\n")
        back = await pipeline.revert(p.id, ADA)
        assert back.status is Status.FAILED
        assert "greet.py has changed since" in (back.reason or "")
        with pytest.raises(Failed, match="nothing of it is there"):
            await pipeline.revert(back.id, ADA)
    assert shop.read() == "mine\n"


async def test_an_exact_patch_of_a_trusted_source_needs_nobody(tmp_path: Path) -> None:
    shop = Shop(tmp_path, auto="exact", allow=("*.py",), auto_from=("gpt",))
    async with shop.open() as pipeline:
        p = await offered(pipeline)
        assert p.status is Status.APPROVED
        assert p.approvals[0].is_unattended
        assert (await pipeline.wait(p.id, 10)).status is Status.APPLIED


async def test_a_secret_is_not_kept(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    key = "ghp_" + "a1" * 18
    async with shop.idle() as pipeline:
        p = await offered(pipeline, HELLO.replace("hello", key))
        assert (p.status, p.code) == (Status.REJECTED, "secret")
        assert key not in repr(p)
        assert await pipeline._store.asked(p.id) is None
    held = b"".join(path.read_bytes() for path in shop.state_dir.glob("ghost.db"))
    assert key.encode() not in held


async def test_an_alert_soon_after_a_patch_may_be_its_doing(tmp_path: Path) -> None:
    shop = Shop(tmp_path, restart=("web",))
    async with shop.open() as pipeline:
        assert await pipeline.lately("web") is None
        p = await applied(pipeline)
        found = await pipeline.lately("web")
        assert found is not None
        assert found.id == p.id
        assert await pipeline.lately("other") is None
        shop.late_s = 601
        assert await pipeline.lately("web") is None
        shop.late_s = 0
        back = await pipeline.revert(p.id, ADA)
        await pipeline.wait(back.id, 10)
        assert await pipeline.lately("web") is None


async def test_who_approve_at_once_what_has_changed_are_all_told_of_one_new_plan(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path)
    async with shop.idle() as pipeline:
        p = await offered(pipeline)
        (shop.root / "greet.py").write_text(f"# new\n{GREET}")
        found = await asyncio.gather(
            *(pipeline.approve(p.id, who, p.digest or "") for who in (ADA, BOB) for _ in range(5)),
            return_exceptions=True,
        )
        assert all(isinstance(one, Moved) for one in found), found
        assert [one.id for one in await pipeline.find()] == ["p2", "p1"]


async def test_a_title_is_one_short_line(tmp_path: Path) -> None:
    async with Shop(tmp_path).idle() as pipeline:
        p = await offered(pipeline, title=" two\nlines " + "x" * 500)
        assert (p.title or "").startswith("two lines xxx")
        assert len(p.title or "") == 200


async def test_texts_and_backups_are_kept_for_a_while_and_not_for_ever(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open() as pipeline:
        p = await applied(pipeline)
        waits = await offered(pipeline, RISKY)
    shop.late_s = 31 * 86_400.0
    shop.set(expires_s=1e9)
    async with shop.idle() as pipeline:
        await pipeline._works._prune()
        assert await pipeline._store.asked(p.id) is None
        assert await pipeline._store.asked(waits.id) is not None
        assert (await pipeline.get(p.id)).status is Status.APPLIED
        assert await pipeline.diff(p.id) == ""


async def test_where_a_yes_is_taken_anywhere_who_sits_here_is_one_person_more(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, approve_in="any")
    shop.approvers = frozenset({ADA.id})
    async with shop.idle() as pipeline:
        p = await offered(pipeline, RISKY)
        digest = p.digest or ""
        assert (await pipeline.approve(p.id, ADA, digest)).status is Status.AWAITING
        assert (await pipeline.approve(p.id, HERE, digest)).status is Status.APPROVED


async def test_where_a_yes_is_taken_in_slack_who_sits_here_is_nobody(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.approvers = frozenset({ADA.id, "local"})
    async with shop.idle() as pipeline:
        p = await offered(pipeline, RISKY)
        digest = p.digest or ""
        p = await pipeline.approve(p.id, ADA, digest, digest[-4:])
        assert (p.status, p.approvals[0].is_sole) == (Status.APPROVED, True)

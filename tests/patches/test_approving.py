"""Who may say yes, and when that is enough: for any people, and in any order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.proposal import Proposal, Status, Submitter, Way
from ghostbot.errors import GhostError, NotAllowed
from ghostbot.patches.approving import LOCAL, person, refuse_elsewhere, with_no, with_yes
from ghostbot.patches.offer import Decider, Moved

DIGEST = "sha256:0123456789abcdef"
IDS = ("U1", "U2", "U3", "local:ada", "local:bob")
AGENT = "webhook:gpt"
WAITS = Proposal(
    id="p1",
    status=Status.AWAITING,
    submitter=Submitter(id=AGENT, name="gpt", way=Way.WEBHOOK, is_agent=True),
    sha256="ab",
    digest=DIGEST,
    created_at=0.0,
    updated_at=0.0,
    expires_at=100.0,
)


def decider(who: str, *, is_approver: bool = True) -> Decider:
    way = Way.CLI if who.startswith(LOCAL) else Way.SLACK
    return Decider(id=who, name=who, way=way, is_approver=is_approver)


def of(maker: str, needs: int) -> Proposal:
    return replace(WAITS, submitter=replace(WAITS.submitter, id=maker), needs=needs)


def yes(p: Proposal, who: str, may: frozenset[str], tail: str | None = "cdef") -> Proposal:
    return with_yes(p, decider(who), digest=DIGEST, tail=tail, may=may, now=1.0)


people = st.frozensets(st.sampled_from(IDS), min_size=1).map(
    lambda found: frozenset(person(who) for who in found)
)
makers = st.sampled_from((AGENT, *IDS))


@given(may=people, maker=makers, needs=st.integers(1, 4), said=st.lists(st.sampled_from(IDS)))
def test_whoever_presses_in_whatever_order_it_takes_enough_different_others(
    may: frozenset[str], maker: str, needs: int, said: list[str]
) -> None:
    p = of(maker, needs)
    for who in said:
        if person(who) in may:
            with suppress(GhostError):
                p = yes(p, who, may)
    voters = [person(one.by) for one in p.approvals]
    others = may - {person(maker)}
    assert len(set(voters)) == len(voters)
    assert person(maker) not in voters or not others
    if p.status is Status.APPROVED:
        assert len(voters) >= min(needs, max(1, len(others)))
    else:
        assert len(voters) < min(needs, max(1, len(others)))


@given(may=people, maker=makers, needs=st.integers(1, 4))
def test_where_all_who_may_say_yes_it_is_approved(
    may: frozenset[str], maker: str, needs: int
) -> None:
    p = of(maker, needs)
    for who in IDS:
        if person(who) in may:
            with suppress(GhostError):
                p = yes(p, who, may)
    assert p.status is Status.APPROVED


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.AWAITING])
def test_a_yes_or_no_counts_only_while_it_waits(status: Status) -> None:
    p = replace(WAITS, status=status)
    with pytest.raises(Moved):
        yes(p, "U1", frozenset({"U1", "U2"}))
    with pytest.raises(Moved):
        with_no(p, decider("U1"), digest=DIGEST, why=None, now=1.0)


def test_what_has_expired_is_not_approved_though_nobody_swept_it_yet() -> None:
    with pytest.raises(Moved, match="has expired"):
        with_yes(WAITS, decider("U1"), digest=DIGEST, tail=None, may=frozenset({"U1"}), now=100.0)


def test_who_made_it_may_take_it_back_and_no_other_stranger_may() -> None:
    p = of("U1", 1)
    with pytest.raises(NotAllowed):
        with_no(p, decider("U2", is_approver=False), digest=DIGEST, why=None, now=1.0)
    mine = decider("U1", is_approver=False)
    assert with_no(p, mine, digest=DIGEST, why=None, now=1.0).status is Status.REJECTED


@pytest.mark.parametrize(
    ("where", "who", "may"),
    [
        ("slack", "U1", True),
        ("slack", "local:ada", False),
        ("any", "U1", True),
        ("any", "local:ada", True),
    ],
)
def test_a_yes_is_taken_where_the_root_says(where: str, who: str, *, may: bool) -> None:
    if may:
        refuse_elsewhere(WAITS, decider(who), where)
        return
    with pytest.raises(NotAllowed, match='approve_in = "any"'):
        refuse_elsewhere(WAITS, decider(who), where)


def test_a_yes_of_one_who_may_no_longer_say_it_has_no_weight() -> None:
    everybody = frozenset({"U1", "U2", "U3"})
    p = yes(of(AGENT, 2), "U1", everybody)
    left = everybody - {"U1"}
    p = yes(p, "U2", left)
    assert p.status is Status.AWAITING
    p = yes(p, "U3", left)
    assert p.status is Status.APPROVED
    assert [one.by for one in p.approvals] == ["U1", "U2", "U3"]

"""The last door, through which all deeds go."""

from __future__ import annotations

import pytest

from ghostbot.core.rights import Role
from ghostbot.errors import NotAllowed
from ghostbot.orders import Actor, local
from ghostbot.permit import Permit
from ghostbot.record import Record

GROUPS = {"web": "site", "db": "data"}


def permit(record: Record) -> Permit:
    return Permit(record.note, GROUPS.get)


def test_a_deed_is_noted_with_who_did_it() -> None:
    record = Record()
    permit(record)(local("ada"), "restart", ("web", "db"))
    (noted,) = record.take()
    assert (noted.kind, noted.who, noted.what) == ("order", "local:ada", "ada: restart web, db")
    assert noted.more["names"] == ["web", "db"]


@pytest.mark.parametrize("role", [Role.NOBODY, Role.VIEWER])
def test_who_may_not_is_refused_and_that_is_noted(role: Role) -> None:
    record = Record()
    with pytest.raises(NotAllowed, match="takes an operator"):
        permit(record)(Actor("U1", "eve", role), "restart", ("web",))
    (noted,) = record.take()
    assert (noted.kind, noted.more["verb"]) == ("refusal", "restart")


def test_what_nobody_knows_takes_an_admin() -> None:
    with pytest.raises(NotAllowed, match="takes an admin"):
        permit(Record()).check(Actor("U1", "eve", Role.APPROVER), "frobnicate")


def test_an_operator_of_a_group_changes_nothing_else() -> None:
    of_site = Actor("U1", "eve", Role.OPERATOR, frozenset({"site"}))
    check = permit(Record()).check
    check(of_site, "restart", ("web",))
    check(of_site, "status", ("db",))
    for names in (("web", "db"), ("db",), ("unknown",), ()):
        with pytest.raises(NotAllowed, match="you operate the daemons of site alone"):
            check(of_site, "restart", names)
    with pytest.raises(NotAllowed):
        check(of_site, "run", ("clean",), need=Role.OPERATOR)

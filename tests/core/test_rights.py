"""Roles: what each takes, as people were promised it."""

from __future__ import annotations

import pytest

from ghostbot.core.rights import NEEDS, Grant, Role, article, outside, together
from ghostbot.core.verbs import VERBS, needed

PROMISED = {
    Role.NOBODY: "claim whoami",
    Role.VIEWER: "status top why logs incidents tasks events health registry backoff tunnels help"
    " test sweep patch",
    Role.OPERATOR: "start stop restart hold reset ack silence run drill",
    Role.ADMIN: "reload upgrade down",
}
WITHIN = {
    Role.VIEWER: {"patch list", "patch show", "test probes", "sweep list"},
    Role.OPERATOR: {"patch submit", "tasks cancel", "heal", "test alert"},
    Role.APPROVER: {"patch approve", "patch reject", "patch revert"},
    Role.ADMIN: {"sweep kill", "new claim", "down", "reload", "upgrade"},
}


def test_each_verb_takes_the_role_that_is_promised() -> None:
    promised = {verb: role for role, verbs in PROMISED.items() for verb in verbs.split()}
    assert {verb.name: verb.role for verb in VERBS.values()} == promised
    assert {name: role for role, names in WITHIN.items() for name in names} == dict(NEEDS)


def test_each_role_includes_those_before_it() -> None:
    assert sorted(Role) == [*Role]
    assert [role.word for role in Role] == ["nobody", "viewer", "operator", "approver", "admin"]
    assert Role.of("approver") is Role.APPROVER


def test_what_has_no_name_here_takes_an_admin() -> None:
    assert needed("frobnicate") is Role.ADMIN
    assert needed("patch frobnicate") is Role.ADMIN


@pytest.mark.parametrize(
    ("grants", "groups"),
    [
        ([Grant("U1", ("a",))], {"a"}),
        ([Grant("U1", ("a",)), Grant("S1", ("b", "c"))], {"a", "b", "c"}),
        ([Grant("U1", ("a",)), Grant("C1")], None),
        ([], set()),
    ],
)
def test_grants_of_one_role_add_up(grants: list[Grant], groups: set[str] | None) -> None:
    assert together(grants) == groups


def test_what_has_no_group_is_outside_of_every_group() -> None:
    assert outside(frozenset({"a"}), {"x": "a", "y": "b", "z": None}) == ("y", "z")
    assert outside(None, {"x": None}) == ()
    assert outside(frozenset(), {"x": "a"}) == ("x",)


def test_roles_are_spoken_of_in_english() -> None:
    assert [article(role) for role in Role] == [
        "nobody",
        "a viewer",
        "an operator",
        "an approver",
        "an admin",
    ]

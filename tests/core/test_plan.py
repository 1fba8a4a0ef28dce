"""What a new ghost.toml changes."""

from __future__ import annotations

from ghostbot.core.plan import Change, Plan, plan

OLD = {
    "db": {"command": "pg", "group": "back"},
    "web": {"command": "serve", "port": 80, "group": None},
    "old": {"command": "x"},
}


def test_the_same_file_changes_nothing() -> None:
    found = plan(OLD, dict(OLD), described={"group"})
    assert found.is_empty
    assert found.lines() == ("nothing has changed",)


def test_daemons_come_and_go_by_name() -> None:
    new = {"new": {"command": "y"}, "db": OLD["db"], "web": OLD["web"]}
    found = plan(OLD, new, described=())
    assert found == Plan(added=("new",), removed=("old",))
    assert found.lines() == ("- old: stopped, as it is no longer there", "+ new: new")


def test_only_what_a_process_is_made_of_restarts_it() -> None:
    new = {
        **OLD,
        "db": {"command": "pg", "group": "store"},
        "web": {"command": "serve -x", "port": 81, "group": "front"},
    }
    found = plan(OLD, new, described={"group"})
    assert found.described == (Change("db", ("group",)),)
    assert found.restarted == (Change("web", ("command", "port", "group")),)
    assert found.lines() == (
        "~ web: restarted, as it has another command, port and group",
        "= db: not restarted; takes group",
    )


def test_who_rests_takes_it_with_its_next_start() -> None:
    new = {**OLD, "web": {"command": "serve", "port": 81, "group": None}}
    found = plan(OLD, new, described=(), resting={"web", "db"})
    assert (found.restarted, found.later) == ((), (Change("web", ("port",)),))
    assert found.lines() == ("= web: takes port with its next start",)


def test_a_key_that_only_one_file_has_is_a_change() -> None:
    found = plan({"web": {}}, {"web": {"port": 1}}, described=())
    assert found.restarted == (Change("web", ("port",)),)


def test_settings_of_ghost_itself_say_what_takes_them() -> None:
    found = plan(OLD, OLD, described=(), ghosts_own=("[web] listen",))
    assert found.lines() == ("! [web] listen: needs `ghost upgrade`",)


def test_what_belongs_to_no_daemon_is_true_at_once() -> None:
    found = plan(OLD, OLD, described=(), shared=("[check.site]",))
    assert not found.is_empty
    assert found.lines() == ("= [check.site]: true from now on",)

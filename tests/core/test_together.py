"""Deaths of one cause."""

from __future__ import annotations

from dataclasses import replace

from ghostbot.core.incident import Incident, Phase, noted
from ghostbot.core.together import TOGETHER_S, Joined, join

AFTER = {"web": ("db",), "worker": ("db",), "db": (), "mail": (), "cron": (), "deep": ("web",)}


def dead(name: str, at: float, number: int = 0) -> Incident:
    fresh = Incident(number, name, Phase.DOWN, "exited 1", opened_at=at, changed_at=at, told=False)
    return noted(fresh, "exited 1", at)


def joined(fresh: Incident, *known: Incident) -> Joined:
    return join(fresh, known, AFTER, fresh.opened_at)


def test_who_comes_after_the_dead_is_a_part_of_its_trouble() -> None:
    whole = joined(dead("web", 102), dead("db", 100, 7)).incident
    assert (whole.id, whole.daemon, whole.names, whole.deaths) == (7, "db", ("db", "web"), 2)
    assert whole.steps[-1].what == "web: exited 1"


def test_the_root_is_what_the_others_come_after_even_where_it_died_last() -> None:
    found = joined(dead("db", 103), dead("web", 100, 7), dead("worker", 101, 8))
    assert (found.incident.id, found.incident.names) == (7, ("db", "web", "worker"))
    (gone,) = found.gone
    assert (gone.id, gone.into, gone.is_over) == (8, 7, True)
    assert gone.steps[-1].what == "is part of incident 7"


def test_two_that_come_after_the_same_are_one_trouble() -> None:
    whole = joined(dead("worker", 101), dead("web", 100, 7)).incident
    assert whole.names == ("web", "worker")


def test_far_kin_counts() -> None:
    assert joined(dead("deep", 101), dead("db", 100, 7)).incident.names == ("db", "deep")


def test_two_strangers_are_two_troubles_and_the_second_waits_for_a_third() -> None:
    second = joined(dead("cron", 102), dead("mail", 100, 7)).incident
    assert (second.id, second.names, second.hold_until) == (0, ("cron",), 100 + TOGETHER_S)


def test_three_strangers_at_once_are_one_trouble_of_the_host() -> None:
    known = dead("mail", 100, 7), replace(dead("cron", 101, 8), hold_until=105)
    found = joined(dead("db", 102), *known)
    assert found.incident.names == ("mail", "cron", "db")
    assert [i.id for i in found.gone] == [8]


def test_what_began_earlier_is_left_alone_however_often_it_dies_now() -> None:
    looping = replace(dead("db", 100, 7), deaths=3, changed_at=105)
    assert joined(dead("web", 106), looping).incident.names == ("web",)


def test_who_died_again_meanwhile_is_still_one_of_those_that_died_together() -> None:
    looping = replace(dead("mail", 100, 7), deaths=2), replace(dead("cron", 101, 8), deaths=2)
    assert joined(dead("web", 102), *looping).incident.names == ("mail", "cron", "web")
    crowd = replace(joined(dead("web", 102), *looping).incident, deaths=9)
    assert len(joined(dead("worker", 104), crowd).incident.names) == 4

"""A Slack small enough for a laptop: Web API, Socket Mode and a page, all on loopback.

1. It knows Slack's wire and nothing of the app that connects: its manifest says the rest.
2. It refuses what Slack refuses, with Slack's words; a method that is not there is unknown_method.
3. It binds loopback, and answers nobody who came by another name (doors.py).
"""

from ghostbot.playground.faults import Faults
from ghostbot.playground.stage import Playground
from ghostbot.playground.wire import Call

__all__ = ["Call", "Faults", "Playground"]

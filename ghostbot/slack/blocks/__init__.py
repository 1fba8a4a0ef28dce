"""From what is to what Slack shows: pure functions that return messages of Block Kit.

Rule 1: what comes from outside (names, log lines, causes) goes through `text`, so that it can
        neither ping anyone nor break a layout.
Rule 2: a state is told by mark and word, never by colour alone.
Rule 3: what does not fit is cut, and how much was cut is said.
"""

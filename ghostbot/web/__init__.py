"""HTTP: one application behind two doors, the unix socket and the private TCP door.

Rule 1: a handler reads the request, asks Ghost, and answers. It decides nothing.
Rule 2: whoever comes through a door is known before any handler runs (`admission.py`).
Rule 3: GET changes nothing. Every answer that says no has the one shape of `shapes.error`.
Rule 4: what a door does wrong never reaches the supervising: a port that is taken is told.
"""

"""HTTP: one application behind the unix socket and the private door, a small one at the public.

Rule 1: a handler reads the request, asks Ghost, and answers. It decides nothing.
Rule 2: whoever comes through a door is known before any handler runs (`admission.py`), but at
        webhooks, where each delivery proves who sent it (`signatures.py`).
Rule 3: GET changes nothing. Every answer that says no has the one shape of `shapes.error`.
Rule 4: what a door does wrong never reaches the supervising: a port that is taken is told.
"""

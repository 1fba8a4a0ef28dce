"""The five guards.

Sentinel and selfcheck see. Watchdog decides. Executor acts. Lifecycle orders.
The rest is how to look and how to speak.
"""

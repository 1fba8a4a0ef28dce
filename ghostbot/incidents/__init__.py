"""Troubles: what happened to daemons, as people are told it."""

"""Patches: from an agent's words to a verified change of a tree."""

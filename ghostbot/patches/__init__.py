"""Patches: from a text that an agent sends to files that are changed, whole or not at all."""

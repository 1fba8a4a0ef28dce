"""The forms that a patch comes in: each reads a text and says what it asks, touching no file."""

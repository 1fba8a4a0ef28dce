"""Ghost's configuration: where it is found, what it may say, and every mistake in it at once."""

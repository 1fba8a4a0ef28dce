"""Ways to look at a daemon from outside. Each is bounded in time and gives evidence, not claims."""

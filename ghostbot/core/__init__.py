"""What Ghost decides: pure functions and frozen data, with no clock, no chance and no I/O."""

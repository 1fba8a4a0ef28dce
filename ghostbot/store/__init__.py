"""What Ghost remembers in one SQLite file: incidents, and where each message is."""

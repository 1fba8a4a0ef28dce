"""Ghost's side of Slack: the wire, the queue of what it says, and how things look there."""

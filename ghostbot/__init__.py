"""Ghost keeps a team's daemons alive and puts them in Slack."""

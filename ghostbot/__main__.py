"""`python -m ghostbot` is `ghost`."""

from __future__ import annotations

import sys

from ghostbot.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())

"""Says why, and exits 1 at once."""

import sys

sys.exit("cannot find what it needs")

"""`python -m ticketing`: the same as the `ticketing` command."""

from __future__ import annotations

import sys

from ticketing.command.main import main

if __name__ == "__main__":
    sys.exit(main())

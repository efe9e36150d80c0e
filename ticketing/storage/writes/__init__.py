"""Where a batch reads what it decides on, and writes what it decided."""

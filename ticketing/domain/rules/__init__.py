"""One small rule per command: what has to be true, and what it then changes on the ledger."""

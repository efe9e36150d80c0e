"""What a batch of commands reads and what it changes: pure values, no database."""

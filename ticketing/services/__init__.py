"""What the office does, told in its own words: one function per use case."""

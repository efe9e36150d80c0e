"""What clients do meanwhile, and what they note of it."""

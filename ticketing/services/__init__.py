"""What is done with rules and database: the write path, users and tokens, figures, proofs."""

"""What the office does: carrying out orders on events, users and their tokens, figures, proofs."""

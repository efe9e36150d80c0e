"""What the work beside the requests finds and leaves: mail that is due, and verifications."""

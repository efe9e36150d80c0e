"""Mail: written once, sent once."""

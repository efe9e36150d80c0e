"""Networks in which ways are cut, or made slow."""

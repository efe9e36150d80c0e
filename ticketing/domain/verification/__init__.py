"""Proves that what is stored about an event agrees with its audit."""

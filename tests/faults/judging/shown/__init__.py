"""Judges of what was shown to who only looked."""

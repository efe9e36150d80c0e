"""Judges of what may never come to be, whoever is told what."""

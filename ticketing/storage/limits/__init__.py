"""Counts that all workers share."""

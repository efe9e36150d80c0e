"""The calendar, the counter and the figures."""

"""Breaks a running office in every way that we know of, and checks what its clients were told.

`make faults` runs it; see docs/reliability.md.
"""

"""Compares what is stored with what the audit tells, on a running service."""

from __future__ import annotations

from ticketing.services.verification.heads import differences_of_heads
from ticketing.services.verification.reading import Part, Position, Reading
from ticketing.services.verification.verifying import verify

__all__ = ["Part", "Position", "Reading", "differences_of_heads", "verify"]

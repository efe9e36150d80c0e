"""Money: whole minor units inside, a plain number outside."""

from __future__ import annotations

from decimal import Decimal

MINOR_PER_MAJOR = 100


def to_minor(amount: Decimal | int) -> int:
    """Turn 12.5 into 1250; raises ValueError for more than two decimals."""
    minor = Decimal(amount) * MINOR_PER_MAJOR
    if minor != minor.to_integral_value():
        raise ValueError("At most two decimals.")
    return int(minor)


def to_major(minor: int) -> int | float:
    """Turn 500 into 5 and 1250 into 12.5; exact up to 9e15 minor units, which is 2**53."""
    major, rest = divmod(minor, MINOR_PER_MAJOR)
    return minor / MINOR_PER_MAJOR if rest else major

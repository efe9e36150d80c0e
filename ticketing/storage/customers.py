"""How documents of customers are found.

The indexes by customer leave box-office sales out, which have none, and MongoDB takes such an index
only for a query that repeats its condition: word for word, so it stands here once.
"""

from __future__ import annotations

from collections.abc import Collection

from ticketing.storage.driver.clients import Document

_TEXT: Document = {"$type": "string"}

OF_A_CUSTOMER: Document = {"customer.key": _TEXT}

# In an audit entry, who held a booking until it was passed on.
GIVER_KEY = "changes.customer.0.key"
OF_A_GIVER: Document = {GIVER_KEY: _TEXT}


def of_customer(key: str) -> Document:
    """Select the documents of one customer."""
    return {"customer.key": {"$eq": key, **_TEXT}}


def of_giver(key: str) -> Document:
    """Select the audit entries by which this customer passed a booking on."""
    return {GIVER_KEY: {"$eq": key, **_TEXT}}


def of_customers(keys: Collection[str]) -> Document:
    """Select the documents of these customers."""
    return {"customer.key": {"$in": list(keys), **_TEXT}}

"""Where the outside's spelling stops: camelCase, days and decimals in, typed values out.

Instances, not classes: a class would be built anew for each request.
"""

from __future__ import annotations

from ticketing.api.schemas.accounts.api_keys import API_KEY_PAGE, MADE_API_KEY, NEW_API_KEY
from ticketing.api.schemas.accounts.second_factor import (
    ENROLMENT,
    FIRST_CODE,
    PROPOSAL,
    RECOVERY_CODES,
    SIGN_IN,
)
from ticketing.api.schemas.accounts.users import (
    CHOSEN_PASSWORD,
    NEW_USER,
    OWN_CHANGE,
    SENT,
    SESSION_PAGE,
    TOKEN,
    USER,
    USER_AUDIT_PAGE,
    USER_CHANGE,
    USER_PAGE,
    USER_QUERY,
    WHO_FORGOT,
)
from ticketing.api.schemas.audit import AUDIT_PAGE, AUDIT_QUERY
from ticketing.api.schemas.bookings import (
    BOOKING_PAGE,
    BOOKING_QUERY,
    BOOKING_RECEIPT,
    BOOKING_SIZE,
    HELD_BOOKING,
    MADE_BOOKING,
    NEW_BOOKING,
)
from ticketing.api.schemas.cancellations import CALLED_OFF, CANCELLATION
from ticketing.api.schemas.customers import CUSTOMER, CUSTOMER_EXPORT
from ticketing.api.schemas.events import (
    CHANGED_EVENT,
    EVENT,
    EVENT_CHANGE,
    EVENT_PAGE,
    EVENT_QUERY,
    EVENT_STATUS,
    NEW_EVENT,
    PUBLIC_EVENT,
    PUBLIC_EVENT_PAGE,
)
from ticketing.api.schemas.health import HEALTH, READINESS
from ticketing.api.schemas.pages import PAGE_QUERY
from ticketing.api.schemas.statistics import MONTHS, STATISTICS_QUERY
from ticketing.api.schemas.transactions import (
    EVENING,
    EVENING_QUERY,
    NEW_TRANSACTION,
    RETURNED_TRANSACTION,
    TRANSACTION,
    TRANSACTION_PAGE,
    TRANSACTION_QUERY,
    TRANSACTION_RECEIPT,
)
from ticketing.api.schemas.transfers import ACCEPTANCE, MOVE, TRANSFER, TRANSFER_OFFER
from ticketing.api.schemas.waiting_list import WAITING_PAGE

__all__ = [
    "ACCEPTANCE",
    "API_KEY_PAGE",
    "AUDIT_PAGE",
    "AUDIT_QUERY",
    "BOOKING_PAGE",
    "BOOKING_QUERY",
    "BOOKING_RECEIPT",
    "BOOKING_SIZE",
    "CALLED_OFF",
    "CANCELLATION",
    "CHANGED_EVENT",
    "CHOSEN_PASSWORD",
    "CUSTOMER",
    "CUSTOMER_EXPORT",
    "ENROLMENT",
    "EVENING",
    "EVENING_QUERY",
    "EVENT",
    "EVENT_CHANGE",
    "EVENT_PAGE",
    "EVENT_QUERY",
    "EVENT_STATUS",
    "FIRST_CODE",
    "HEALTH",
    "HELD_BOOKING",
    "MADE_API_KEY",
    "MADE_BOOKING",
    "MONTHS",
    "MOVE",
    "NEW_API_KEY",
    "NEW_BOOKING",
    "NEW_EVENT",
    "NEW_TRANSACTION",
    "NEW_USER",
    "OWN_CHANGE",
    "PAGE_QUERY",
    "PROPOSAL",
    "PUBLIC_EVENT",
    "PUBLIC_EVENT_PAGE",
    "READINESS",
    "RECOVERY_CODES",
    "RETURNED_TRANSACTION",
    "SENT",
    "SESSION_PAGE",
    "SIGN_IN",
    "STATISTICS_QUERY",
    "TOKEN",
    "TRANSACTION",
    "TRANSACTION_PAGE",
    "TRANSACTION_QUERY",
    "TRANSACTION_RECEIPT",
    "TRANSFER",
    "TRANSFER_OFFER",
    "USER",
    "USER_AUDIT_PAGE",
    "USER_CHANGE",
    "USER_PAGE",
    "USER_QUERY",
    "WAITING_PAGE",
    "WHO_FORGOT",
]

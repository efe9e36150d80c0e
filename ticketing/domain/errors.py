"""Why something can't be done, as facts that a customer could hear.

    DomainError
    ├── NotFound             nothing goes by that name
    │   ├── EventNotFound
    │   ├── BookingNotFound
    │   ├── TransactionNotFound
    │   ├── CancellationNotFound
    │   ├── UserNotFound
    │   ├── SessionNotFound
    │   ├── ApiKeyNotFound
    │   └── CodeNotFound
    ├── Refused              a rule stands against it
    │   ├── DateTaken
    │   ├── EventExists
    │   ├── EventHasBookings
    │   ├── EventCancelled
    │   ├── CapacityBelowSold
    │   ├── CapacityBelowWaiting
    │   ├── SoldOut
    │   ├── NotEnoughTickets
    │   ├── WaitingListFirst
    │   ├── ExceedsCapacity
    │   ├── AlreadyBooked
    │   ├── AlreadyWaiting
    │   ├── NotConfirmed
    │   ├── NotActive
    │   ├── NothingToReduce
    │   ├── EmailTaken
    │   ├── KeyNameTaken
    │   ├── AddressBooked
    │   ├── SendsNoMail
    │   ├── AccountDeactivated
    │   ├── NoEnrolment      no second factor has been proposed, or too long ago
    │   ├── OwnSecondFactor  one's own is replaced, not taken away
    │   └── LastAdmin
    ├── Invalid              asked beyond what may be asked at all
    │   ├── UnusablePassword        too easy to guess, as the password of this address
    │   ├── CurrentPasswordMissing  one's own is changed by whoever knows it
    │   └── TooManyTickets
    ├── NotSignedIn          nobody, or nobody known, is asking
    │   └── SecondFactorNeeded  the password is right, and not enough
    ├── NotAllowed           somebody is asking who may not
    │   ├── AddressUnverified  nobody has shown yet that the address is theirs
    │   ├── SecondFactorMissing  administrators need one here
    │   └── ForeignOrigin    another site's page is asking, in open mode
    ├── WrongSecret          what was shown is not right
    │   ├── WrongPassword    the current password is not that
    │   └── WrongSecondFactor  the code is not that, or not any more
    ├── UnusableName         an address or a name of which no key can be made
    ├── TooManyRequests      in too short a time
    ├── Stale                the caller saw an older state (If-Match)
    ├── KeyReused            the idempotency key belongs to another request
    └── Unavailable          not now
        ├── Busy             nothing has happened
        ├── DatabaseUnavailable  nothing has happened
        ├── DatabaseUnfit    it lacks what keeps the promises; nothing has happened
        ├── Unreadable       what is stored is not as it should be; nothing has happened
        ├── Overloaded       no thread, memory or file is left; nothing has happened
        ├── RequestInFlight  the first request with this key is still under way
        └── OutcomeUnknown   it may have happened: ask again with the same key

NotFound and Refused are final: they are decided on a state that was read, so an idempotency
record may keep them. The rest says something about the moment and is never kept.
"""

from __future__ import annotations

from typing import ClassVar

from ticketing.domain.identity.rate_limits import RateLimitStatus


class DomainError(Exception):
    """Something that can't be done; `code` never changes, `message` helps."""

    code: ClassVar[str]
    message: ClassVar[str]

    def __init__(self, **facts: object) -> None:
        super().__init__(self.message)
        self.facts = facts

    def __reduce__(self) -> tuple[object, ...]:
        """Go through pickle as it is, however it was made."""
        return _made_again, (type(self), self.args, self.__dict__)


def _made_again(
    kind: type[DomainError], args: tuple[object, ...], known: dict[str, object]
) -> DomainError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(known)
    return error


class NotFound(DomainError):
    """Nothing goes by that name."""


class EventNotFound(NotFound):
    code = "event_not_found"
    message = "There is no event with this id."


class BookingNotFound(NotFound):
    code = "booking_not_found"
    message = "Booking not found."


class TransactionNotFound(NotFound):
    code = "transaction_not_found"
    message = "There is no transaction with this id."


class CancellationNotFound(NotFound):
    code = "cancellation_not_found"
    message = "This event has not been called off."


class CustomerNotFound(NotFound):
    code = "customer_not_found"
    message = "There is no customer with this id."


class UserNotFound(NotFound):
    code = "user_not_found"
    message = "There is no user with this id."


class SessionNotFound(NotFound):
    code = "session_not_found"
    message = "You are signed in nowhere by this id."


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"
    message = "There is no API key with this id."


class CodeNotFound(NotFound):
    code = "code_not_found"
    message = "This link or code is not good, or not any more: ask for another."


class Gone(DomainError):
    """It was there, for once or for a while."""


class OfferGone(Gone):
    code = "offer_gone"
    message = "This code is used, taken back or expired, or it never was one."


class Refused(DomainError):
    """A rule stands against it."""


class DateTaken(Refused):
    code = "date_taken"
    message = "Another event takes place on this day."


class EventExists(Refused):
    code = "event_exists"
    message = "An event with this id exists and can't be replaced any more."


class EventHasBookings(Refused):
    code = "event_has_bookings"
    message = "Tickets of this event have been booked, so it can only be called off."


class EventCancelled(Refused):
    code = "event_cancelled"
    message = "This event has been called off."


class CapacityBelowSold(Refused):
    code = "capacity_below_sold"
    message = "More tickets than that are already sold."


class CapacityBelowWaiting(Refused):
    code = "capacity_below_waiting"
    message = "Somebody on the waiting list wants more tickets than that."


class EventOver(Refused):
    code = "event_over"
    message = "This event is over: ask the office."


class LimitReached(Refused):
    code = "limit_reached"
    message = "A customer may not acquire so many tickets for one event."


class BookingsAhead(Refused):
    code = "bookings_ahead"
    message = "Cancel or pass on what you hold for events that are still to come."


class SoldOut(Refused):
    code = "sold_out"
    message = "This event is sold out."


class NotEnoughTickets(Refused):
    code = "not_enough_tickets"
    message = "Fewer tickets are left than were asked for."


class WaitingListFirst(Refused):
    code = "waiting_list_first"
    message = "The tickets that are left belong to the waiting list."


class ExceedsCapacity(Refused):
    code = "exceeds_capacity"
    message = "The event has fewer tickets altogether."


class AlreadyBooked(Refused):
    code = "already_booked"
    message = "User has already booked this event."


class AlreadyWaiting(Refused):
    code = "already_waiting"
    message = "This customer is on the waiting list of this event."


class NotConfirmed(Refused):
    code = "not_confirmed"
    message = "Only a confirmed booking can be passed on."


class NotActive(Refused):
    code = "booking_cancelled"
    message = "This booking has been cancelled."


class NothingToReduce(Refused):
    code = "not_a_reduction"
    message = "A booking can only be reduced to fewer tickets than it has."


class EmailTaken(Refused):
    code = "email_taken"
    message = "Somebody has registered with this e-mail address."


class KeyNameTaken(Refused):
    code = "key_name_taken"
    message = "There is an API key with this name: revoke it first, or take another name."


class AddressBooked(Refused):
    code = "address_booked"
    message = "Something has been booked for this address by itself: ask at the counter."


class SendsNoMail(Refused):
    code = "no_mail"
    message = "This office sends no mail: ask at the counter."


class AccountDeactivated(Refused):
    code = "account_deactivated"
    message = "This customer's account has been deactivated."


class NoEnrolment(Refused):
    code = "no_enrolment"
    message = "No second factor waits for its first code: begin again."


class OwnSecondFactor(Refused):
    code = "own_second_factor"
    message = "One's own second factor is replaced, not taken away: another administrator can."


class LastAdmin(Refused):
    code = "last_admin"
    message = "This is the last active administrator."


class Invalid(DomainError):
    """A value that is out of bounds, whatever the state of things: `field` says which."""

    code = "bad_request"
    message = "Some fields are not valid."

    def __init__(self, field: str, fault: str) -> None:
        super().__init__()
        self.field = field
        self.fault = fault


class UnusablePassword(Invalid):
    """Too short, or too easy to guess as the password of this address."""

    def __init__(self, fault: str) -> None:
        super().__init__("password", fault)


class CurrentPasswordMissing(Invalid):
    def __init__(self) -> None:
        super().__init__("current_password", "Needed to change one's own password.")


class TooManyTickets(Invalid):
    def __init__(self, most: int) -> None:
        super().__init__("tickets", f"A booking has at most {most} tickets.")


class NotSignedIn(DomainError):
    code = "unauthorized"
    message = "Sign in with a token, or with an e-mail address and a password."


class SecondFactorNeeded(NotSignedIn):
    code = "second_factor_needed"
    message = (
        "This account needs a code beside its password: exchange both for a token, "
        'POST /api/v1/tokens {"code": "…"}.'
    )


class NotAllowed(DomainError):
    code = "forbidden"
    message = "You may not do this."


class AddressUnverified(NotAllowed):
    code = "address_unverified"
    message = (
        "Nobody has shown yet that this e-mail address is yours: follow the link that was sent to "
        "it, or ask at the counter."
    )


class SecondFactorMissing(NotAllowed):
    code = "second_factor_missing"
    message = "Administrators need a second factor here: set yours up, and then go on."


class ForeignOrigin(NotAllowed):
    code = "foreign_origin"
    message = (
        "In open mode everybody is an administrator, so only this machine may ask: by a loopback "
        "Host, and not from a page of another origin."
    )


class UnusableName(DomainError):
    """`reason` says what is wrong with it, in words for whoever typed it."""

    code = "unusable_name"
    message = "This is no usable address or name."

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class WrongSecret(DomainError):
    """What somebody has shown is not right, which counts as a guess."""


class WrongPassword(WrongSecret):
    code = "wrong_password"
    message = "The current password is not right."


class WrongSecondFactor(WrongSecret):
    code = "second_factor_wrong"
    message = "This code is not right, or not any more: each is good once, for a minute at most."


class TooManyRequests(DomainError):
    """`standing` is None where it is nobody's limit, but too many wait for the same thing."""

    code = "too_many_requests"
    message = "Too many requests; wait as long as Retry-After says."

    def __init__(self, standing: RateLimitStatus | None = None) -> None:
        super().__init__()
        self.standing = standing


class Stale(DomainError):
    code = "stale"
    message = "The event has changed since it was read; read it again."


class KeyReused(DomainError):
    code = "idempotency_key_reused"
    message = (
        "This Idempotency-Key was used for another request, or its answer named somebody who has "
        "been erased since."
    )


class Unavailable(DomainError):
    """Not now; trying again later may help."""


class Busy(Unavailable):
    code = "busy"
    message = "Too much is going on; nothing has happened, try again."


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
    message = "The database can't be reached; nothing has happened, try again."


class DatabaseUnfit(Unavailable):
    code = "database_unfit"
    message = (
        "The database is not as this version of the service needs it: /readyz says what is "
        "missing; nothing has happened."
    )


class Unreadable(Unavailable):
    code = "document_unreadable"
    message = (
        "What is stored about this is not as it should be, and somebody has to look at it; "
        "nothing has happened."
    )


class Overloaded(Unavailable):
    code = "overloaded"
    message = "The server has no thread, memory or file left; nothing has happened, try again."


class RequestInFlight(Unavailable):
    code = "request_in_flight"
    message = "The first request with this Idempotency-Key is still under way."


class OutcomeUnknown(Unavailable):
    code = "outcome_unknown"
    message = "It may or may not have happened: ask again with the same Idempotency-Key."

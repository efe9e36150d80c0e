"""What a command is: its fields, what it reads, and how it applies.

A command names a change of one event and nothing else; who asks, and in which request, is its
`Caller`. Each is a frozen dataclass below `Command` with both methods, so one that lacks a part
can't be made: mypy says so, and Python at the first attempt.

To add a command: a class in `events`, `sales` or `bookings` beside this file; where it makes a new
kind of change, its word in `ticketing.domain.audit` and what it means to a replay in
`ticketing.domain.verification`, which shares no code with the rules; then a view in
`ticketing.api.views` that executes it, and where people do it a page in `ticketing.web.views`.
One that makes something with an id is made by a function in `ticketing.services.commands`. Nothing
else has to be registered, and mypy and the tests name what is forgotten.

Where a command has `expected`, these are the event's sequences that the caller would accept, or
None where they named none. Where it has `holder`, it is for the booking of the customer with this
id alone; None stands for anybody's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ticketing.domain.changes.change_set import ChangeSet
from ticketing.domain.changes.read_set import NOTHING, Reads
from ticketing.domain.identity.caller import Caller

ResultT = TypeVar("ResultT", covariant=True)


class Command(ABC, Generic[ResultT]):
    """A change of one event that can be asked for; `ResultT` is what it comes to if granted."""

    __slots__ = ()

    @abstractmethod
    def reads(self) -> Reads:
        """Return what has to be known, beside the event, before this can be decided."""

    @abstractmethod
    def apply(self, change_set: ChangeSet, caller: Caller) -> ResultT:
        """Decide on the state of the change set and record what changes; raises DomainError.

        A refusal is raised before anything is recorded, so it changes nothing.
        """


AnyCommand = Command[Any]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A command with whoever asks for it."""

    command: AnyCommand
    caller: Caller


@dataclass(frozen=True, slots=True)
class Resume(Command[None]):
    """Finish remaining work: what an earlier commit did not do because there was too much of it.

    Every batch begins with that, so there is nothing left for this command itself.
    """

    def reads(self) -> Reads:
        """Return nothing: what remains shows in the event's own state."""
        return NOTHING

    def apply(self, change_set: ChangeSet, caller: Caller) -> None:
        """Ask for nothing more."""

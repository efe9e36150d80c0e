"""A year of a made-up venue, through the service's own commands, for a first look.

Everything comes of a seed, so the same year comes on the same day. It is written by the clock of
the story, not by the wall's: an event's tickets are sold in the weeks before it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from ticketing.domain.bookings import Booking
from ticketing.domain.changes.results import BookingResult, Outcome
from ticketing.domain.commands.bookings import Book, Cancel, Resize
from ticketing.domain.commands.command import AnyCommand
from ticketing.domain.commands.events import CallOff, Change, Create
from ticketing.domain.commands.sales import Return, Sell
from ticketing.domain.commands.transfers import Transfer
from ticketing.domain.identity.caller import Caller
from ticketing.domain.identity.customers import NamedCustomer
from ticketing.domain.identity.names import canonical_key
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.driver.clients import Client, Database
from ticketing.storage.ids import new_id

_SEED = 20
_BUYERS = 24

# (name, venue, capacity, price in minor units, how much of it is wanted)
_SHOWS: Sequence[tuple[str, str, int, int, float]] = (
    ("The Night Post", "Great Hall", 240, 1_800, 0.94),
    ("Brass & Bellows", "Great Hall", 180, 1_600, 1.35),
    ("Harbour Ceilidh", "The Barn", 150, 1_200, 1.12),
    ("The Long Field", "Small Stage", 80, 950, 0.45),
    ("Stories for Small People", "Small Stage", 60, 0, 1.25),
    ("Paper Kites, Loud Hearts", "Great Hall", 240, 2_200, 0.6),
    ("Candlelight Choir", "Great Hall", 200, 1_400, 1.4),
    ("The Last Lamplighter", "Great Hall", 240, 1_800, 0.7),
    ("Midnight Barn Dance", "The Barn", 150, 2_500, 0.85),
    ("A Lantern in the Orchard", "Small Stage", 80, 950, 0.8),
    ("Understorey", "Great Hall", 200, 1_600, 0.5),
    ("Salt & Rosin", "The Barn", 120, 1_100, 0.75),
    ("The Clockmaker’s Daughters", "Great Hall", 180, 1_450, 0.9),
)

# How many events a month has, from twelve months ago to two months ahead; 0 and a lone free
# one are there for the picture of the year.
A_YEAR = (9, 5, 6, 7, 6, 8, 4, 1, 0, 5, 9, 7, 7, 6, 3)

_FIRST = ("Ida", "Noor", "Bram", "Lotte", "Mats", "Sanne", "Yuki", "Olu", "Greta", "Henk", "Femke",
          "Tomas", "Pim", "Marit", "Robin", "Sal", "Anouk", "Jelle", "Mira", "Casper")  # fmt: skip
_LAST = ("Quillfeather", "Tamsett", "Oakhollow", "Wintermoor", "Underhill", "Brightwater",
         "Marrowby", "Sandpiper", "Thistlewood", "Larkspur", "Ferncastle", "Saltgrove")  # fmt: skip


@dataclass
class _Clock:
    """Tells the time of the story."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True, slots=True)
class Year:
    """What was made."""

    events: int
    bookings: int
    sales: int


def fill(
    db: Database, client: Client, now: datetime, zone: tzinfo, a_month: Sequence[int] = A_YEAR
) -> Year:
    """Make events up to two months ahead and sell their tickets.

    `a_month` is how many events each month has; the last but two is this month.
    """
    clock = _Clock()
    handler = CommandHandler(client, db, clock, group_size=128, wait_s=30, commit_s=30)
    chance = random.Random(_SEED)
    venue = _Venue(handler, clock, chance, zone)
    today = now.astimezone(zone).date()
    with ThreadPoolExecutor(_BUYERS) as buyers:
        for number, (day, show) in enumerate(_programme(today, chance, a_month)):
            venue.put_on(day, show, today, now, rush=number % 9 == 4, buyers=buyers)
    clock.now = now
    return Year(venue.events, venue.bookings, venue.sales)


def _programme(
    today: date, chance: random.Random, a_month: Sequence[int]
) -> Iterator[tuple[date, int]]:
    """Choose days and shows: mostly weekends, and one on this very day."""
    number = 0
    for offset, wanted in enumerate(a_month, 3 - len(a_month)):
        months = today.year * 12 + today.month - 1 + offset
        first = date(months // 12, months % 12 + 1, 1)
        days = [first + timedelta(days=n) for n in range(31)]
        days = [day for day in days if day.month == first.month]
        weights = [4 if day.weekday() >= 4 else 1 for day in days]
        chosen: set[date] = {today} if offset == 0 else set()
        while len(chosen) < min(wanted, len(days)):
            chosen.add(chance.choices(days, weights)[0])
        lone = wanted == 1
        for day in sorted(chosen):
            show = 0 if day == today else 4 if lone else number % len(_SHOWS)
            number += 1
            yield day, show


@dataclass
class _Venue:
    """Sells the tickets of one event after the other."""

    handler: CommandHandler
    clock: _Clock
    chance: random.Random
    zone: tzinfo
    events: int = 0
    bookings: int = 0
    sales: int = 0

    def put_on(
        self,
        day: date,
        number: int,
        today: date,
        now: datetime,
        *,
        rush: bool,
        buyers: ThreadPoolExecutor,
    ) -> None:
        """Make an event and sell what is wanted by now; some of it is given back again."""
        name, venue, capacity, price, share = _SHOWS[number]
        event = new_id()
        opening = datetime.combine(day, time(18), self.zone).astimezone(UTC) - timedelta(days=70)
        self.clock.now = min(opening, now - timedelta(hours=2))
        created = self._do(event, Create(name, venue, day, capacity, price), "robin")
        if isinstance(created, Exception):
            return
        self.events += 1
        evening = datetime.combine(day, time(19), self.zone).astimezone(UTC)
        ends = min(evening, now - timedelta(minutes=10))
        wanted = share * self.chance.uniform(0.9, 1.02) * (1 if day <= today else 0.9)
        held = self._sell(event, int(capacity * wanted), ends, rush=rush, buyers=buyers)
        self._change_of_mind(event, held)
        if name == "Understorey" and day > today:
            self._do(event, CallOff(), "robin")
        elif name == "Brass & Bellows":
            self._do(event, Change({"capacity": capacity + 3}), "robin")

    def _sell(
        self, event: str, wanted: int, ends: datetime, *, rush: bool, buyers: ThreadPoolExecutor
    ) -> list[Booking]:
        begins, steps = self.clock.now, 10
        people = self._people()
        held: list[Booking] = []
        remaining = wanted
        for step in range(steps):
            self.clock.now = begins + (ends - begins) * (step / (steps - 1))
            share = (
                remaining
                if step == steps - 1
                else wanted * 6 // 10
                if rush and step == 0
                else wanted // steps
            )
            commands: list[tuple[AnyCommand, str]] = []
            while share > 0 and remaining > 0:
                size = min(self.chance.choice((1, 2, 2, 2, 3, 4)), remaining)
                over_the_counter = step > 6 and self.chance.random() < 0.5
                if over_the_counter:
                    commands.append((Sell(new_id(), size), self.chance.choice(("sal", "robin"))))
                else:
                    commands.append((Book(new_id(), next(people), size, waitlist=True), "web"))
                share, remaining = share - size, remaining - size
            for outcome in buyers.map(lambda c: self._do(event, *c), commands):
                if isinstance(outcome, BookingResult):
                    is_sale = outcome.booking.customer is None
                    self.sales += is_sale
                    self.bookings += not is_sale
                    held.append(outcome.booking)
        return held

    def _change_of_mind(self, event: str, held: list[Booking]) -> None:
        """Cancel, keep fewer, pass on and give back a few."""
        for booking in self.chance.sample(held, min(5, len(held) // 6)):
            self.clock.now += timedelta(seconds=self.chance.randint(20, 90))
            if booking.customer is None:
                self._do(event, Return(booking.id), "sal")
            elif booking.tickets > 2:
                self._do(event, Resize(booking.id, booking.tickets - 1), "web")
            elif booking.status == "confirmed" and self.chance.random() < 0.4:
                self._do(event, Transfer(booking.id, next(self._people())), "robin")
            else:
                self._do(event, Cancel(booking.id), "web")

    def _people(self) -> Iterator[NamedCustomer]:
        names = [(first, last) for first in _FIRST for last in _LAST]
        self.chance.shuffle(names)
        for first, last in names:
            by_address = self.chance.random() < 0.7
            name = f"{first}.{last}@example.org".lower() if by_address else f"{first} {last}"
            yield NamedCustomer(canonical_key(name), name, new_id())

    def _do(self, event: str, command: AnyCommand, actor: str) -> Outcome:
        caller = Caller(f"open:{actor}", new_id())
        return self.handler.execute(command, on=event, caller=caller).outcome

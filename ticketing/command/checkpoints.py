"""How far a verification has come, in a small file: so it goes on there after an interruption."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from ticketing.services.verification import Part, Position

# Another form of the file is another number.
_FORM = 2


class UnusableFile(Exception):
    """Why a file is not gone on from, or not written, in one sentence."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What has been verified of which database, and what has been found until then."""

    database: str
    position: Position = field(default_factory=Position)
    events: int = 0
    entries: int = 0
    unchained: int = 0
    differences: int = 0

    @property
    def is_begun(self) -> bool:
        """Whether anything has been verified."""
        return self != Checkpoint(self.database)


def load(file: Path, database: str) -> Checkpoint:
    """Return how far a verification of this database has come; raises UnusableFile.

    Where there is no file, none has begun.
    """
    begin = Checkpoint(database)
    if not file.exists():
        return begin
    try:
        written = json.loads(file.read_text())
        seal, position = written.pop("seal"), written.pop("position")
        position = Position(Part(position["part"]), position["after"])
        found = replace(begin, position=position, **written)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnusableFile(f"{file} is no file of an interrupted verification.") from error
    if seal != _seal(found):
        raise UnusableFile(f"{file} was changed since a verification wrote it: remove it.")
    if found.database != database:
        raise UnusableFile(f"{file} is of a verification of another database: name another file.")
    return found


def save(file: Path, checkpoint: Checkpoint) -> None:
    """Write how far it has come, all of it or nothing; raises UnusableFile."""
    new = file.with_name(f"{file.name}.new")
    try:
        new.write_text(json.dumps(asdict(checkpoint) | {"seal": _seal(checkpoint)}))
        new.replace(file)
    except OSError as error:
        raise UnusableFile(f"{file} can't be written: {error.strerror}.") from error


def _seal(checkpoint: Checkpoint) -> str:
    """Return what shows that nothing in the file was changed by mistake."""
    text = json.dumps([_FORM, asdict(checkpoint)], sort_keys=True)
    return sha256(text.encode()).hexdigest()

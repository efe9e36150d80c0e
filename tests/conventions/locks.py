"""What the files of requirements say."""

from __future__ import annotations

import re

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.system.server import ROOT

# Each list of what is wanted, and the lock that `make lock` writes from it.
LOCKS = {
    "requirements.in": "requirements.txt",
    "requirements-dev.in": "requirements-dev.txt",
    "requirements-fuzz.in": "requirements-fuzz.txt",
    "requirements-clients.in": "requirements-clients.txt",
    "requirements-audit.in": "requirements-audit.txt",
}


def entries(lock: str) -> list[str]:
    """The lines of a lock or of what it is made from, each with what it goes on to."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def requirement(entry: str) -> Requirement:
    return Requirement(entry.partition(" --hash")[0])


def wanted(file: str) -> list[Requirement]:
    """What a `.in` names, with what it includes."""
    found = []
    for entry in entries(file):
        if entry.startswith("-r "):
            found += wanted(entry.removeprefix("-r "))
        elif not entry.startswith("-c "):
            found.append(requirement(entry))
    return found


def applies(marker: Marker | None, extra: str = "") -> bool:
    return marker is None or marker.evaluate({"extra": extra})


def locked(lock: str) -> dict[str, str]:
    """The versions that a lock names for this machine."""
    here = [r for r in map(requirement, entries(lock)) if applies(r.marker)]
    return {canonicalize_name(r.name): next(iter(r.specifier)).version for r in here}

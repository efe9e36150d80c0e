"""What proposes newer versions looks at all the locks that there are."""

from __future__ import annotations

import json
import re

from tests.conventions.locks import LOCKS
from tests.system.server import ROOT


def test_every_lock_is_kept_up_to_date():
    told = json.loads((ROOT / "renovate.json").read_text())
    patterns = [pattern.strip("/") for pattern in told["pip-compile"]["managerFilePatterns"]]

    assert "pip-compile" in told["enabledManagers"]
    for lock in LOCKS.values():
        assert any(re.search(pattern, lock) for pattern in patterns), lock
        assert "uv pip compile" in (ROOT / lock).read_text().splitlines()[1], "how to make it anew"


def test_the_audit_asks_for_every_lock_and_passes_over_nothing():
    (recipe,) = re.findall(r"^audit:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)

    assert "in requirements*.txt" in recipe
    assert "--strict --require-hashes" in recipe
    assert {path.name for path in ROOT.glob("requirements*.txt")} == set(LOCKS.values())

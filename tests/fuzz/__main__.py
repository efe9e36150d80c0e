"""`python -m tests.fuzz SCHEMATHESIS [--seconds N] [--seed S]`: schemathesis on a live server.

All checks are on but two. `ignored_auth`: the server runs in open mode, where nobody signs in; who
may do what is for tests/api/auth/test_users.py. `positive_data_acceptance`: JSON Schema can't say
that a day exists, that a key was used before, or that two spellings must agree.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mongodb import replica_set
from tests.system.server import Server
from ticketing.services.verification import verify
from ticketing.storage.driver.clients import connect
from ticketing.storage.migrations.runner import migrate

CONFIG = Path(__file__).with_name("schemathesis.toml")

LEFT_OUT = "ignored_auth,positive_data_acceptance"


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the service over its OpenAPI document.")
    parser.add_argument("schemathesis", help="the program")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked = parser.parse_args()

    with (
        tempfile.TemporaryDirectory() as folder,
        replica_set(Path(folder) / "db") as uri,
        connect(uri, appname="fuzz") as client,
    ):
        migrate(client["fuzz"])
        with Server(uri, "fuzz", Path(folder) / "log", LOG_LEVEL="error") as server:
            code = _fuzz(asked, server.port, folder)
            crashes = server.log.count('"event": "crash"')
        differences = list(verify(client["fuzz"]))
    print(f"seed {asked.seed}: {crashes} crashes, verify: {differences or 'silent'}")
    return 1 if code or crashes or differences else 0


def _fuzz(asked: argparse.Namespace, port: int, folder: str) -> int:
    return subprocess.run(
        [asked.schemathesis, "--config-file", str(CONFIG),
         "run", f"http://127.0.0.1:{port}/openapi.json",
         "--checks", "all", "--exclude-checks", LEFT_OUT, "-n", "20",
         "--max-time", str(asked.seconds), "--seed", str(asked.seed), "--no-color"],
        cwd=folder, check=False,
    ).returncode  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

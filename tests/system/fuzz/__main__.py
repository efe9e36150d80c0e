"""`python -m tests.system.fuzz SCHEMATHESIS [--seconds N] [--seed S]`: schemathesis, live.

All checks are on, and nothing is left out: an administrator asks a server where users sign in.
`schemathesis.toml` says which refusals are none of a request's own fault, `hooks.py` what no schema
can say of one.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.storage.mongodb import replica_set
from tests.system.runs import ticketing
from tests.system.server import ROOT, Server
from ticketing.services.verification import verify
from ticketing.storage.driver.clients import connect
from ticketing.storage.migrations.runner import migrate

CONFIG = Path(__file__).with_name("schemathesis.toml")

ADMIN, PASSWORD = "boss@example.org", "a long password"
POWER = ("role", "active", "password_hash")
OWN_ID = "FUZZ_OWN_ID"
HOOKS = {"SCHEMATHESIS_HOOKS": "tests.system.fuzz.hooks"}
SETTINGS = {
    "AUTH": "required",
    "SECRET_KEY": "a-key-that-only-make-fuzz-signs-with",
    "LOG_LEVEL": "error",
    **{f"RATE_{name}": "off" for name in ("READS", "WRITES", "TOKENS", "REGISTRATION")},
}


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
        _make_admin(uri)
        [before] = client["fuzz"]["users"].find()
        with Server(uri, "fuzz", Path(folder) / "log", **SETTINGS) as server:
            code = _fuzz(asked, server.port, folder, str(before["_id"]))
            after = client["fuzz"]["users"].find_one({"_id": before["_id"]}) or {}
            crashes = server.log.count('"event": "crash"')
        differences = list(verify(client["fuzz"]))
    print(f"seed {asked.seed}: {crashes} crashes, verify: {differences or 'silent'}")
    # Who takes power from the account they ask with asks for nothing more.
    is_as_before = all(after.get(name) == before.get(name) for name in POWER)
    if not is_as_before:
        print("The administrator's own account was changed; what came after says nothing.")
    return 1 if code or crashes or differences or not is_as_before else 0


def _make_admin(uri: str) -> None:
    made = ticketing(
        "create-admin", ADMIN, answers=f"{PASSWORD}\n", MONGODB_URI=uri, DATABASE="fuzz", **SETTINGS
    )
    if made.returncode:
        raise SystemExit(made.stderr)


def _fuzz(asked: argparse.Namespace, port: int, folder: str, own_id: str) -> int:
    return subprocess.run(
        [asked.schemathesis, "--config-file", str(CONFIG),
         "run", f"http://127.0.0.1:{port}/openapi.json",
         "--auth", f"{ADMIN}:{PASSWORD}", "--checks", "all", "-n", "20",
         "--max-time", str(asked.seconds), "--seed", str(asked.seed), "--no-color"],
        cwd=folder, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **HOOKS, OWN_ID: own_id},
    ).returncode  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.system.clients PYTHON NODE [CHECK ...]`: others' tools on document and service.

PYTHON is the folder of an environment with what requirements-clients.txt names. NODE is one into
which what tests/system/clients/node/package-lock.json names is installed by npm; where there is no
node, or the registry can't be reached, what needs it is left out, and each of it is named.

    redocly, spectral      the document, by their recommended rules: no errors, no warnings
    docs/clients.md        HTTPie, and the generated clients: type-checked, run, in an empty folder
    newman                 postman_collection.json from top to bottom, open and required
    openapi-to-postmanv2   what it makes by itself: every request is taken, and answered as declared
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.storage.mongodb import replica_set
from tests.system.clients import page
from tests.system.clients.postman import COLLECTION
from tests.system.runs import ticketing
from tests.system.server import Server
from ticketing.storage.driver.clients import connect
from ticketing.storage.migrations.runner import migrate

PACKAGES = Path(__file__).with_name("node")

ADMIN, PASSWORD = "boss@example.org", "a long password"
REQUIRED = {
    "AUTH": "required",
    "SECRET_KEY": "a-key-that-only-make-clients-signs-with",
    "RATE_TOKENS": "off",
    "RATE_REGISTRATION": "off",
    "LOG_LEVEL": "error",
}
CREDENTIALS = ["--env-var", f"adminUser={ADMIN}", "--env-var", f"adminPass={PASSWORD}"]


@dataclass(frozen=True)
class Bench:
    """Where the tools are, what they look at, and where they may write."""

    python: Path
    node: Path
    folder: Path
    document: Path
    open_port: int
    required_port: int

    def run(self, *command: str, **environment: str) -> str:
        """Run a command that must succeed, in an empty folder, and return what it prints."""
        paths = [self.python / "bin", self.node / "node_modules" / ".bin", Path(os.environ["PATH"])]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "PATH": os.pathsep.join(map(str, paths)), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def shell(self, block: str, **environment: str) -> str:
        return self.run("bash", "-euc", block, **environment)


def redocly(bench: Bench) -> str:
    said = bench.run(
        "redocly", "lint", "--extends=recommended", "--format=json", str(bench.document),
        REDOCLY_TELEMETRY="off", REDOCLY_SUPPRESS_UPDATE_NOTICE="true",
    )  # fmt: skip
    totals = json.loads(said)["totals"]
    if totals["errors"] or totals["warnings"]:
        raise SystemExit(said)
    return "no errors, no warnings"


def spectral(bench: Bench) -> str:
    rules = bench.folder / "spectral.yaml"
    rules.write_text('extends: ["spectral:oas"]\n')
    bench.run("spectral", "lint", str(bench.document), "-r", str(rules), "--fail-severity", "hint")
    return "no errors, no warnings"


def httpie(bench: Bench) -> str:
    ((_, block),) = page.blocks("## HTTPie", bench.open_port)
    bench.shell(block)
    return "the block of docs/clients.md"


def _generated(bench: Bench, heading: str, file: str) -> str:
    """Do what the page says of a generated client: generate, write the story, check and run it."""
    ((_, token),) = page.blocks("## Generated clients", bench.open_port)
    fetch = "curl -s $OFFICE/openapi.json -o openapi.json\n"
    told = ""
    for language, block in page.blocks(heading, bench.open_port):
        if language == "sh":
            told = bench.shell(token + fetch + block)
        else:
            (bench.folder / file).write_text(block)
    return told.strip().splitlines()[-1]


def python_client(bench: Bench) -> str:
    return _generated(bench, "### Python", "story.py")


def typescript_client(bench: Bench) -> str:
    (bench.folder / "node_modules").symlink_to(bench.node / "node_modules")
    return _generated(bench, "### TypeScript", "story.mts")


def postman(bench: Bench) -> str:
    for port, known in ((bench.open_port, []), (bench.required_port, CREDENTIALS)):
        at = f"baseUrl=http://127.0.0.1:{port}"
        bench.run("newman", "run", str(COLLECTION), "--env-var", at, *known, "--bail")
    return "green from top to bottom, in open mode and with users"


def converted(bench: Bench) -> str:
    """Run what openapi-to-postmanv2 makes: no 400, no 401, nothing that is not declared."""
    made, report = bench.folder / "converted.json", bench.folder / "report.json"
    bench.run(
        "openapi2postmanv2", "-s", str(bench.document), "-o", str(made), "-O",
        "parametersResolution=Example,enableOptionalParameters=false",
    )  # fmt: skip
    bench.run(
        "newman", "run", str(made), "--reporters", "json", "--reporter-json-export", str(report),
        "--env-var", f"baseUrl=http://127.0.0.1:{bench.required_port}",
        "--env-var", f"basicAuthUsername={ADMIN}", "--env-var", f"basicAuthPassword={PASSWORD}",
        "--env-var", f"bearerToken={_token(bench)}",
    )  # fmt: skip
    runs = json.loads(report.read_text())["run"]["executions"]
    refused = [
        (one["item"]["name"], one["response"]["code"])
        for one in runs
        if one["response"]["code"] in (400, 401, 405, 415, 422, 500)
    ]
    if refused:
        raise SystemExit(f"Not taken as generated: {refused}")
    good = sum(one["response"]["code"] < 300 for one in runs)
    return f"{len(runs)} requests as generated, {good} of them with success"


def _token(bench: Bench) -> str:
    said = bench.run(
        "curl", "-s", "-X", "POST", f"http://127.0.0.1:{bench.required_port}/api/v1/tokens",
        "-u", f"{ADMIN}:{PASSWORD}",
    )  # fmt: skip
    token: str = json.loads(said)["token"]
    return token


Check = Callable[[Bench], str]
PYTHON: dict[str, Check] = {"HTTPie": httpie, "openapi-python-client, mypy": python_client}
NODE: dict[str, Check] = {
    "redocly": redocly,
    "spectral": spectral,
    "openapi-typescript, tsc": typescript_client,
    "newman": postman,
    "openapi-to-postmanv2": converted,
}


def lacks(node: Path) -> str | None:
    """Install what node needs; return why that can't be, where it is nobody's fault here."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "there is no node here"
    node.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGES / name, node)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(
        ["npm", "ci", *options], cwd=node, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return None
    if subprocess.run(["npm", "ping"], capture_output=True, check=False).returncode:
        return "npm's registry can't be reached"
    raise SystemExit(done.stderr)


@contextmanager
def service(folder: Path) -> Iterator[tuple[int, int]]:
    """Serve one database in open mode and one with users; give both ports."""
    with (
        replica_set(folder / "db") as uri,
        connect(uri, appname="clients") as client,
    ):
        for name in ("open", "required"):
            migrate(client[name])
        known = {"MONGODB_URI": uri, "DATABASE": "required", **REQUIRED}
        made = ticketing("create-admin", ADMIN, answers=f"{PASSWORD}\n", **known)
        if made.returncode:
            raise SystemExit(made.stderr)
        with (
            Server(uri, "open", folder / "open.log", LOG_LEVEL="error") as everybody,
            Server(uri, "required", folder / "required.log", **REQUIRED) as users,
        ):
            yield everybody.port, users.port


def main() -> int:
    python, node = (Path(argument).absolute() for argument in sys.argv[1:3])
    lacking = lacks(node)
    checks = {**PYTHON, **({} if lacking else NODE)}
    checks = {name: check for name, check in checks.items() if name in (sys.argv[3:] or checks)}
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        document.write_text(ticketing("openapi").stdout)
        with service(Path(folder)) as (open_port, required_port):
            for name, check in checks.items():
                (empty := Path(folder) / check.__name__).mkdir()
                began = time.monotonic()
                told = check(Bench(python, node, empty, document, open_port, required_port))
                print(f"  {name:30} {told} ({time.monotonic() - began:.0f} s)", flush=True)
    for name in NODE if lacking else ():
        print(f"  {name:30} SKIPPED: {lacking}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The blocks of docs/clients.md, as somebody copies them."""

from __future__ import annotations

import re

from tests.system.server import ROOT

PAGE = ROOT / "docs" / "clients.md"


def blocks(heading: str, port: int) -> list[tuple[str, str]]:
    """Return the blocks under a heading, each with its language, for a server on this port."""
    text = PAGE.read_text().replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    (section,) = re.findall(rf"^{heading}\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    return re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL)

"""What mypy can't say by itself: where nothing is of any type at all."""

from __future__ import annotations

import ast

from tests.conventions.sources import PACKAGE, files, nodes

# Past the schemas, and in the views, that get what a schema has made of a request.
TYPED = ("domain", "services", "command", "config", "api/views", "web/views", "metrics.py")

# A change of any field; a command of any result.
OF_ANY = {"domain/changes/change_set.py", "domain/commands/command.py", "domain/commands/events.py"}


def typed():
    for name in TYPED:
        yield from [PACKAGE / name] if name.endswith(".py") else files(PACKAGE / name)


def says_any(file):
    """Whether `Any` stands in a file, be it as a type or in one: `dict[str, Any]`."""
    return any(isinstance(node, ast.Name) and node.id == "Any" for node in nodes(file))


def test_past_the_schemas_everything_has_a_type():
    of_any = {str(file.relative_to(PACKAGE)) for file in typed() if says_any(file)}

    assert len(list(typed())) > 120
    assert of_any == OF_ANY

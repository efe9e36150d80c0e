"""A ticket office as a REST service: never oversold and never lost, fair, explained."""

__version__ = "0.1.0"

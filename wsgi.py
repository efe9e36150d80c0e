"""The application for a WSGI server of your own: `wsgi:app`."""

from __future__ import annotations

from ticketing.app import create_app

app = create_app()

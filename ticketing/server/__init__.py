"""Starts and stops things: gunicorn, the MongoDB that a newcomer gets, the command line."""

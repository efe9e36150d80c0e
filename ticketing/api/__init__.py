"""Speaks HTTP: blueprints, schemas, problems."""

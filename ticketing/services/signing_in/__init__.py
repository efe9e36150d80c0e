"""Signing in: passwords, tokens, keys and second factors, and how often somebody may guess."""

"""Accounts: signing in, tokens, passwords, and who may no longer."""

"""Accounts: who has one, how it is changed, and how somebody leaves."""

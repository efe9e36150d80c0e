"""Builds of the service with a guard taken out, which have to be noticed."""

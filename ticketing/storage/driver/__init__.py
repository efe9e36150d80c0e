"""The driver's plumbing: clients, deadlines, units of work, reads, readiness."""

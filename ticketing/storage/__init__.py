"""Speaks MongoDB: documents in here, values everywhere else."""

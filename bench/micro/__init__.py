"""Small parts looked at by themselves, within one process."""

"""Judges of what somebody was answered who wanted something done."""

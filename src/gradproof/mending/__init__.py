"""Mends programs: makes edits, reads again, runs again, writes what healed."""

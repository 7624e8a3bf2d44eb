"""The two records that faults read: what source says, what a run did.

Each is imported from its own module: who reads source never loads what only
a run fills.
"""

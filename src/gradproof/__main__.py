"""`python -m gradproof`."""

from .cli import main

main()

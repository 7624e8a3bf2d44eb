"""Two runs beside each other: `gradproof compare A B`."""

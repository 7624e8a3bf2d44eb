"""What the reader notices on its way, one habit a module: facts that faults ask for."""

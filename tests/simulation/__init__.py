"""A deterministic simulation of the whole tracker: one seed decides every interleaving, fault and time."""

"""The chaos run: the real stack under seeded faults, and a count of what it lost or reported twice. `make chaos`."""

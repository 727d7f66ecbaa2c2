"""Outputs: one file each, all of them a `tracker.ports.Sink`."""

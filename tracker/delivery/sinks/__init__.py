"""Outputs: one file each, all of them a `tracker.delivery.ports.Sink`."""

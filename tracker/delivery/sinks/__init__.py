"""Outputs: one file each, all of them a `tracker.delivery.record.Sink`."""

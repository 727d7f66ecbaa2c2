"""Measurements; none of them is a test. `make bench` runs them and prints tables."""

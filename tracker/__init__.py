"""Watch status pages; report every new incident update and component change once."""

__version__ = "0.1.0"

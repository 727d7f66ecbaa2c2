"""The routes, a file for each kind of reader. Each offers a `router`; `tracker.web.app` puts them together."""

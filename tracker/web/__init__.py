"""The web pages, the API and the feeds: reads the catalogue and the history, and answers over HTTP."""

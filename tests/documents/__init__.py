"""Checks of what people read: words in code and documents, links between documents. `python -m tests.documents`."""

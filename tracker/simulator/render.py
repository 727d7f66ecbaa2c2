"""From a revision to the body that a path answers, by the page's platform. Pure: the same input, the same bytes."""

from tracker.simulator.document import Document, content_type_of
from tracker.simulator.platforms import PLATFORMS
from tracker.simulator.revision import Revision


def render(revision: Revision, path: str, url: str, variation: int = 0) -> Document | None:
    """Return the answer of a page at `url` under `path`, None for a path without one.

    `variation` picks one of the answers of platforms whose answers differ although nothing is new.
    """
    platform = PLATFORMS[revision.platform]
    body = platform.body(revision, path, url, variation)
    if body is None:
        return None
    is_html = platform.is_html(revision, path, url)
    return Document(
        body=body,
        content_type=content_type_of("/") if is_html else content_type_of(path, "application/json"),
        modified_at=revision.modified_at,
        has_validators=platform.has_validators,
    )

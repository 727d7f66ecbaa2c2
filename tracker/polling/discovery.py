"""Find the source of a page by the answers of its addresses; it is used until it no longer fits.

    the page itself | its answer is the data? | else the planned addresses, one after the other, until one answers

The body of an answer decides: some platforms answer every path with 200 and a page for people.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from tracker.environment.credentials import NO_VARIABLES
from tracker.errors import (
    AddressRefused,
    BadUrl,
    Blocked,
    ConnectError,
    FetchError,
    HttpStatusError,
    NameNotResolved,
    ParseError,
    PollError,
    SignInNeeded,
    TlsError,
    TooLarge,
    TooManyRedirects,
)
from tracker.model.page_state import Source
from tracker.model.provider import Provider
from tracker.parse import FORMATS, Format, detect
from tracker.parse.page_data import is_page
from tracker.parse.sniff import refusal
from tracker.polling.answers import read_answer, shows_incidents, speaks
from tracker.polling.candidates import Candidate, allowed, itself, plan, rebased, same_host
from tracker.polling.fetcher import Fetched, Fetcher
from tracker.polling.page_request import page_request

#: Failures of one address that another address of the same page need not share.
_MAY_DIFFER = (HttpStatusError, TooLarge, TooManyRedirects, ParseError)
#: Failures that end the search if the page itself has them; at addresses that it only links to they say nothing.
_UNREACHABLE = (NameNotResolved, ConnectError, TlsError, AddressRefused, BadUrl)
_LONGEST_URL = 100
#: How much of an answer the message about a search repeats.
_LONGEST_ANSWER = 200
#: How much a status explains: 401 asks for credentials, while some servers answer 403 for a missing page.
_INFORMATIVE, _LIKELY = 2, 1
_WEIGHTS: dict[int, int] = {HTTPStatus.UNAUTHORIZED: _INFORMATIVE, HTTPStatus.FORBIDDEN: _LIKELY}
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_PATHS_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One address that was requested."""

    url: str
    #: The answer, in a few words.
    answered: str
    #: How much that explains the failure; 0 for an answer that any wrong address gives.
    weight: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The source of a page, and the answer that showed it."""

    source: Source
    answer: Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """The requests and the result of a search: either `found` or `failure` is there."""

    attempts: tuple[Attempt, ...]
    found: Found | None = None
    failure: PollError | None = None


def discover(
    fetcher: Fetcher,
    provider: Provider,
    environ: Mapping[str, str] = NO_VARIABLES,
    *,
    before: Source | None = None,
) -> Discovery:
    """Find the source of a provider's page, which had another one before.

    `environ` holds the variables that the provider's `headers_env` names. Raises nothing: a search that fails says why.
    """
    search = _Search(fetcher, provider, before, environ)
    try:
        found = search.run()
    except PollError as error:
        return Discovery(attempts=tuple(search.attempts), failure=error)
    return Discovery(attempts=tuple(search.attempts), found=found)


def ends_search(error: FetchError) -> bool:
    """Return whether a page's own failure ends the search for its data at once, without a further request."""
    if isinstance(error, Blocked):
        return False  # Pages that want a browser often answer programs at their endpoints.
    if isinstance(error, HttpStatusError):
        return error.status == HTTPStatus.TOO_MANY_REQUESTS or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return not isinstance(error, _MAY_DIFFER)


class _Search:
    """One search for one page's data."""

    def __init__(self, fetcher: Fetcher, provider: Provider, before: Source | None, environ: Mapping[str, str]) -> None:
        self._fetcher = fetcher
        self._provider = provider
        self._before = before
        self._environ = environ
        self._formats = {known.name: known for known in allowed(provider)}
        #: The address at which the page itself answered.
        self._landed_at = provider.url
        #: A feed that was found and is not of incidents.
        self._of_others: str | None = None
        self.attempts: list[Attempt] = []

    def run(self) -> Found:
        """Request the page, then the addresses that its answer suggests. Raises PollError."""
        outcome = self._try(itself(self._provider))
        if isinstance(outcome, Found):
            return self._beside_page(outcome) if is_page(outcome.answer.body) else outcome
        landing = outcome
        body = b""
        if isinstance(landing, Fetched):
            self._landed_at, body = landing.url, landing.body
        for candidate in plan(self._provider, self._landed_at, body):
            outcome = self._try(candidate)
            if isinstance(outcome, Found):
                return outcome
        raise ParseError(self._sentence(landing))

    def _beside_page(self, page: Found) -> Found:
        """Return an endpoint that holds the same data as the page for people in fewer bytes, else the page."""
        answer, name = page.answer, page.source.format
        self._landed_at = answer.url
        for candidate in plan(self._provider, answer.url, answer.body, only=name):
            outcome = self._try(candidate)
            if isinstance(outcome, Found) and outcome.source.format == name:
                return outcome
        return page

    def _try(self, candidate: Candidate) -> Found | Fetched | None:
        """Request one address; return its answer, readable or not, or None. Raises PollError to end the search."""
        try:
            answer = self._fetcher.fetch(page_request(self._provider, candidate.url, self._environ))
        except FetchError as error:
            self._note(candidate, str(error), _weight(error))
            if self._ends(candidate, error):
                raise
            return None
        if not isinstance(answer, Fetched):
            self._note(candidate, "answered 304 to a request without conditions")
            return None
        try:
            source = self._source(candidate, answer)
        except ParseError as error:
            if _is_binary(answer):
                self._note(
                    candidate, "answers data that is no text, perhaps compressed without saying so", _INFORMATIVE
                )
            else:
                self._note(candidate, str(error))
            return answer
        self._note(candidate, speaks(source).title)
        return Found(source=source, answer=answer)

    def _ends(self, candidate: Candidate, error: FetchError) -> bool:
        """Return whether a failure concerns the whole page, or may pass: going on would settle for a lesser source."""
        is_reachable = not isinstance(error, _UNREACHABLE)
        return ends_search(error) and (is_reachable or same_host(candidate.url, self._landed_at))

    def _source(self, candidate: Candidate, answer: Fetched) -> Source:
        """Return the source that an answer makes its address. Raises ParseError."""
        if candidate.url != self._provider.url and is_page(answer.body):
            # Some software answers every path with its page, whose data would be taken for that of the address.
            raise refusal(answer.body, answer.content_type)
        known = self._format(candidate, answer)
        if self._provider.format not in ("auto", known.name):
            raise ParseError(f"its format is {known.title}, not {self._formats[self._provider.format].title}")
        source = candidate.source(known)
        read_answer(answer, source)
        is_about_incidents = shows_incidents(answer, source)
        if not is_about_incidents and not self._is_given(candidate, answer, known):
            self._of_others = self._of_others or answer.url
            raise ParseError(f"{known.title}, but its entries do not look like incidents")
        # A feed that the user named is used at its own address only: elsewhere it may be another feed.
        stays = same_host(source.primary, answer.url) and (is_about_incidents or source.primary == answer.url)
        return source if stays else rebased(source, answer.url)

    def _is_given(self, candidate: Candidate, answer: Fetched, known: Format) -> bool:
        """Return whether the user named this answer, rather than a page that links or redirects to it."""
        if self._before is not None:
            return (known.name, answer.url) == (self._before.format, self._before.primary)
        is_page = candidate.url == self._provider.url
        return is_page and (self._provider.format == "feed" or same_host(answer.url, candidate.url))

    def _format(self, candidate: Candidate, answer: Fetched) -> Format:
        """Return an answer's format. Raises ParseError."""
        expected = [self._formats.get(name) or FORMATS[name] for name in candidate.expected]
        for known in expected:
            if known.recognises(answer.body, answer.content_type):
                return known
        try:
            return detect(answer.body, answer.content_type)
        except ParseError:
            # The answer of a quiet page may be too empty to be recognised by itself.
            for known in expected:
                if _can_read(known, answer):
                    return known
            raise

    def _note(self, candidate: Candidate, answered: str, weight: int = 0) -> None:
        self.attempts.append(Attempt(url=candidate.url, answered=answered, weight=weight))

    def _sentence(self, landing: Fetched | None) -> str:
        """Return a sentence with the kind of page that was found, and the remedy."""
        page, *others = self.attempts
        paths = list(dict.fromkeys(urlsplit(attempt.url).path or "/" for attempt in others))[:_PATHS_NAMED]
        is_web_page = landing is not None and _is_html(landing)
        what = "a web page without a status page's data that can be read" if is_web_page else page.answered
        such_as = f", such as {', '.join(path[:40] for path in paths)}" if paths else ""
        beside = f"; the feed {_cut(self._of_others)} does not look like one of incidents" if self._of_others else ""
        informative = _most_informative(self.attempts, _INFORMATIVE if is_web_page else _LIKELY)
        instead = (
            "" if informative in (None, page) else f"; {_place(informative)}: {informative.answered[:_LONGEST_ANSWER]}"
        )
        remedy = "" if informative else "; name an endpoint or a feed of it as url"
        number = _count(len(self.attempts), "address", "addresses")
        return (
            f"{_cut(self._provider.url)}{' is ' if is_web_page else ': '}{what[:_LONGEST_ANSWER]}{instead} (tried "
            f"{number}{such_as}){beside}{remedy}"
        )


def _weight(error: FetchError) -> int:
    """Return a rank of a failure: the higher, the better it explains why nothing can be read."""
    if isinstance(error, SignInNeeded | Blocked | TooManyRedirects | TooLarge):
        return _INFORMATIVE
    if isinstance(error, HttpStatusError):
        return _WEIGHTS.get(error.status, 0)
    return _INFORMATIVE


def _most_informative(attempts: Sequence[Attempt], least: int) -> Attempt | None:
    """Return the attempt that explains most, the first of equals; None if none explains enough."""
    best = max(attempts, key=lambda attempt: attempt.weight)
    return best if best.weight >= least else None


def _place(attempt: Attempt) -> str:
    return (urlsplit(attempt.url).path or "/")[:40]


def _can_read(known: Format, answer: Fetched) -> bool:
    try:
        known.read(answer.body, answer.url, answer.content_type)
    except ParseError:
        return False
    return True


def _is_binary(answer: Fetched) -> bool:
    """Return whether an answer is not text; UTF-16 has zero bytes, but begins with a byte order mark or `<`."""
    start = answer.body[:512]
    return bool(_CONTROL.search(start)) and not start.startswith((b"\xff\xfe", b"\xfe\xff")) and b"<\0" not in start


def _is_html(answer: Fetched) -> bool:
    return "html" in (answer.content_type or "").lower() or b"<html" in answer.body[:4096].lower()


def _cut(url: str) -> str:
    return url if len(url) <= _LONGEST_URL else f"{url[:_LONGEST_URL]}…"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"

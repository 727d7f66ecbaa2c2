"""Where a webhook leads, and what the request says; what each mistake in the environment says."""

from pathlib import Path

import pytest

from tests.fakes import NOON, FakeClock, event
from tests.outbox import OK, webhook
from tests.receiver import SECRET
from tracker.delivery.poster import PostRequest
from tracker.delivery.retry_policy import ReceiverResponse
from tracker.delivery.sinks.webhook import WebhookSender, endpoint, shown_address
from tracker.errors import ConfigError
from tracker.model.event import encode_event
from tracker.model.provider import Webhook

HOOK = "https://hooks.acme.example/T0/hunter2"


class FakePoster:
    """A network that keeps what is posted."""

    def __init__(self) -> None:
        self.requests: list[PostRequest] = []

    def post(self, request: PostRequest) -> ReceiverResponse:
        self.requests.append(request)
        return OK


def sent(sink: Webhook, clock: FakeClock | None = None, **environ: str) -> PostRequest:
    poster = FakePoster()
    assert WebhookSender(poster, environ, clock or FakeClock()).send(sink, event("acme/i1/u1")) == OK
    return poster.requests[0]


def test_an_event_is_posted_as_it_stands_on_record() -> None:
    request = sent(webhook(url="https://hooks.acme.example/ops", allow_private=True))

    assert request.url == "https://hooks.acme.example/ops"
    assert request.body == encode_event(event("acme/i1/u1"))
    assert request.allow_private is True
    assert request.headers == {
        "Content-Type": "application/json",
        "Idempotency-Key": "acme/i1/u1",
        "webhook-id": "acme/i1/u1",
        "webhook-timestamp": str(int(NOON.timestamp())),
    }


def test_another_attempt_has_the_same_id_at_another_time() -> None:
    clock = FakeClock()
    sink = webhook(secret_env="OPS_SECRET")
    first = sent(sink, clock, OPS_SECRET=SECRET).headers
    clock.passes(seconds=2)
    second = sent(sink, clock, OPS_SECRET=SECRET).headers

    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 2
    assert first["webhook-signature"] != second["webhook-signature"]


def test_an_address_may_be_in_the_environment_or_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "url"
    path.write_text(f"{HOOK}\n")
    sink = webhook(url=None, url_env="OPS_URL")

    assert endpoint(sink, {"OPS_URL": HOOK}).url == HOOK
    assert endpoint(sink, {"OPS_URL_FILE": str(path)}).url == HOOK


def test_a_secret_that_changes_is_used_with_the_next_event(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    environ = {"OPS_SECRET_FILE": str(path)}
    path.write_text(SECRET)
    before = endpoint(webhook(secret_env="OPS_SECRET"), environ)
    path.write_text(f"{SECRET} {SECRET}")

    assert len(before.keys) == 1
    assert len(endpoint(webhook(secret_env="OPS_SECRET"), environ).keys) == 2


MISTAKES = {
    "no address": (
        webhook(url=None, url_env="OPS_URL"),
        {},
        'sink "ops": url_env names OPS_URL, which is not set; set it, or OPS_URL_FILE to a file that holds it',
    ),
    "no key": (webhook(secret_env="OPS_SECRET"), {}, 'sink "ops": secret_env names OPS_SECRET, which is not set'),
    "an address without a scheme": (
        webhook(url=None, url_env="OPS_URL"),
        {"OPS_URL": "hooks.acme.example/hunter2"},
        'sink "ops": OPS_URL holds no http or https address; correct it',
    ),
    "an address with a password": (
        webhook(url=None, url_env="OPS_URL"),
        {"OPS_URL": "https://me:hunter2@hooks.acme.example"},
        'sink "ops": OPS_URL holds no http or https address; correct it',
    ),
    "a key of the wrong form": (
        webhook(secret_env="OPS_SECRET"),
        {"OPS_SECRET": "hunter2"},
        'sink "ops": the key in OPS_SECRET does not begin with whsec_; make one with: echo "whsec_$(openssl',
    ),
    "a file that is not there": (
        webhook(secret_env="OPS_SECRET"),
        {"OPS_SECRET_FILE": "/nowhere/hunter2"},
        "OPS_SECRET_FILE names a file that does not exist",
    ),
}


@pytest.mark.parametrize(("sink", "environ", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_an_error_is_one_sentence_without_the_secret(sink: Webhook, environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        endpoint(sink, environ)

    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_what_is_shown_of_an_address_is_no_secret() -> None:
    assert shown_address(webhook(url=HOOK)) == "hooks.acme.example"
    assert shown_address(webhook(url="http://127.0.0.1:8080/hunter2")) == "127.0.0.1:8080"
    assert shown_address(webhook(url=None, url_env="OPS_URL")) == "$OPS_URL"

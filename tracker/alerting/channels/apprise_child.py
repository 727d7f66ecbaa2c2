"""The process that calls apprise once: a job comes in on standard input, the exit status says what became of it."""

import signal
import sys
from typing import Final

import msgspec

ACCEPTED: Final = 0
NOT_ACCEPTED: Final = 3
UNKNOWN_ADDRESS: Final = 4


class AppriseJob(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one service."""

    #: A secret.
    url: str
    title: str
    body: str
    #: info, success, warning, failure
    type: str
    timeout_s: float


def main() -> int:
    """Send the message, and return the exit status."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=AppriseJob)
    # Ends this process, should the one that watches it be gone.
    signal.setitimer(signal.ITIMER_REAL, job.timeout_s)
    import apprise  # noqa: PLC0415  # it takes a second, and is an extra

    service = apprise.Apprise()
    if not service.add(job.url):
        return UNKNOWN_ADDRESS
    sent = service.notify(
        body=job.body,
        title=job.title,
        notify_type=apprise.NotifyType(job.type),
        body_format=apprise.NotifyFormat.TEXT,
        # As it is: no tags, no emoji names, no escapes of the library's own.
        interpret_escapes=False,
    )
    return ACCEPTED if sent else NOT_ACCEPTED


if __name__ == "__main__":
    sys.exit(main())

"""A decider and a sender that die all the time: each life is a fork of this process, ended by a failpoint (SIGKILL).

    TRACKER_FAILPOINTS=sent:0.1 python -m tests.chaos.alert_sender URL DEATHS

Lives until it has died so often, then once more without dying until its standard input ends; prints how often it died.
"""

import os
import sys
import time

from tracker import failpoints
from tracker.alerting.channel import Channel
from tracker.alerting.decider import Decider
from tracker.alerting.sender import Sender
from tracker.bootstrap import build_channel, client_options
from tracker.environment.settings import Settings
from tracker.errors import Conflict, StoreError
from tracker.fetch.post import RequestsPoster
from tracker.model.clock import utc_now
from tracker.store.alert_rows import RedisRows
from tracker.store.alerts import RedisAlerts
from tracker.store.connection import connect

#: What a dead one held is free again after this long.
LEASE_S = 0.15


def channels_at(url: str) -> dict[str, Channel]:
    """Return the channels that are configured; none of them has a connection yet."""
    settings = Settings.from_environment({**os.environ, "REDIS_URL": url})
    options = client_options(settings)
    client, poster = connect(url), RequestsPoster(options)
    try:
        return {config.name: build_channel(config, options, poster) for config in RedisAlerts(client).config().channels}
    finally:
        client.close()


def live(url: str, channels: dict[str, Channel]) -> None:
    """Decide and send for ever."""
    client = connect(url)
    alerts, rows = RedisAlerts(client, LEASE_S), RedisRows(client, LEASE_S)
    decider, sender = Decider(alerts, utc_now), Sender(rows, channels, utc_now)
    while True:
        try:
            decider.run()
            busy = [sender.send(name) for name in alerts.channels_ready(channels, utc_now())]
        except (Conflict, StoreError):
            continue
        if not any(busy):
            time.sleep(0.005)


def main(url: str, deaths: int) -> None:
    died, channels = 0, channels_at(url)
    while died < deaths:
        child = os.fork()
        if not child:
            live(url, channels)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit(f"a life ended by itself: {status}")
        died += 1
    print(died, flush=True)
    child = os.fork()
    if not child:
        failpoints._armed.clear()
        live(url, channels)
    sys.stdin.read()
    os.kill(child, 9)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

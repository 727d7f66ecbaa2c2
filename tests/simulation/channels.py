"""Services that show alerts, and remember what they show: one knows keys of alerts, one names each message itself."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from tests.simulation.scheduler import Scheduler
from tracker.alerting.channel import Message, Operation
from tracker.errors import ChannelFailed, ChannelRefused, ConnectError, FetchTimeout

#: How often a call fails, in calls of a thousand. What says "after" took effect all the same.
FATES: Final = {
    "killed": 15,
    "killed after": 25,
    "no connection": 15,
    "no answer": 15,
    "no answer after": 30,
    "502 after": 15,
    "503": 20,
    "429": 20,
    "400": 8,
}
#: A call that has taken longer was given up, and no request of it arrives any more.
GIVEN_UP_AFTER: Final = timedelta(seconds=15)
#: How long a service that is asked too often wants to be left alone, in seconds.
PAUSES_S: Final = (1, 30, 300)


@dataclass
class Shown:
    """One object that a service shows."""

    is_open: bool = True
    opens: int = 1
    closes: int = 0


class Pause(NamedTuple):
    """A pause that a service asked for."""

    until: datetime
    #: Who was asked to wait, and how much had happened by then.
    process: str
    steps: int


@dataclass
class FakeChannel:
    """One service. `wrong` says what it was sent that it never should have been."""

    name: str
    scheduler: Scheduler
    has_keys: bool
    sends_every_update: bool
    resend_every: timedelta | None = None
    #: What it shows of each alert: one object where it knows keys, else one for each message that opened.
    shown: defaultdict[str, list[Shown]] = field(default_factory=lambda: defaultdict(list))
    #: What took effect, by alert, in order.
    taken: defaultdict[str, list[tuple[Operation, int]]] = field(default_factory=lambda: defaultdict(list))
    #: Alerts of which something was refused for good.
    refused: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    _calls: dict[str, datetime] = field(default_factory=dict)
    _pause: Pause | None = None

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Show a message as the service does, if nothing breaks."""
        me, now = self.scheduler.current.name, self.scheduler.clock.now
        fate = self.scheduler.fate(f"{self.name}: {message.act} {message.key} {message.version}", "channel", FATES)
        self._is_alone(me, now, message)
        self._calls[me] = now
        try:
            return self._sent(message, handle, fate, in_doubt=in_doubt)
        finally:
            self._calls.pop(me, None)

    def _is_alone(self, me: str, now: datetime, message: Message) -> None:
        others = [name for name, since in self._calls.items() if name != me and now < since + GIVEN_UP_AFTER]
        if others:
            self.wrong.append(f"{me} sent {message.key} to {self.name} while {others} did")
        if self._pause is None or now >= self._pause.until:
            return
        if self._is_known(self._pause):
            self.wrong.append(
                f"{self.name} was sent {message.key} before {self._pause.until:%H:%M:%S}, as it had asked"
            )
        self._pause = None

    def _is_known(self, pause: Pause) -> bool:
        """Return whether who was asked to wait has written that down; one that died or stands still has not."""
        steps = self.scheduler.trace[pause.steps :]
        written = next((step for step in steps if step.process == pause.process), None)
        return written is not None and written.fate not in ("breaks", "killed")

    def _sent(self, message: Message, handle: str | None, fate: str, *, in_doubt: bool) -> str | None:
        if fate == "killed":
            self.scheduler.kill()
        if fate == "no connection":
            raise ConnectError("no connection")
        began_at = self.scheduler.clock.now
        is_early = self.scheduler.random.random() < 0.5
        takes = fate in ("", "killed after", "no answer after", "502 after")
        if takes and is_early:
            handle = self._take(message, handle, in_doubt=in_doubt)
        self.scheduler.sleep(self.scheduler.random.choice((0.01, 0.5, 14)))
        if not is_early and self.scheduler.clock.now - began_at > GIVEN_UP_AFTER:
            raise FetchTimeout("given up")
        if takes and not is_early:
            handle = self._take(message, handle, in_doubt=in_doubt)
        self._break(message, fate)
        return handle

    def _break(self, message: Message, fate: str) -> None:
        match fate:
            case "killed after":
                self.scheduler.kill()
            case "no answer" | "no answer after":
                raise FetchTimeout("no answer")
            case "502 after":
                raise ChannelFailed("answered 502")
            case "503":
                raise ChannelFailed("answered 503", may_have_arrived=False)
            case "429":
                pause_s = self.scheduler.random.choice(PAUSES_S)
                until = self.scheduler.clock.now + timedelta(seconds=pause_s)
                self._pause = Pause(until, self.scheduler.current.name, len(self.scheduler.trace))
                raise ChannelFailed("answered 429", pause_s, may_have_arrived=False)
            case "400":
                self.refused.add(message.key)
                raise ChannelRefused("answered 400")

    def _take(self, message: Message, handle: str | None, *, in_doubt: bool) -> str | None:
        self._has_order(message, in_doubt=in_doubt)
        self.taken[message.key].append((message.act, message.version))
        objects = self.shown[message.key]
        place = self._place(message, objects, handle)
        if place is None:
            if message.act is not Operation.OPEN:
                self.wrong.append(f"{self.name} shows nothing of {message.key}, and it was sent a {message.act}")
            objects.append(Shown())
            place = len(objects) - 1
        known = objects[place]
        if message.act is Operation.OPEN and not known.is_open:
            known.is_open, known.opens = True, known.opens + 1
        elif message.act is Operation.CLOSE:
            if not known.is_open and not in_doubt:
                self.wrong.append(f"{self.name} was sent a second close of {message.key}")
            known.closes += known.is_open
            known.is_open = False
        elif not known.is_open:
            self.wrong.append(f"{self.name} was sent a {message.act} of {message.key} after its close")
        return None if self.has_keys else str(place)

    def _place(self, message: Message, objects: list[Shown], handle: str | None) -> int | None:
        """Return which of the objects a message is about, None for a new one."""
        if self.has_keys:
            return 0 if objects else None
        if handle is None or (message.act is Operation.OPEN and not objects[int(handle)].is_open):
            return None
        return int(handle)

    def _has_order(self, message: Message, *, in_doubt: bool) -> None:
        last = self.taken[message.key][-1:]
        if last and (message.version < last[0][1] or (message.version == last[0][1] and not in_doubt)):
            self.wrong.append(
                f"{self.name} was sent {message.act} {message.version} of {message.key} after {last[0][0]} {last[0][1]}"
            )

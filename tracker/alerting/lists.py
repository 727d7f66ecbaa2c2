"""Lists of alerts with what each channel was sent of them, a page at a time."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from tracker.alerting.alert import Alert
from tracker.alerting.facts import AlertPosition, OpenAlert, most_urgent
from tracker.alerting.report import AlertReport, Delivery, deliveries, report
from tracker.alerting.row import SentRow

#: Alerts that are read together where a page is filled from those that match.
_TOGETHER: Final = 200


class ListedAlerts(Protocol):
    """Alerts in order. Every method raises StoreError."""

    def places(
        self,
        *,
        is_open: bool | None,
        provider_ids: Collection[str] = (),
        after: AlertPosition | None = None,
        count: int,
    ) -> Sequence[AlertPosition]:
        """Return up to `count` alerts that are open, or over, or all, behind a place; those that opened last first."""
        ...

    def open_facts(self) -> Sequence[OpenAlert]:
        """Return every open alert with its facts."""
        ...

    def ended_last(self, count: int) -> Sequence[str]:
        """Return the ids of the alerts that ended last, the newest first."""
        ...

    def dead(self, channels: Sequence[str], count: int) -> Mapping[str, Sequence[str]]:
        """Return for each channel the alerts of which it holds a dead letter, the newest ones, up to `count`."""
        ...

    def named(self, ids: Sequence[str]) -> Sequence[Alert]:
        """Return the alerts of these ids that exist."""
        ...


class ListedRows(Protocol):
    """The messages sent so far. Raises StoreError."""

    def rows(self, wanted: Mapping[str, Sequence[str]]) -> Mapping[str, Mapping[str, SentRow]]:
        """Return the messages of some alerts, by channel and alert id; `wanted` has the ids by channel."""
        ...


class AlertLists:
    """Alerts as lists show them. Every method raises StoreError."""

    def __init__(self, alerts: ListedAlerts, rows: ListedRows) -> None:
        self._alerts = alerts
        self._rows = rows

    def page(
        self,
        *,
        is_open: bool | None = None,
        provider_ids: Collection[str] = (),
        after: AlertPosition | None = None,
        count: int,
    ) -> tuple[tuple[AlertReport, ...], AlertPosition | None]:
        """Return up to `count` alerts behind a place, the newest first, and the last one's place if more follow."""
        places = self._alerts.places(is_open=is_open, provider_ids=provider_ids, after=after, count=count + 1)
        shown = places[:count]
        return self.named([place.id for place in shown]), shown[-1] if len(places) > count else None

    def deliveries(
        self,
        *,
        channel: str | None,
        is_dead: bool | None,
        provider_ids: Collection[str] = (),
        after: AlertPosition | None = None,
        count: int,
    ) -> tuple[tuple[Delivery, ...], AlertPosition | None]:
        """Return the deliveries of up to `count` alerts that have some, and the last place if more may follow."""
        found: list[Delivery] = []
        alerts = 0
        while alerts < count:
            reports, following = self.page(provider_ids=provider_ids, after=after, count=_TOGETHER)
            for each in reports:
                matching = [one for one in deliveries(each) if _matches(one, channel, is_dead)]
                found += matching
                alerts += bool(matching)
                after = AlertPosition(each.opened_at.timestamp(), each.id)
                if alerts == count:
                    return tuple(found), None if following is None and each is reports[-1] else after
            if following is None:
                break
        return tuple(found), None

    def open(self) -> Sequence[OpenAlert]:
        """Return every open alert with its facts."""
        return self._alerts.open_facts()

    def most_urgent(self, found: Sequence[OpenAlert], count: int) -> tuple[AlertReport, ...]:
        """Return those of the open alerts that somebody should look at first."""
        return self.named(most_urgent(found, count))

    def ended_last(self, count: int) -> tuple[AlertReport, ...]:
        """Return the alerts that ended last, the newest first."""
        return self.named(self._alerts.ended_last(count))

    def dead(self, channels: Sequence[str], count: int) -> tuple[AlertReport, ...]:
        """Return alerts of which a channel holds a dead letter: the newest `count` of each channel."""
        by_channel = self._alerts.dead(channels, count)
        return self.named(list(dict.fromkeys(alert_id for ids in by_channel.values() for alert_id in ids)))

    def named(self, ids: Sequence[str]) -> tuple[AlertReport, ...]:
        """Return the alerts of these ids that exist, in this order."""
        known = {alert.id: alert for alert in self._alerts.named(ids)}
        alerts = [known[alert_id] for alert_id in ids if alert_id in known]
        wanted: dict[str, list[str]] = {}
        for alert in alerts:
            for channel in alert.targets:
                wanted.setdefault(channel, []).append(alert.id)
        sent = self._rows.rows(wanted) if wanted else {}
        return tuple(
            report(alert, {name: sent.get(name, {}).get(alert.id, SentRow()) for name in alert.targets})
            for alert in alerts
        )


def _matches(each: Delivery, channel: str | None, is_dead: bool | None) -> bool:
    is_of_channel = channel in (None, each.channel.channel)
    return is_of_channel and (is_dead is None or (each.channel.dead_letter is not None) is is_dead)

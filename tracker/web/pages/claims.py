"""Whether somebody has taken on the alerts of a provider, as its row on Now says it. Pure."""

from collections.abc import Iterable
from enum import StrEnum

from tracker.alerting.alert import AlertState
from tracker.alerting.facts import OpenAlert


class Acknowledgement(StrEnum):
    """The words about the open alerts of a provider, those that matter most first."""

    NOBODY = "not acknowledged"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"


_TAKEN = {AlertState.ACKNOWLEDGED: Acknowledgement.ACKNOWLEDGED, AlertState.SNOOZED: Acknowledgement.SNOOZED}
_RANKS = {claim: rank for rank, claim in enumerate(Acknowledgement)}


def claims(alerts: Iterable[OpenAlert]) -> dict[str, Acknowledgement]:
    """Return by provider id the claim of each provider with an alert that was sent to somebody, drills left out."""
    found: dict[str, Acknowledgement] = {}
    for alert in alerts:
        facts = alert.facts
        claim = Acknowledgement.NOBODY if facts.is_waiting else _TAKEN.get(facts.state)
        if claim is None or not facts.is_counted or not facts.has_channels:
            continue
        provider = alert.id.partition("/")[0]
        found[provider] = min(claim, found.get(provider, claim), key=_RANKS.__getitem__)
    return found

"""The only way for vendor data into the tracker: the bytes of an answer -> Snapshot.

Wire shapes never leave this package. A format is recognised by its answer, never by URL or status code.
"""

from collections.abc import Mapping

from tracker.errors import ParseError
from tracker.model.format_definition import FormatDefinition
from tracker.model.page import Snapshot
from tracker.parse.adobe import ADOBE
from tracker.parse.adyen import ADYEN
from tracker.parse.alibaba import ALIBABA
from tracker.parse.apple import APPLE
from tracker.parse.aws import AWS
from tracker.parse.aws_feed import AWS_FEED
from tracker.parse.azure import AZURE
from tracker.parse.azuredevops import AZUREDEVOPS
from tracker.parse.betterstack import BETTERSTACK
from tracker.parse.cachet import CACHET
from tracker.parse.checkly import CHECKLY
from tracker.parse.cstate import CSTATE
from tracker.parse.custom import custom_format
from tracker.parse.datadog import DATADOG
from tracker.parse.feed import FEED
from tracker.parse.format import Endpoints, Format
from tracker.parse.gatus import GATUS
from tracker.parse.google import GOOGLE
from tracker.parse.heroku import HEROKU
from tracker.parse.incidentio import INCIDENTIO
from tracker.parse.instatus import INSTATUS
from tracker.parse.links import keeping_links
from tracker.parse.microsoft_graph import MICROSOFT_GRAPH
from tracker.parse.oci import OCI
from tracker.parse.okta import OKTA
from tracker.parse.onlineornot import ONLINEORNOT
from tracker.parse.openstatus import OPENSTATUS
from tracker.parse.pagerduty import PAGERDUTY
from tracker.parse.railway import RAILWAY
from tracker.parse.salesforce import SALESFORCE
from tracker.parse.slack import SLACK
from tracker.parse.sniff import refusal
from tracker.parse.sorry import SORRY
from tracker.parse.statusio import STATUSIO
from tracker.parse.statusiq import STATUSIQ
from tracker.parse.statuspage import STATUSPAGE
from tracker.parse.statuspal import STATUSPAL
from tracker.parse.upptime import UPPTIME
from tracker.parse.uptimecom import UPTIMECOM
from tracker.parse.uptimekuma import UPTIMEKUMA
from tracker.parse.uptimerobot import UPTIMEROBOT
from tracker.parse.vultr import VULTR
from tracker.parse.xai import XAI
from tracker.parse.yandex import YANDEX
from tracker.parse.zendesk import ZENDESK

__all__ = ["FORMATS", "FORMAT_NAMES", "Endpoints", "Format", "detect", "format_of", "read"]

#: Every format by name, in the order in which they are tried.
FORMATS: Mapping[str, Format] = {
    known.name: keeping_links(known)
    for known in (
        # Before Statuspage, whose answers incident.io's pages give as well, with less in them.
        INCIDENTIO,
        STATUSPAGE,
        INSTATUS,
        BETTERSTACK,
        DATADOG,
        OPENSTATUS,
        UPTIMEKUMA,
        CHECKLY,
        AWS,
        AWS_FEED,
        AZURE,
        GOOGLE,
        HEROKU,
        SALESFORCE,
        SLACK,
        XAI,
        STATUSIO,
        VULTR,
        YANDEX,
        CACHET,
        SORRY,
        STATUSPAL,
        CSTATE,
        STATUSIQ,
        ONLINEORNOT,
        PAGERDUTY,
        UPTIMEROBOT,
        APPLE,
        OKTA,
        ZENDESK,
        ADYEN,
        RAILWAY,
        AZUREDEVOPS,
        ALIBABA,
        ADOBE,
        UPPTIME,
        GATUS,
        UPTIMECOM,
        MICROSOFT_GRAPH,
        OCI,
        # Reads any feed, and so comes last.
        FEED,
    )
}
FORMAT_NAMES: tuple[str, ...] = tuple(FORMATS)


def format_of(name: str, definition: FormatDefinition | None = None) -> Format | None:
    """Return the format that a page or a source names, None for one that there is no more."""
    return FORMATS.get(name) if definition is None else custom_format(definition)


def detect(body: bytes, content_type: str | None = None) -> Format:
    """Return the format of an answer. Raises ParseError, which says what the answer looks like instead."""
    for known in FORMATS.values():
        if known.recognises(body, content_type):
            return known
    raise refusal(body, content_type)


def read(body: bytes, *, format: str = "auto", url: str = "", content_type: str | None = None) -> Snapshot:
    """Read an answer from `url`. Raises ParseError, and nothing else, on any bytes."""
    if format == "auto":
        return detect(body, content_type).read(body, url, content_type)
    known = FORMATS.get(format)
    if known is None:
        raise ParseError(f"there is no format {format!r}; the formats are {', '.join(FORMAT_NAMES)}")
    return known.read(body, url, content_type)

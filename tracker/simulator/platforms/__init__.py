"""The platforms that a simulated page may run on, one module each: the vendor's side of what `tracker.parse` reads."""

from collections.abc import Mapping

from tracker.simulator.platform import Platform
from tracker.simulator.platforms.aws import AWS
from tracker.simulator.platforms.azure import AZURE
from tracker.simulator.platforms.betterstack import BETTERSTACK
from tracker.simulator.platforms.cachet import CACHET
from tracker.simulator.platforms.checkly import CHECKLY
from tracker.simulator.platforms.cstate import CSTATE
from tracker.simulator.platforms.datadog import DATADOG
from tracker.simulator.platforms.google import GOOGLE
from tracker.simulator.platforms.heroku import HEROKU
from tracker.simulator.platforms.incidentio import INCIDENTIO
from tracker.simulator.platforms.instatus import INSTATUS
from tracker.simulator.platforms.openstatus import OPENSTATUS
from tracker.simulator.platforms.salesforce import SALESFORCE
from tracker.simulator.platforms.slack import SLACK
from tracker.simulator.platforms.sorry import SORRY
from tracker.simulator.platforms.statusio import STATUSIO
from tracker.simulator.platforms.statuspage import STATUSPAGE
from tracker.simulator.platforms.statuspal import STATUSPAL
from tracker.simulator.platforms.uptimekuma import UPTIMEKUMA
from tracker.simulator.platforms.vultr import VULTR
from tracker.simulator.platforms.xai import XAI
from tracker.simulator.platforms.yandex import YANDEX

#: Every platform by name.
PLATFORMS: Mapping[str, Platform] = {
    platform.name: platform
    for platform in (
        STATUSPAGE,
        INCIDENTIO,
        AWS,
        AZURE,
        GOOGLE,
        HEROKU,
        SALESFORCE,
        SLACK,
        XAI,
        INSTATUS,
        BETTERSTACK,
        CHECKLY,
        DATADOG,
        OPENSTATUS,
        UPTIMEKUMA,
        STATUSIO,
        VULTR,
        YANDEX,
        CACHET,
        SORRY,
        STATUSPAL,
        CSTATE,
    )
}

"""The platforms that a simulated page may run on, one module each: the vendor's side of what `tracker.parse` reads."""

from collections.abc import Mapping

from tracker.simulator.platform import Platform
from tracker.simulator.platforms.betterstack import BETTERSTACK
from tracker.simulator.platforms.checkly import CHECKLY
from tracker.simulator.platforms.datadog import DATADOG
from tracker.simulator.platforms.incidentio import INCIDENTIO
from tracker.simulator.platforms.instatus import INSTATUS
from tracker.simulator.platforms.openstatus import OPENSTATUS
from tracker.simulator.platforms.statuspage import STATUSPAGE
from tracker.simulator.platforms.uptimekuma import UPTIMEKUMA

#: Every platform by name.
PLATFORMS: Mapping[str, Platform] = {
    platform.name: platform
    for platform in (
        STATUSPAGE,
        INCIDENTIO,
        INSTATUS,
        BETTERSTACK,
        CHECKLY,
        DATADOG,
        OPENSTATUS,
        UPTIMEKUMA,
    )
}

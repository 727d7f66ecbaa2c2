"""The platforms that a simulated page may run on, one module each: the vendor's side of what `tracker.parse` reads."""

from collections.abc import Mapping

from tracker.simulator.platform import Platform
from tracker.simulator.platforms.incidentio import INCIDENTIO
from tracker.simulator.platforms.statuspage import STATUSPAGE

#: Every platform by name.
PLATFORMS: Mapping[str, Platform] = {
    platform.name: platform
    for platform in (
        STATUSPAGE,
        INCIDENTIO,
    )
}

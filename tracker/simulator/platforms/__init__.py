"""The platforms that a simulated page may run on, one module each: the vendor's side of what `tracker.parse` reads."""

from collections.abc import Mapping

from tracker.simulator.platform import Platform
from tracker.simulator.platforms.cachet import CACHET
from tracker.simulator.platforms.cstate import CSTATE
from tracker.simulator.platforms.incidentio import INCIDENTIO
from tracker.simulator.platforms.sorry import SORRY
from tracker.simulator.platforms.statusio import STATUSIO
from tracker.simulator.platforms.statuspage import STATUSPAGE
from tracker.simulator.platforms.statuspal import STATUSPAL
from tracker.simulator.platforms.vultr import VULTR
from tracker.simulator.platforms.yandex import YANDEX

#: Every platform by name.
PLATFORMS: Mapping[str, Platform] = {
    platform.name: platform
    for platform in (
        STATUSPAGE,
        INCIDENTIO,
        STATUSIO,
        VULTR,
        YANDEX,
        CACHET,
        SORRY,
        STATUSPAL,
        CSTATE,
    )
}

"""The texts of the story that the simulated vendor plays. Data only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One incident and one maintenance."""

    title: str
    #: The component that goes down, and the one that it affects.
    culprit: str
    victim: str
    investigating: str
    identified: str
    monitoring: str
    resolved: str
    maintenance: str
    maintained: str
    maintenance_body: str


PLOTS = (
    Plot(
        title="Elevated error rates on the API",
        culprit="API",
        victim="Dashboard",
        investigating="About one in five API requests has failed with status 500 for a few minutes. The dashboard, "
        "which calls the same API, shows empty lists. We are looking into it.",
        identified="A configuration change that went out this morning made the API servers open a new database "
        "connection for every request. We are rolling it back region by region.",
        monitoring="The change is rolled back everywhere and error rates are back to normal. We are still watching.",
        resolved="No request has failed for lack of a connection since the rollback. Failed requests were not "
        "processed and are safe to send again.",
        maintenance="Database minor version upgrade",
        maintained="API",
        maintenance_body="We will upgrade the primary databases. Writes pause for less than ten seconds.",
    ),
    Plot(
        title="Webhooks are delivered late",
        culprit="Webhooks",
        victim="API",
        investigating="Webhooks arrive up to fifteen minutes late. No delivery is lost: they are waiting in a queue.",
        identified="One customer's endpoint accepts connections and never answers, and it has taken up most of the "
        "delivery workers. We are moving it to a queue of its own.",
        monitoring="New webhooks go out at once again. The backlog of 1.2 million deliveries is shrinking.",
        resolved="The backlog is empty and delivery times are normal.",
        maintenance="New outgoing addresses for webhooks",
        maintained="Webhooks",
        maintenance_body="Webhooks will come from additional IP addresses. Please update your allow lists.",
    ),
    Plot(
        title="Some users cannot sign in",
        culprit="Sign-in",
        victim="Dashboard",
        investigating="Signing in with single sign-on ends in an error for some organisations. "
        "Open sessions keep working.",
        identified="The certificate of our identity gateway expired.<br />A new one is being issued; signing in "
        "with a password works in the meantime.",
        monitoring="The new certificate is in place & sign-ins succeed again.",
        resolved="Sign-ins have been normal for the whole watch. We are adding an alert on certificate age.",
        maintenance="Session storage migration",
        maintained="Sign-in",
        maintenance_body="Sessions move to new storage. You may have to sign in once more afterwards.",
    ),
    Plot(
        title="Europe: packet loss between availability zones",
        culprit="Europe (Frankfurt)",
        victim="API",
        investigating="Requests to Frankfurt take several seconds or time out. Other regions are healthy.",
        identified="A fibre between two of the three data halls was damaged. Traffic is being steered "
        "to the remaining path, which has less capacity.",
        monitoring="Latency in Frankfurt is back under 80 ms. The fibre itself is still being repaired.",
        resolved="The damaged fibre is repaired and carries traffic again.",
        maintenance="Frankfurt network hardware replacement",
        maintained="Europe (Frankfurt)",
        maintenance_body="We will replace two core switches. Expect short reconnects.",
    ),
    Plot(
        title="Dashboard shows yesterday's figures",
        culprit="Dashboard",
        victim="Webhooks",
        investigating="Usage charts in the dashboard stop at midnight UTC, and the daily usage webhook was not sent.",
        identified="The nightly aggregation ran out of disk space. Raw data is complete. "
        "We have added space and started the job again.",
        monitoring="The aggregation is through for 60 % of all accounts; the rest follows within the hour.",
        resolved="All charts are up to date and the missing usage webhooks were sent.",
        maintenance="Archive move to cheaper storage",
        maintained="Dashboard",
        maintenance_body="Charts older than a year will be read-only while we move them.",
    ),
)

"""`/metrics`. A client that may read may scrape: the access check of the web server covers it like any other route."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from tracker.metrics.collector import TrackerCollector
from tracker.metrics.exposition import exposition


def metrics_router(collector: TrackerCollector) -> APIRouter:
    """Return the route, which answers in the format that the scraper requests: Prometheus's text, or OpenMetrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    ProcessCollector(registry=registry)
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    def metrics(request: Request) -> Response:
        _, content_type = choose_encoder(request.headers.get("accept", ""))
        text = exposition(registry.collect(), is_open=content_type.startswith("application/openmetrics-text"))
        return Response(text, headers={"content-type": content_type, "cache-control": "no-store"})

    return router

"""OTEL_METRICS_EXPORTER=prometheus: metrics are scraped instead of pushed."""

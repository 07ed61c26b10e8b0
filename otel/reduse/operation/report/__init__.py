"""The dashboards on one page without Grafana: from the same definitions, from live Prometheus data."""

"""How the store of samples is asked: Prometheus, VictoriaMetrics, or whatever else speaks Prometheus' HTTP API."""

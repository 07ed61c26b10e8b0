"""What keeps the samples and evaluates the rules: Prometheus, or VictoriaMetrics with vmalert."""

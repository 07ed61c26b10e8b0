"""Which of the collectors' exporters have a queue on disk."""

KEPT = '{exporter!="otlp_grpc/live"}'
"""Selects all but the agent's that sends on at once what is new: its callers wait for the answer."""

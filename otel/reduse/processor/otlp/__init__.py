"""OpenTelemetry's protocol as bytes: bodies to columns, metrics to bodies. Knows no server, no store, no committer."""

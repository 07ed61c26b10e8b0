"""OpenTelemetry's protocol at both ends: bytes to columns and metrics to bytes, over gRPC."""

"""OpenTelemetry's protocol at both ends: bytes to columns, over gRPC and HTTP, and metrics to bytes."""

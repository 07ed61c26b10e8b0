"""OTLP/HTTP: POST /v1/metrics with binary protobuf. What it says is what gRPC says, in HTTP's statuses."""

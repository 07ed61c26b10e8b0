"""The doors: OTLP over gRPC and over HTTP, each giving a request to the one intake behind both."""

package store

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/exporter"
)

// NewFactory makes the exporter `prometheus_store`.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		component.MustNewType("prometheus_store"),
		defaultConfig,
		exporter.WithMetrics(newMetrics, component.StabilityLevelStable),
	)
}

func defaultConfig() component.Config {
	http := confighttp.NewDefaultClientConfig()
	http.Timeout = 30 * time.Second
	return &Config{
		HTTP:          http,
		Store:         storePrometheus2,
		OldestSample:  110 * time.Minute,
		NewestSample:  5 * time.Minute,
		SeriesLimit:   50_000,
		ServicesLimit: 1_000,
		StreamsLimit:  1_000_000,
		Idle:          15 * time.Minute,
		Heartbeat:     5 * time.Second,
		Instance:      "gateway",
		Runbooks:      "http://127.0.0.1:8090/runbooks",
	}
}

func newMetrics(_ context.Context, settings exporter.Settings, config component.Config) (exporter.Metrics, error) {
	chosen, ok := config.(*Config)
	if !ok {
		return nil, errors.New("not a configuration of prometheus_store")
	}
	return newExporter(chosen, settings.TelemetrySettings, time.Now)
}

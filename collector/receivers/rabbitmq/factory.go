package rabbitmq

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/scraper"
	"go.opentelemetry.io/collector/scraper/scraperhelper"
)

var componentType = component.MustNewType("rabbitmq")

// NewFactory is what the collector is built with.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		componentType, defaultConfig, receiver.WithMetrics(newReceiver, component.StabilityLevelBeta),
	)
}

func newReceiver(
	ctx context.Context, set receiver.Settings, configuration component.Config, next consumer.Metrics,
) (receiver.Metrics, error) {
	config, ok := configuration.(*Config)
	if !ok {
		return nil, fmt.Errorf("not the settings of this receiver: %T", configuration)
	}
	tls, err := config.TLS.LoadTLSConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	scrape, err := newScrape(config, newManagement(config, tls), set.Logger)
	if err != nil {
		return nil, err
	}
	metrics, err := scraper.NewMetrics(scrape.metrics, scraper.WithShutdown(scrape.management.close))
	if err != nil {
		return nil, err
	}
	return scraperhelper.NewMetricsController(
		&config.ControllerConfig, set, next, scraperhelper.AddMetricsScraper(componentType, metrics),
	)
}

package postgresql

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/scraper"
	"go.opentelemetry.io/collector/scraper/scraperhelper"
)

const defaultTimeout = 4 * time.Second

var componentType = component.MustNewType("postgresql")

// NewFactory is what the collector is built with.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		componentType,
		func() component.Config {
			config := defaultConfig().(*Config)
			config.CollectionInterval = 5 * time.Second
			config.Timeout = defaultTimeout
			return config
		},
		receiver.WithMetrics(newReceiver, component.StabilityLevelBeta),
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
	instance, err := newInstance(config, tls)
	if err != nil {
		return nil, err
	}
	scrape := newScrape(config, instance, set.Logger)
	metrics, err := scraper.NewMetrics(scrape.metrics, scraper.WithShutdown(instance.close))
	if err != nil {
		return nil, err
	}
	return scraperhelper.NewMetricsController(
		&config.ControllerConfig, set, next, scraperhelper.AddMetricsScraper(componentType, metrics),
	)
}

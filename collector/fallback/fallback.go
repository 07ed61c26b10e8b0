// Package fallback is a connector of the agent: it sends to one pipeline, and to a second one what the first does not
// take.
//
// The first has no memory: who calls waits until what it sends is stored, so what is new never waits behind what was
// kept. The second keeps on disk. After a failure everything goes to the second at once, and now and then one call
// tries the first.
package fallback

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Config names the two pipelines.
type Config struct {
	// First is the pipeline that everything goes to while it takes it.
	First pipeline.ID `mapstructure:"first"`
	// Second gets what the first has refused or not taken in time.
	Second pipeline.ID `mapstructure:"second"`
	// AgainAfter is how long everything goes to the second at once after the first has failed, until a call tries it.
	AgainAfter time.Duration `mapstructure:"again_after"`
}

// Validate is called by the collector before anything starts.
func (c *Config) Validate() error {
	if c.First == c.Second {
		return errors.New("first and second must be two pipelines")
	}
	if c.AgainAfter <= 0 {
		return errors.New("again_after must be longer than nothing")
	}
	return nil
}

// NewFactory makes the connector `fallback`.
func NewFactory() connector.Factory {
	return connector.NewFactory(
		component.MustNewType("fallback"),
		func() component.Config { return &Config{AgainAfter: time.Second} },
		connector.WithMetricsToMetrics(newConnector, component.StabilityLevelStable),
	)
}

type fallback struct {
	first, second consumer.Metrics
	againAfter    time.Duration
	now           func() time.Time
	points        metric.Int64Counter

	mutex sync.Mutex
	// again is when a call may try the first after it has failed; zero while it works.
	again time.Time
}

func newConnector(
	_ context.Context, settings connector.Settings, config component.Config, next consumer.Metrics,
) (connector.Metrics, error) {
	chosen, ok := config.(*Config)
	if !ok {
		return nil, errors.New("not a configuration of fallback")
	}
	router, ok := next.(connector.MetricsRouterAndConsumer)
	if !ok {
		return nil, errors.New("fallback needs two pipelines that have it as a receiver")
	}
	first, err := router.Consumer(chosen.First)
	if err != nil {
		return nil, fmt.Errorf("first: %w", err)
	}
	second, err := router.Consumer(chosen.Second)
	if err != nil {
		return nil, fmt.Errorf("second: %w", err)
	}
	points, err := settings.MeterProvider.Meter("reduse/collector/fallback").Int64Counter(
		"reduse_agent_fallback_points",
		metric.WithDescription("Data points that a pipeline has taken, the first or the second."))
	return &fallback{
		first: first, second: second, againAfter: chosen.AgainAfter, now: time.Now, points: points,
	}, err
}

func (*fallback) Start(context.Context, component.Host) error { return nil }

func (*fallback) Shutdown(context.Context) error { return nil }

// Capabilities: the first gets a copy, the second what came.
func (*fallback) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeMetrics returns the error of the second, if that does not take it either.
func (f *fallback) ConsumeMetrics(ctx context.Context, batch pmetric.Metrics) error {
	// Before it is handed over, after which it is another's.
	count := int64(batch.DataPointCount())
	if f.mayTry() {
		// Whoever joins batches takes out of them what it joins, also when that is not taken in the end.
		copied := pmetric.NewMetrics()
		batch.CopyTo(copied)
		err := f.first.ConsumeMetrics(ctx, copied)
		f.tried(err == nil)
		if err == nil {
			f.took(ctx, "first", count)
			return nil
		}
	}
	if err := f.second.ConsumeMetrics(ctx, batch); err != nil {
		return err
	}
	f.took(ctx, "second", count)
	return nil
}

// mayTry tells whether this call is to try the first: any while it works, else one after each pause.
func (f *fallback) mayTry() bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.again.IsZero() {
		return true
	}
	if f.now().Before(f.again) {
		return false
	}
	// The others do not wait for what comes of it.
	f.again = f.now().Add(f.againAfter)
	return true
}

func (f *fallback) tried(taken bool) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if taken {
		f.again = time.Time{}
	} else {
		f.again = f.now().Add(f.againAfter)
	}
}

func (f *fallback) took(ctx context.Context, which string, points int64) {
	f.points.Add(ctx, points, metric.WithAttributes(attribute.String("pipeline", which)))
}

package fallback

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pipeline"
)

var (
	live = pipeline.NewIDWithName(pipeline.SignalMetrics, "live")
	kept = pipeline.NewIDWithName(pipeline.SignalMetrics, "kept")
)

// lane takes batches, or empties and refuses them, as an exporter that joins batches does.
type lane struct {
	consumertest.MetricsSink
	refuses bool
	tried   int
}

func (l *lane) ConsumeMetrics(ctx context.Context, batch pmetric.Metrics) error {
	l.tried++
	if l.refuses {
		pmetric.NewMetrics().CopyTo(batch)
		return errors.New("refused")
	}
	return l.MetricsSink.ConsumeMetrics(ctx, batch)
}

type subject struct {
	*fallback
	live, kept *lane
	clock      time.Time
}

func made(t *testing.T) *subject {
	t.Helper()
	found := &subject{live: &lane{}, kept: &lane{}, clock: time.Unix(1_700_000_000, 0)}
	router := connector.NewMetricsRouter(map[pipeline.ID]consumer.Metrics{live: found.live, kept: found.kept})
	settings := connectortest.NewNopSettings(NewFactory().Type())
	config := &Config{First: live, Second: kept, AgainAfter: time.Second}
	connected, err := newConnector(t.Context(), settings, config, router.(consumer.Metrics))
	if err != nil {
		t.Fatal(err)
	}
	found.fallback = connected.(*fallback)
	found.now = func() time.Time { return found.clock }
	return found
}

func batchOf(points int) pmetric.Metrics {
	batch := pmetric.NewMetrics()
	sum := batch.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptySum()
	for range points {
		sum.DataPoints().AppendEmpty()
	}
	return batch
}

func (s *subject) send(t *testing.T, points int) {
	t.Helper()
	if err := s.ConsumeMetrics(t.Context(), batchOf(points)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatTheFirstTakesTheSecondDoesNotGet(t *testing.T) {
	s := made(t)
	s.send(t, 3)
	if s.live.DataPointCount() != 3 || s.kept.DataPointCount() != 0 {
		t.Fatal(s.live.DataPointCount(), s.kept.DataPointCount())
	}
}

func TestWhatTheFirstEmptiedAndRefusedTheSecondGetsWhole(t *testing.T) {
	s := made(t)
	s.live.refuses = true
	s.send(t, 3)
	if s.kept.DataPointCount() != 3 {
		t.Fatal(s.kept.DataPointCount())
	}
}

func TestAfterAFailureOneCallTriesTheFirstAgainAfterEachPause(t *testing.T) {
	s := made(t)
	s.live.refuses = true
	for range 10 {
		s.send(t, 1)
	}
	if s.live.tried != 1 || s.kept.DataPointCount() != 10 {
		t.Fatal(s.live.tried, s.kept.DataPointCount())
	}
	s.clock = s.clock.Add(time.Second)
	for range 10 {
		s.send(t, 1)
	}
	if s.live.tried != 2 {
		t.Fatal(s.live.tried)
	}
	s.live.refuses = false
	s.clock = s.clock.Add(time.Second)
	for range 10 {
		s.send(t, 1)
	}
	if s.live.DataPointCount() != 10 || s.kept.DataPointCount() != 20 {
		t.Fatal(s.live.DataPointCount(), s.kept.DataPointCount())
	}
}

func TestWhatNeitherTakesIsTheCallersAgain(t *testing.T) {
	s := made(t)
	s.live.refuses, s.kept.refuses = true, true
	if err := s.ConsumeMetrics(t.Context(), batchOf(1)); err == nil {
		t.Fatal("taken")
	}
}

func TestAConfigurationThatCannotBeMeantIsAnError(t *testing.T) {
	for _, config := range []Config{
		{First: live, Second: live, AgainAfter: time.Second},
		{First: live, Second: kept},
	} {
		if config.Validate() == nil {
			t.Error(config)
		}
	}
	if err := (&Config{First: live, Second: kept, AgainAfter: time.Second}).Validate(); err != nil {
		t.Error(err)
	}
}

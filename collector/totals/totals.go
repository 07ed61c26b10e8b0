// Package totals is a processor of the agent: it makes totals (cumulative temporality) of what is counted since the
// export before (delta temporality), as the store keeps totals.
//
// A service says nothing of a stream in which nothing was counted: idle.go repeats its total.
//
// It stands in the agent because each export comes there once and in its order. Only what adds up exactly is converted:
// sums, and histograms with explicit bounds, whose intervals follow each other. All else is passed on as it is, and the
// gateway counts it as left out, with the name of the service.
package totals

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/metric"

	"reduse/collector/identity"
	"reduse/collector/soundness"
)

const sweepEvery = time.Minute

// Config bounds what is remembered.
type Config struct {
	// StreamsLimit is for how many streams of all services totals are kept; points of others are passed on as they are.
	StreamsLimit int `mapstructure:"streams_limit"`
	// Idle is how long a stream may be silent until its total is forgotten; a new one then begins at 0.
	Idle time.Duration `mapstructure:"idle"`
}

// Validate is called by the collector before anything starts.
func (c *Config) Validate() error {
	if c.StreamsLimit < 1 || c.Idle <= 0 {
		return errors.New("streams_limit must be 1 or more, and idle longer than nothing")
	}
	return nil
}

// NewFactory makes the processor `totals`.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		component.MustNewType("totals"),
		func() component.Config { return &Config{StreamsLimit: 100_000, Idle: time.Hour} },
		processor.WithMetrics(newProcessor, component.StabilityLevelStable),
	)
}

// total is what a stream has come to. start is when it was 0.
type total struct {
	start, time pcommon.Timestamp
	whole       int64
	real        float64
	count       uint64
	sum         float64
	hasSum      bool
	buckets     []uint64
	bounds      []float64
	seen        time.Time
	idle        idle
}

type totals struct {
	config *Config
	next   consumer.Metrics
	now    func() time.Time

	mutex   sync.Mutex
	streams map[uint64]*total
	sources map[uint64]*source
	swept   time.Time
}

func newProcessor(
	_ context.Context, settings processor.Settings, config component.Config, next consumer.Metrics,
) (processor.Metrics, error) {
	chosen, ok := config.(*Config)
	if !ok {
		return nil, errors.New("not a configuration of totals")
	}
	made := &totals{config: chosen, next: next, now: time.Now, streams: map[uint64]*total{}, sources: map[uint64]*source{}}
	_, err := settings.MeterProvider.Meter("reduse/collector/totals").Int64ObservableGauge(
		"reduse_agent_totals_streams",
		metric.WithDescription("Streams for which totals are kept, of at most streams_limit."),
		metric.WithInt64Callback(func(_ context.Context, observer metric.Int64Observer) error {
			made.mutex.Lock()
			defer made.mutex.Unlock()
			observer.Observe(int64(len(made.streams)))
			return nil
		}))
	return made, err
}

func (*totals) Start(context.Context, component.Host) error { return nil }

func (*totals) Shutdown(context.Context) error { return nil }

func (*totals) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

// ConsumeMetrics converts what it can and passes all on.
func (t *totals) ConsumeMetrics(ctx context.Context, batch pmetric.Metrics) error {
	t.convert(batch)
	return t.next.ConsumeMetrics(ctx, batch)
}

func (t *totals) convert(batch pmetric.Metrics) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	now := t.now()
	if now.Sub(t.swept) > sweepEvery {
		t.sweep(now)
	}
	for _, resource := range batch.ResourceMetrics().All() {
		of := identity.Attributes(resource.Resource().Attributes())
		in := t.export(of, newest(resource), now)
		for _, scope := range resource.ScopeMetrics().All() {
			in.scope = scope.Scope()
			key := of + identity.Attributes(scope.Scope().Attributes())*3 + identity.Text(scope.Scope().Name())*5
			var added []pmetric.Metric
			for _, each := range scope.Metrics().All() {
				of := key + identity.Text(each.Name())*7 + identity.Text(each.Unit())*11
				if rest, some := t.convertMetric(each, of, in, now); some {
					added = append(added, rest)
				}
			}
			for _, rest := range added {
				rest.MoveTo(scope.Metrics().AppendEmpty())
			}
		}
		in.putRepeatedFirst(resource.ScopeMetrics())
	}
}

// convertMetric leaves the totals in the metric; what could not be added up is moved into another one of the same name.
func (t *totals) convertMetric(
	of pmetric.Metric, key uint64, in *export, now time.Time,
) (rest pmetric.Metric, some bool) {
	rest = pmetric.NewMetric()
	rest.SetName(of.Name())
	rest.SetUnit(of.Unit())
	switch of.Type() {
	case pmetric.MetricTypeSum:
		sum := of.Sum()
		if sum.AggregationTemporality() != pmetric.AggregationTemporalityDelta {
			return rest, false
		}
		left := rest.SetEmptySum()
		left.SetIsMonotonic(sum.IsMonotonic())
		left.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		sum.DataPoints().RemoveIf(func(p pmetric.NumberDataPoint) bool {
			if t.addNumber(p, of, key+identity.Attributes(p.Attributes()), in, now) {
				return false
			}
			p.MoveTo(left.DataPoints().AppendEmpty())
			return true
		})
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		return rest, left.DataPoints().Len() > 0
	case pmetric.MetricTypeHistogram:
		histogram := of.Histogram()
		if histogram.AggregationTemporality() != pmetric.AggregationTemporalityDelta {
			return rest, false
		}
		left := rest.SetEmptyHistogram()
		left.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		histogram.DataPoints().RemoveIf(func(p pmetric.HistogramDataPoint) bool {
			if t.addHistogram(p, of, key+identity.Attributes(p.Attributes()), in, now) {
				return false
			}
			p.MoveTo(left.DataPoints().AppendEmpty())
			return true
		})
		histogram.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		return rest, left.DataPoints().Len() > 0
	}
	return rest, false
}

// stream finds the total that an interval adds to; nil when it does not follow on what was added before, or when there
// are too many streams.
func (t *totals) stream(key uint64, start, end pcommon.Timestamp, now time.Time) *total {
	of := t.streams[key]
	switch {
	case start == 0 || start >= end || end.AsTime().After(now.Add(time.Hour)):
		return nil
	case of == nil && len(t.streams) >= t.config.StreamsLimit:
		return nil
	case of == nil:
		of = &total{start: start}
		t.streams[key] = of
	case start < of.time:
		// A repeat, or an overlap.
		return nil
	}
	of.seen = now
	return of
}

func (t *totals) addNumber(
	p pmetric.NumberDataPoint, metric pmetric.Metric, key uint64, in *export, now time.Time,
) bool {
	value := p.DoubleValue()
	whole := p.ValueType() == pmetric.NumberDataPointValueTypeInt
	if whole {
		value = float64(p.IntValue())
	}
	if p.Flags().NoRecordedValue() || !soundness.Number(p, value, metric.Sum().IsMonotonic()) || math.IsNaN(value) {
		return false
	}
	of := t.stream(key, p.StartTimestamp(), p.Timestamp(), now)
	if of == nil {
		return false
	}
	in.saidUntil(of, p.StartTimestamp())
	if whole {
		of.whole += p.IntValue()
	} else {
		of.real += p.DoubleValue()
	}
	of.time = p.Timestamp()
	of.number(p)
	p.SetTimestamp(in.say(of, key, metric, p.Attributes()))
	return true
}

// number writes the total into a point.
func (of *total) number(p pmetric.NumberDataPoint) {
	if of.real == 0 {
		p.SetIntValue(of.whole)
	} else {
		p.SetDoubleValue(of.real + float64(of.whole))
	}
	p.SetStartTimestamp(of.start)
}

func (t *totals) addHistogram(
	p pmetric.HistogramDataPoint, metric pmetric.Metric, key uint64, in *export, now time.Time,
) bool {
	if p.Flags().NoRecordedValue() || !soundness.Histogram(p) {
		return false
	}
	of := t.stream(key, p.StartTimestamp(), p.Timestamp(), now)
	if of == nil {
		return false
	}
	bounds := p.ExplicitBounds().AsRaw()
	if of.time == 0 || !slices.Equal(of.bounds, bounds) || len(of.buckets) != p.BucketCounts().Len() {
		// Other bounds begin a total of their own.
		*of = total{
			start: p.StartTimestamp(), bounds: bounds, buckets: make([]uint64, p.BucketCounts().Len()), seen: now,
			idle: of.idle,
		}
	}
	in.saidUntil(of, p.StartTimestamp())
	for index, count := range p.BucketCounts().All() {
		of.buckets[index] += count
	}
	of.count += p.Count()
	of.sum += p.Sum()
	of.time = p.Timestamp()
	of.hasSum = p.HasSum()
	of.histogram(p)
	p.SetTimestamp(in.say(of, key, metric, p.Attributes()))
	return true
}

// histogram writes the total into a point.
func (of *total) histogram(p pmetric.HistogramDataPoint) {
	p.BucketCounts().FromRaw(of.buckets)
	p.SetCount(of.count)
	if of.hasSum {
		p.SetSum(of.sum)
	}
	// The smallest and largest since the export before are not those of the total.
	p.RemoveMin()
	p.RemoveMax()
	p.SetStartTimestamp(of.start)
}

func (t *totals) sweep(now time.Time) {
	t.swept = now
	for key, of := range t.streams {
		if now.Sub(of.seen) > t.config.Idle {
			delete(t.streams, key)
		}
	}
	for key, from := range t.sources {
		if from.sweep(t.streams) {
			delete(t.sources, key)
		}
	}
}

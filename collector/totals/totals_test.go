package totals

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"
)

var begin = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func at(second int) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(begin.Add(time.Duration(second) * time.Second))
}

func subject(t *testing.T, config Config) (*totals, *consumertest.MetricsSink) {
	sink := new(consumertest.MetricsSink)
	made, err := newProcessor(t.Context(), processortest.NewNopSettings(NewFactory().Type()), &config, sink)
	if err != nil {
		t.Fatal(err)
	}
	made.(*totals).now = func() time.Time { return begin }
	return made.(*totals), sink
}

func counted(start, end int, value int64) pmetric.Metrics {
	batch := pmetric.NewMetrics()
	metric := batch.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName("c")
	sum := metric.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	point := sum.DataPoints().AppendEmpty()
	point.SetStartTimestamp(at(start))
	point.SetTimestamp(at(end))
	point.SetIntValue(value)
	return batch
}

func measured(start, end int, bounds []float64, counts ...uint64) pmetric.Metrics {
	batch := pmetric.NewMetrics()
	metric := batch.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName("h")
	data := metric.SetEmptyHistogram()
	data.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	point := data.DataPoints().AppendEmpty()
	point.SetStartTimestamp(at(start))
	point.SetTimestamp(at(end))
	point.ExplicitBounds().FromRaw(bounds)
	point.BucketCounts().FromRaw(counts)
	for _, count := range counts {
		point.SetCount(point.Count() + count)
	}
	point.SetSum(float64(point.Count()))
	return batch
}

func metrics(batch pmetric.Metrics) pmetric.MetricSlice {
	return batch.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
}

func TestTotalsAreTheSumsOfWhatCameBefore(t *testing.T) {
	made, sink := subject(t, Config{StreamsLimit: 10, Idle: time.Hour})
	sum := int64(0)
	for second := range 100 {
		value := rand.Int64N(1000)
		sum += value
		_ = made.ConsumeMetrics(t.Context(), counted(second, second+1, value))
		last := metrics(sink.AllMetrics()[second]).At(0).Sum()
		point := last.DataPoints().At(0)
		if point.IntValue() != sum || point.StartTimestamp() != at(0) ||
			last.AggregationTemporality() != pmetric.AggregationTemporalityCumulative {
			t.Fatalf("second %d: %d since %s, and not %d", second, point.IntValue(), point.StartTimestamp(), sum)
		}
	}
}

func TestHistogramsAddUpBucketByBucket(t *testing.T) {
	made, sink := subject(t, Config{StreamsLimit: 10, Idle: time.Hour})
	bounds := []float64{1, 2}
	_ = made.ConsumeMetrics(t.Context(), measured(0, 1, bounds, 1, 2, 3))
	_ = made.ConsumeMetrics(t.Context(), measured(1, 2, bounds, 10, 0, 1))
	point := metrics(sink.AllMetrics()[1]).At(0).Histogram().DataPoints().At(0)
	if !slices.Equal(point.BucketCounts().AsRaw(), []uint64{11, 2, 4}) || point.Count() != 17 || point.Sum() != 17 {
		t.Errorf("%v, %d, %v", point.BucketCounts().AsRaw(), point.Count(), point.Sum())
	}
	_ = made.ConsumeMetrics(t.Context(), measured(2, 3, []float64{5}, 1, 1))
	point = metrics(sink.AllMetrics()[2]).At(0).Histogram().DataPoints().At(0)
	if point.Count() != 2 || point.StartTimestamp() != at(2) {
		t.Errorf("other bounds: %d since %s", point.Count(), point.StartTimestamp())
	}
}

func TestWhatDoesNotAddUpIsPassedOnAsItIs(t *testing.T) {
	unsound := measured(0, 1, []float64{1, 2}, 1, 2, 3)
	metrics(unsound).At(0).Histogram().DataPoints().At(0).SetCount(99)
	for name, batch := range map[string]pmetric.Metrics{
		"repeat": counted(0, 10, 1), "overlap": counted(5, 15, 1), "no interval": counted(20, 20, 1),
		"far future": counted(30, 9000, 1), "unsound": unsound, "negative": counted(30, 31, -4),
	} {
		t.Run(name, func(t *testing.T) {
			made, sink := subject(t, Config{StreamsLimit: 10, Idle: time.Hour})
			_ = made.ConsumeMetrics(t.Context(), counted(0, 10, 1))
			_ = made.ConsumeMetrics(t.Context(), batch)
			passed := metrics(sink.AllMetrics()[1])
			last := passed.At(passed.Len() - 1)
			if last.Type() == pmetric.MetricTypeSum &&
				last.Sum().AggregationTemporality() != pmetric.AggregationTemporalityDelta ||
				last.Type() == pmetric.MetricTypeHistogram &&
					last.Histogram().AggregationTemporality() != pmetric.AggregationTemporalityDelta {
				t.Error("it was converted")
			}
			_ = made.ConsumeMetrics(t.Context(), counted(10, 11, 5))
			if got := metrics(sink.AllMetrics()[2]).At(0).Sum().DataPoints().At(0).IntValue(); got != 6 {
				t.Errorf("afterwards %d, and not 6", got)
			}
		})
	}
}

func TestStreamsBeyondTheLimitArePassedOnUntilOthersAreForgotten(t *testing.T) {
	made, sink := subject(t, Config{StreamsLimit: 1, Idle: time.Minute})
	other := func(start int) pmetric.Metrics {
		batch := counted(start, start+1, 1)
		metrics(batch).At(0).SetName("other")
		return batch
	}
	_ = made.ConsumeMetrics(t.Context(), counted(0, 1, 1))
	_ = made.ConsumeMetrics(t.Context(), other(0))
	passed := metrics(sink.AllMetrics()[1])
	if passed.At(passed.Len()-1).Sum().AggregationTemporality() != pmetric.AggregationTemporalityDelta {
		t.Error("a total beyond the limit")
	}
	made.now = func() time.Time { return begin.Add(2 * time.Minute) }
	_ = made.ConsumeMetrics(t.Context(), other(120))
	if metrics(sink.AllMetrics()[2]).At(0).Sum().AggregationTemporality() != pmetric.AggregationTemporalityCumulative {
		t.Error("the place was not freed")
	}
}

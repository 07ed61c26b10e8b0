package store

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"reduse/collector/identity"
	"reduse/collector/soundness"
)

// point is what admission looks at, whatever the type of the data point.
type point struct {
	attributes pcommon.Map
	start      pcommon.Timestamp
	time       pcommon.Timestamp
	// stale is OTLP's flag NoRecordedValue: the end of a series.
	stale bool
	// total says that value only grows until its process is started again: a monotonic sum, a histogram's count.
	total bool
	value float64
	// digest tells two values apart, all of a histogram included.
	digest uint64
	// series is how many the store keeps for it.
	series int
	// sound says that it does not contradict itself.
	sound bool
	// zero makes the point that was true at that time, before anything was counted, and adds it to a metric.
	zero func(metric pmetric.Metric, at pcommon.Timestamp)
}

// filterPoints keeps the data points of a metric for which keep says so.
func filterPoints(metric pmetric.Metric, keep func(point) bool) {
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		metric.Gauge().DataPoints().RemoveIf(func(p pmetric.NumberDataPoint) bool { return !keep(ofNumber(p, false)) })
	case pmetric.MetricTypeSum:
		total := metric.Sum().IsMonotonic()
		metric.Sum().DataPoints().RemoveIf(func(p pmetric.NumberDataPoint) bool { return !keep(ofNumber(p, total)) })
	case pmetric.MetricTypeHistogram:
		metric.Histogram().DataPoints().RemoveIf(func(p pmetric.HistogramDataPoint) bool { return !keep(ofHistogram(p)) })
	case pmetric.MetricTypeExponentialHistogram:
		metric.ExponentialHistogram().DataPoints().RemoveIf(func(p pmetric.ExponentialHistogramDataPoint) bool {
			return !keep(ofExponential(p))
		})
	case pmetric.MetricTypeSummary:
		metric.Summary().DataPoints().RemoveIf(func(p pmetric.SummaryDataPoint) bool { return !keep(ofSummary(p)) })
	}
}

// countPoints is how many data points a metric has.
func countPoints(metric pmetric.Metric) int {
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		return metric.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		return metric.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return metric.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return metric.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return metric.Summary().DataPoints().Len()
	}
	return 0
}

func ofNumber(p pmetric.NumberDataPoint, total bool) point {
	value := p.DoubleValue()
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		value = float64(p.IntValue())
	}
	return point{
		attributes: p.Attributes(),
		start:      p.StartTimestamp(),
		time:       p.Timestamp(),
		stale:      p.Flags().NoRecordedValue(),
		total:      total,
		value:      value,
		digest:     math.Float64bits(value),
		series:     1,
		sound:      soundness.Number(p, value, total),
		zero: func(metric pmetric.Metric, at pcommon.Timestamp) {
			made := metric.Sum().DataPoints().AppendEmpty()
			p.Attributes().CopyTo(made.Attributes())
			made.SetStartTimestamp(at)
			made.SetTimestamp(at)
			made.SetIntValue(0)
			made.SetFlags(addedFlag)
		},
	}
}

func ofHistogram(p pmetric.HistogramDataPoint) point {
	digest := new(digest)
	digest.add(p.Count(), math.Float64bits(p.Sum()))
	digest.addAll(p.BucketCounts())
	return point{
		attributes: p.Attributes(),
		start:      p.StartTimestamp(),
		time:       p.Timestamp(),
		stale:      p.Flags().NoRecordedValue(),
		total:      true,
		value:      float64(p.Count()),
		digest:     uint64(*digest),
		// One for each bound, and those of +Inf, sum and count.
		series: p.ExplicitBounds().Len() + 3,
		sound:  soundness.Histogram(p),
		zero: func(metric pmetric.Metric, at pcommon.Timestamp) {
			made := metric.Histogram().DataPoints().AppendEmpty()
			p.Attributes().CopyTo(made.Attributes())
			made.SetStartTimestamp(at)
			made.SetTimestamp(at)
			made.ExplicitBounds().FromRaw(p.ExplicitBounds().AsRaw())
			made.BucketCounts().FromRaw(make([]uint64, p.BucketCounts().Len()))
			if p.HasSum() {
				made.SetSum(0)
			}
			made.SetFlags(addedFlag)
		},
	}
}

func ofExponential(p pmetric.ExponentialHistogramDataPoint) point {
	if p.Flags().NoRecordedValue() {
		// What else it has means nothing (data model, "No recorded value"), but the store would look at it.
		pmetric.NewExponentialHistogramDataPointBuckets().CopyTo(p.Positive())
		pmetric.NewExponentialHistogramDataPointBuckets().CopyTo(p.Negative())
		p.SetScale(0)
		p.SetZeroCount(0)
		p.SetZeroThreshold(0)
	}
	digest := new(digest)
	digest.add(p.Count(), math.Float64bits(p.Sum()), p.ZeroCount(), uint64(p.Scale()))
	digest.addAll(p.Positive().BucketCounts())
	digest.addAll(p.Negative().BucketCounts())
	return point{
		attributes: p.Attributes(),
		start:      p.StartTimestamp(),
		time:       p.Timestamp(),
		stale:      p.Flags().NoRecordedValue(),
		total:      true,
		value:      float64(p.Count()),
		digest:     uint64(*digest),
		series:     1,
		sound:      soundness.Exponential(p),
		zero: func(metric pmetric.Metric, at pcommon.Timestamp) {
			made := metric.ExponentialHistogram().DataPoints().AppendEmpty()
			p.Attributes().CopyTo(made.Attributes())
			made.SetStartTimestamp(at)
			made.SetTimestamp(at)
			made.SetScale(p.Scale())
			made.SetZeroThreshold(p.ZeroThreshold())
			if p.HasSum() {
				made.SetSum(0)
			}
			made.SetFlags(addedFlag)
		},
	}
}

func ofSummary(p pmetric.SummaryDataPoint) point {
	digest := new(digest)
	digest.add(p.Count(), math.Float64bits(p.Sum()))
	for _, each := range p.QuantileValues().All() {
		digest.add(math.Float64bits(each.Quantile()), math.Float64bits(each.Value()))
	}
	return point{
		attributes: p.Attributes(),
		start:      p.StartTimestamp(),
		time:       p.Timestamp(),
		stale:      p.Flags().NoRecordedValue(),
		value:      float64(p.Count()),
		digest:     uint64(*digest),
		series:     p.QuantileValues().Len() + 2,
		sound:      soundness.Summary(p),
	}
}

// digest tells values apart that are of several numbers.
type digest uint64

func (d *digest) add(words ...uint64) {
	for _, word := range words {
		*d = digest(identity.Mix(uint64(*d), word))
	}
}

func (d *digest) addAll(words pcommon.UInt64Slice) {
	for _, word := range words.All() {
		*d = digest(identity.Mix(uint64(*d), word))
	}
}

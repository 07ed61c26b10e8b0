// Package soundness says whether a data point contradicts itself, by the data model of OpenTelemetry metrics.
package soundness

import (
	"math"
	"math/bits"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	boundsLimit    = 512
	quantilesLimit = 128
	// What the translator to native histograms takes (Prometheus, "Native histograms", schemas).
	coarsestScale     = -4
	bucketsLimit      = 1_000
	bucketOffsetLimit = 1 << 20
)

// Number: a total is a number, not negative and finite; one that is not would spoil every sum that it is part of.
func Number(p pmetric.NumberDataPoint, value float64, total bool) bool {
	if p.Flags().NoRecordedValue() {
		return true
	}
	if p.ValueType() == pmetric.NumberDataPointValueTypeEmpty {
		return false
	}
	return !total || (value >= 0 && !math.IsInf(value, 1))
}

// Histogram: as many counts as bounds and one more, or neither; bounds rise; the counts add up (data model,
// "Histogram").
func Histogram(p pmetric.HistogramDataPoint) bool {
	if p.Flags().NoRecordedValue() {
		return true
	}
	bounds, counts := p.ExplicitBounds(), p.BucketCounts()
	if bounds.Len() > boundsLimit || !finiteSum(p.HasSum(), p.Sum()) {
		return false
	}
	if counts.Len() == 0 {
		return bounds.Len() == 0
	}
	if counts.Len() != bounds.Len()+1 || !addUp(p.Count(), 0, counts) {
		return false
	}
	before := math.Inf(-1)
	for _, bound := range bounds.All() {
		// +Inf is the last bucket's own bound, and what is no number compares as false.
		if !(bound > before) || math.IsInf(bound, 1) {
			return false
		}
		before = bound
	}
	return true
}

// Exponential: a scale and buckets that native histograms can have, and counts that add up (data model,
// "ExponentialHistogram").
func Exponential(p pmetric.ExponentialHistogramDataPoint) bool {
	if p.Flags().NoRecordedValue() {
		return true
	}
	positive, negative := p.Positive(), p.Negative()
	for _, side := range []pmetric.ExponentialHistogramDataPointBuckets{positive, negative} {
		if side.BucketCounts().Len() > bucketsLimit ||
			side.Offset() > bucketOffsetLimit || side.Offset() < -bucketOffsetLimit {
			return false
		}
	}
	threshold := p.ZeroThreshold()
	// The store has the difference of two counts as a signed number.
	return p.Count() <= math.MaxInt64 && p.Scale() >= coarsestScale && threshold >= 0 && !math.IsInf(threshold, 1) &&
		finiteSum(p.HasSum(), p.Sum()) && addUp(p.Count(), p.ZeroCount(), positive.BucketCounts(), negative.BucketCounts())
}

// Summary: quantiles between 0 and 1, each once.
func Summary(p pmetric.SummaryDataPoint) bool {
	if p.QuantileValues().Len() > quantilesLimit {
		return false
	}
	seen := map[float64]bool{}
	for _, each := range p.QuantileValues().All() {
		quantile := each.Quantile()
		if !(quantile >= 0 && quantile <= 1) || seen[quantile] {
			return false
		}
		seen[quantile] = true
	}
	return p.Flags().NoRecordedValue() || finiteSum(true, p.Sum())
}

func finiteSum(present bool, sum float64) bool {
	return !present || !(math.IsNaN(sum) || math.IsInf(sum, 0))
}

// addUp says whether the parts come to the count, without an overflow on the way.
func addUp(count uint64, single uint64, parts ...pcommon.UInt64Slice) bool {
	sum, carry := single, uint64(0)
	for _, each := range parts {
		for _, part := range each.All() {
			if sum, carry = bits.Add64(sum, part, 0); carry != 0 {
				return false
			}
		}
	}
	return sum == count
}

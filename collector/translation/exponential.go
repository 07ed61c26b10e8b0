package translation

import (
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	// Of the store's native histograms.
	smallestScale, largestScale = -4, 8
	zeroThreshold               = 1e-128
	// widestGap is of empty buckets that are written out; a wider one begins a new span.
	widestGap = 2
)

func (t *translation) exponential(from source, name string, point pmetric.ExponentialHistogramDataPoint) error {
	labels, err := t.baseLabels(from, point.Attributes())
	if err != nil {
		return err
	}
	histogram, err := native(point)
	if err != nil {
		return err
	}
	series := t.of(with(labels, name))
	series.Histograms = append(series.Histograms, histogram)
	series.Exemplars = append(series.Exemplars, exemplars(point.Exemplars())...)
	return nil
}

// native makes a native histogram of an exponential one. One of a finer scale than the store has gets its buckets
// merged; one of a coarser scale is an error.
func native(point pmetric.ExponentialHistogramDataPoint) (prompb.Histogram, error) {
	scale := point.Scale()
	if scale < smallestScale {
		return prompb.Histogram{}, fmt.Errorf("an exponential histogram of scale %d, less than %d", scale, smallestScale)
	}
	merged := max(0, scale-largestScale)
	made := prompb.Histogram{
		// Of a reset nothing is known here, and a wrong hint would be believed.
		ResetHint:     prompb.Histogram_UNKNOWN,
		Schema:        scale - merged,
		ZeroCount:     &prompb.Histogram_ZeroCountInt{ZeroCountInt: point.ZeroCount()},
		ZeroThreshold: point.ZeroThreshold(),
		Timestamp:     milliseconds(point.Timestamp()),
	}
	made.PositiveSpans, made.PositiveDeltas = spans(point.Positive(), merged)
	made.NegativeSpans, made.NegativeDeltas = spans(point.Negative(), merged)
	if made.ZeroThreshold == 0 {
		made.ZeroThreshold = zeroThreshold
	}
	if point.Flags().NoRecordedValue() {
		made.Sum = math.Float64frombits(value.StaleNaN)
		made.Count = &prompb.Histogram_CountInt{CountInt: value.StaleNaN}
		return made, nil
	}
	if point.HasSum() {
		made.Sum = point.Sum()
	}
	made.Count = &prompb.Histogram_CountInt{CountInt: point.Count()}
	return made, nil
}

// spans makes of dense buckets the store's sparse ones, 2^merged in one. OTLP's bucket 0 is the store's bucket 1.
func spans(buckets pmetric.ExponentialHistogramDataPointBuckets, merged int32) ([]prompb.BucketSpan, []int64) {
	counts := buckets.BucketCounts()
	if counts.Len() == 0 {
		return nil, nil
	}
	index := func(i int) int32 { return (int32(i)+buckets.Offset())>>merged + 1 }
	made := []prompb.BucketSpan{{Offset: index(0)}}
	var deltas []int64
	var before int64
	write := func(count int64) {
		made[len(made)-1].Length++
		deltas = append(deltas, count-before)
		before = count
	}
	skip := func(gap int32) {
		if gap > widestGap {
			made = append(made, prompb.BucketSpan{Offset: gap})
			return
		}
		for range gap {
			write(0)
		}
	}
	current, count := index(0), int64(0)
	for i := range counts.Len() {
		next := index(i)
		if next == current {
			count += int64(counts.At(i))
			continue
		}
		if count == 0 {
			count = int64(counts.At(i))
			continue
		}
		skip(next - current - 1)
		write(count)
		count, current = int64(counts.At(i)), next
	}
	skip(index(counts.Len()-1) - current)
	write(count)
	return made, deltas
}

package translation

import (
	"math"
	"strconv"

	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	sumSuffix    = "_sum"
	countSuffix  = "_count"
	bucketSuffix = "_bucket"
	boundLabel   = "le"
	quantile     = "quantile"
)

// recorded is the value of a point, or what says that it has none.
func recorded(flags pmetric.DataPointFlags, number float64) float64 {
	if flags.NoRecordedValue() {
		return math.Float64frombits(value.StaleNaN)
	}
	return number
}

// milliseconds since 1970, as the store counts them.
func milliseconds(time pcommon.Timestamp) int64 { return time.AsTime().UnixMilli() }

func (t *translation) number(from source, name string, point pmetric.NumberDataPoint, monotonic bool) error {
	labels, err := t.baseLabels(from, point.Attributes())
	if err != nil {
		return err
	}
	var number float64
	switch point.ValueType() {
	case pmetric.NumberDataPointValueTypeInt:
		number = float64(point.IntValue())
	case pmetric.NumberDataPointValueTypeDouble:
		number = point.DoubleValue()
	}
	series := t.add(with(labels, name), milliseconds(point.Timestamp()), recorded(point.Flags(), number))
	if monotonic {
		series.Exemplars = append(series.Exemplars, exemplars(point.Exemplars())...)
	}
	return nil
}

func (t *translation) summary(from source, name string, point pmetric.SummaryDataPoint) error {
	labels, err := t.baseLabels(from, point.Attributes())
	if err != nil {
		return err
	}
	at, flags := milliseconds(point.Timestamp()), point.Flags()
	t.add(with(labels, name+sumSuffix), at, recorded(flags, point.Sum()))
	t.add(with(labels, name+countSuffix), at, recorded(flags, float64(point.Count())))
	for _, each := range point.QuantileValues().All() {
		t.add(with(labels, name, quantile, plain(each.Quantile())), at, recorded(flags, each.Value()))
	}
	return nil
}

func (t *translation) histogram(from source, name string, point pmetric.HistogramDataPoint) error {
	labels, err := t.baseLabels(from, point.Attributes())
	if err != nil {
		return err
	}
	at, flags := milliseconds(point.Timestamp()), point.Flags()
	if point.HasSum() {
		t.add(with(labels, name+sumSuffix), at, recorded(flags, point.Sum()))
	}
	t.add(with(labels, name+countSuffix), at, recorded(flags, float64(point.Count())))
	var buckets []bucket
	// OTLP counts each bucket for itself, the store with all below it.
	var below uint64
	for i := 0; i < point.ExplicitBounds().Len() && i < point.BucketCounts().Len(); i++ {
		bound := point.ExplicitBounds().At(i)
		below += point.BucketCounts().At(i)
		series := t.add(with(labels, name+bucketSuffix, boundLabel, plain(bound)), at, recorded(flags, float64(below)))
		buckets = append(buckets, bucket{bound, series})
	}
	series := t.add(with(labels, name+bucketSuffix, boundLabel, "+Inf"), at, recorded(flags, float64(point.Count())))
	addExemplars(append(buckets, bucket{math.Inf(1), series}), exemplars(point.Exemplars()))
	return nil
}

func plain(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }

// bucket is a series of a histogram with its upper bound.
type bucket struct {
	bound  float64
	series *prompb.TimeSeries
}

package translation

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

var at = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// batch is one metric of one process, without points.
func batch() (pmetric.Metrics, pmetric.Metric) {
	made := pmetric.NewMetrics()
	resource := made.ResourceMetrics().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "shop")
	resource.Resource().Attributes().PutStr("service.instance.id", "1")
	metric := resource.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName("work")
	metric.SetUnit("s")
	return made, metric
}

// translated gives the series by `name{label=value,...}`, without job and instance, which it checks.
func translated(t *testing.T, of pmetric.Metrics) map[string]*prompb.TimeSeries {
	t.Helper()
	all, err := FromMetrics(of)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*prompb.TimeSeries{}
	for _, series := range all {
		name, others, own := "", []string{}, 0
		for _, label := range series.Labels {
			switch pair := label.Name + "=" + label.Value; {
			case label.Name == "__name__":
				name = label.Value
			case pair == "job=shop" || pair == "instance=1":
				own++
			default:
				others = append(others, pair)
			}
		}
		if own != 2 || !slices.IsSortedFunc(series.Labels, byName) {
			t.Errorf("labels %v", series.Labels)
		}
		found[name+"{"+strings.Join(others, ",")+"}"] = series
	}
	return found
}

func TestAHistogramHasWhatIsBelowEachBound(t *testing.T) {
	made, metric := batch()
	histogram := metric.SetEmptyHistogram()
	histogram.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	point := histogram.DataPoints().AppendEmpty()
	point.SetTimestamp(pcommon.NewTimestampFromTime(at))
	point.ExplicitBounds().FromRaw([]float64{0.5, 1})
	point.BucketCounts().FromRaw([]uint64{1, 2, 3})
	point.SetCount(6)
	point.SetSum(9.5)
	exemplar := point.Exemplars().AppendEmpty()
	exemplar.SetDoubleValue(0.7)
	exemplar.SetTraceID([16]byte{1})
	found := translated(t, made)
	for name, want := range map[string]float64{
		"work_seconds_sum{}": 9.5, "work_seconds_count{}": 6, "work_seconds_bucket{le=0.5}": 1,
		"work_seconds_bucket{le=1}": 3, "work_seconds_bucket{le=+Inf}": 6,
	} {
		series := found[name]
		if series == nil || len(series.Samples) != 1 || series.Samples[0].Value != want ||
			series.Samples[0].Timestamp != at.UnixMilli() {
			t.Errorf("%s: %v", name, series)
		}
	}
	if len(found) != 5 || len(found["work_seconds_bucket{le=1}"].Exemplars) != 1 {
		t.Errorf("%v", found)
	}
}

func TestAPointWithoutAValueEndsItsSeries(t *testing.T) {
	made, metric := batch()
	point := metric.SetEmptyGauge().DataPoints().AppendEmpty()
	point.SetTimestamp(pcommon.NewTimestampFromTime(at))
	point.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	sample := translated(t, made)["work_seconds{}"].Samples[0]
	if math.Float64bits(sample.Value) != value.StaleNaN {
		t.Error(sample)
	}
}

func TestAttributesOfOneLabelShareItAndEmptyOnesAreNone(t *testing.T) {
	made, metric := batch()
	point := metric.SetEmptyGauge().DataPoints().AppendEmpty()
	point.SetDoubleValue(1)
	for key, text := range map[string]string{"a_b": "second", "a.b": "first", "empty": ""} {
		point.Attributes().PutStr(key, text)
	}
	if found := translated(t, made); found["work_seconds{a_b=first;second}"] == nil {
		t.Errorf("%v", found)
	}
}

func TestAnExponentialHistogramOfAFinerScaleHasItsBucketsMerged(t *testing.T) {
	made, metric := batch()
	histogram := metric.SetEmptyExponentialHistogram()
	histogram.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	point := histogram.DataPoints().AppendEmpty()
	point.SetScale(9)
	point.SetCount(21)
	// Of scale 9 the buckets 2 to 5, and with a gap 12: of scale 8 the buckets 1, 2 and 6.
	point.Positive().SetOffset(2)
	point.Positive().BucketCounts().FromRaw([]uint64{1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 11})
	got := translated(t, made)["work_seconds{}"].Histograms[0]
	var spans []int64
	for _, span := range got.PositiveSpans {
		spans = append(spans, int64(span.Offset), int64(span.Length))
	}
	if got.Schema != 8 || !slices.Equal(got.PositiveDeltas, []int64{3, 4, 4}) || !slices.Equal(spans, []int64{2, 2, 3, 1}) {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsNotCumulativeOrHasNoPointsIsAnError(t *testing.T) {
	made, metric := batch()
	metric.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	if _, err := FromMetrics(made); err == nil {
		t.Error("a delta")
	}
	metric.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	if _, err := FromMetrics(made); err == nil {
		t.Error("no points")
	}
}

package points

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

var (
	level   = &Metric{Name: "level", Unit: "1", Kind: Level}
	counter = &Metric{Name: "counter", Unit: "1", Kind: Counter}
	gauge   = &Metric{Name: "gauge", Unit: "1"}
)

func named(name string) Attribute { return Attribute{"name", name} }

// read gives the values of a metric by the attribute `name`, and the names of series that are marked as ended.
func read(metrics pmetric.Metrics, name string) (values map[string]int64, ended []string) {
	values = map[string]int64{}
	all := metrics.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range all.Len() {
		if all.At(i).Name() != name {
			continue
		}
		var points pmetric.NumberDataPointSlice
		if all.At(i).Type() == pmetric.MetricTypeSum {
			points = all.At(i).Sum().DataPoints()
		} else {
			points = all.At(i).Gauge().DataPoints()
		}
		for j := range points.Len() {
			value, _ := points.At(j).Attributes().Get("name")
			if points.At(j).Flags().NoRecordedValue() {
				ended = append(ended, value.Str())
			} else {
				values[value.Str()] = points.At(j).IntValue()
			}
		}
	}
	return values, ended
}

func TestASeriesThatIsThereNoLongerIsMarkedOnce(t *testing.T) {
	writer := NewWriter("db", "host:1", "scope")
	first := writer.Begin(time.Now())
	first.Add(level, 1, named("a"))
	first.Add(level, 2, named("b"))
	first.Complete(level)
	first.End()

	second := writer.Begin(time.Now())
	second.Add(level, 3, named("a"))
	second.Complete(level)
	values, ended := read(second.End(), "level")
	if len(values) != 1 || values["a"] != 3 || len(ended) != 1 || ended[0] != "b" {
		t.Fatalf("values %v, ended %v", values, ended)
	}

	third := writer.Begin(time.Now())
	third.Add(level, 3, named("a"))
	third.Complete(level)
	if _, ended := read(third.End(), "level"); len(ended) != 0 {
		t.Fatalf("ended again: %v", ended)
	}
}

func TestWhatCouldNotBeReadHasNotEnded(t *testing.T) {
	writer := NewWriter("db", "host:1", "scope")
	first := writer.Begin(time.Now())
	first.Add(level, 1, named("a"))
	first.Complete(level)
	first.End()

	failed := writer.Begin(time.Now())
	failed.Add(gauge, 0, named(""))
	failed.Complete(gauge)
	if values, ended := read(failed.End(), "level"); len(values)+len(ended) != 0 {
		t.Fatalf("values %v, ended %v", values, ended)
	}

	third := writer.Begin(time.Now())
	third.Complete(level)
	if _, ended := read(third.End(), "level"); len(ended) != 1 {
		t.Fatalf("ended %v", ended)
	}
}

func TestOfTwoValuesOfOneSeriesTheFirstIsKept(t *testing.T) {
	batch := NewWriter("db", "host:1", "scope").Begin(time.Now())
	batch.Add(level, 1, named("a\xff"))
	batch.Add(level, 2, named("a\xfe"))
	metrics := batch.End()
	if metrics.DataPointCount() != 1 {
		t.Fatalf("%d points", metrics.DataPointCount())
	}
	if values, _ := read(metrics, "level"); values["a\uFFFD"] != 1 {
		t.Fatalf("values %v", values)
	}
}

func TestKindsAreThoseOfOpenTelemetryAndCountersSayNoStart(t *testing.T) {
	batch := NewWriter("db", "host:1", "scope").Begin(time.Now())
	batch.Add(level, 1)
	batch.Add(counter, 1)
	batch.Add(gauge, 1)
	all := batch.End().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	if all.At(0).Sum().IsMonotonic() || !all.At(1).Sum().IsMonotonic() || all.At(2).Type() != pmetric.MetricTypeGauge {
		t.Fatal("not the kinds that were asked for")
	}
	if all.At(1).Sum().AggregationTemporality() != pmetric.AggregationTemporalityCumulative {
		t.Fatal("not cumulative")
	}
	if all.At(1).Sum().DataPoints().At(0).StartTimestamp() != 0 {
		t.Fatal("a start that nobody knows")
	}
}

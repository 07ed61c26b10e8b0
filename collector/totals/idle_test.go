package totals

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

type said struct {
	at    pcommon.Timestamp
	value int64
}

// of is what a sink's batch says of a metric, in its order.
func of(batch pmetric.Metrics, name string) (points []said) {
	for _, scope := range batch.ResourceMetrics().At(0).ScopeMetrics().All() {
		for _, metric := range scope.Metrics().All() {
			switch {
			case metric.Name() != name:
			case metric.Type() == pmetric.MetricTypeSum:
				for _, p := range metric.Sum().DataPoints().All() {
					points = append(points, said{p.Timestamp(), p.IntValue()})
				}
			case metric.Type() == pmetric.MetricTypeHistogram:
				for _, p := range metric.Histogram().DataPoints().All() {
					points = append(points, said{p.Timestamp(), int64(p.Count())})
				}
			}
		}
	}
	return points
}

func gauge(second int) pmetric.Metrics {
	batch := pmetric.NewMetrics()
	metric := batch.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName("g")
	metric.SetEmptyGauge().DataPoints().AppendEmpty().SetTimestamp(at(second))
	return batch
}

func expect(t *testing.T, got []said, expected ...said) {
	t.Helper()
	if len(got) != len(expected) {
		t.Fatalf("%v, and not %v", got, expected)
	}
	for index, each := range expected {
		if got[index] != each {
			t.Errorf("%v, and not %v", got, expected)
		}
	}
}

func TestATotalIsRepeatedAsOfTheExportBeforeWhileNothingIsCounted(t *testing.T) {
	made, sink := subject(t, Config{StreamsLimit: 10, Idle: time.Hour})
	for _, batch := range []pmetric.Metrics{
		counted(0, 10, 40), gauge(20), gauge(30), counted(30, 40, 400), counted(40, 50, 1),
	} {
		_ = made.ConsumeMetrics(t.Context(), batch)
	}
	batches := sink.AllMetrics()
	expect(t, of(batches[1], "c"))
	expect(t, of(batches[2], "c"), said{at(20), 40})
	expect(t, of(batches[3], "c"), said{at(30), 40}, said{at(40), 440})
	expect(t, of(batches[4], "c"), said{at(50), 441})
}

func TestHistogramsAreRepeatedToo(t *testing.T) {
	made, sink := subject(t, Config{StreamsLimit: 10, Idle: time.Hour})
	for _, batch := range []pmetric.Metrics{measured(0, 10, []float64{1}, 1, 2), gauge(20), gauge(30)} {
		_ = made.ConsumeMetrics(t.Context(), batch)
	}
	last := sink.AllMetrics()[2]
	expect(t, of(last, "h"), said{at(20), 3})
	if p := metrics(last).At(0).Histogram().DataPoints().At(0); p.Sum() != 3 || p.StartTimestamp() != at(0) {
		t.Errorf("%v since %v", p.Sum(), p.StartTimestamp())
	}
}

func TestWhereAllWasSilentTheTotalIsSaidAsOfTheEndOfTheSilence(t *testing.T) {
	made, sink := subject(t, Config{StreamsLimit: 10, Idle: time.Hour})
	_ = made.ConsumeMetrics(t.Context(), counted(0, 10, 40))
	_ = made.ConsumeMetrics(t.Context(), counted(600, 610, 400))
	expect(t, of(sink.AllMetrics()[1], "c"), said{at(600), 40}, said{at(610), 440})
}

func TestAPartOfAnExportThatFollowsMayHaveCounted(t *testing.T) {
	made, sink := subject(t, Config{StreamsLimit: 10, Idle: time.Hour})
	for _, batch := range []pmetric.Metrics{
		counted(0, 10, 1), gauge(20), counted(10, 20, 2), gauge(30), counted(20, 30, 3),
	} {
		_ = made.ConsumeMetrics(t.Context(), batch)
	}
	var all []said
	for _, batch := range sink.AllMetrics() {
		all = append(all, of(batch, "c")...)
	}
	expect(t, all, said{at(10), 1}, said{at(20), 3}, said{at(30), 6})
}

func TestATotalNeverFallsInTimeWhereAnExportWasLate(t *testing.T) {
	made, sink := subject(t, Config{StreamsLimit: 10, Idle: time.Hour})
	for _, batch := range []pmetric.Metrics{counted(0, 10, 1), gauge(25), gauge(35), counted(10, 20, 2)} {
		_ = made.ConsumeMetrics(t.Context(), batch)
	}
	expect(t, of(sink.AllMetrics()[3], "c"), said{at(25) + pcommon.Timestamp(time.Millisecond), 3})
}

func TestAClockThatIsSetBackOrFarAheadRepeatsNothingOfThatTime(t *testing.T) {
	made, sink := subject(t, Config{StreamsLimit: 10, Idle: time.Hour})
	for _, batch := range []pmetric.Metrics{
		counted(1000, 1010, 1), gauge(9000), gauge(100), gauge(110), gauge(120),
	} {
		_ = made.ConsumeMetrics(t.Context(), batch)
	}
	for _, batch := range sink.AllMetrics()[1:] {
		expect(t, of(batch, "c"))
	}
}

func TestASourceIsForgottenWithItsLastStream(t *testing.T) {
	made, _ := subject(t, Config{StreamsLimit: 10, Idle: time.Minute})
	_ = made.ConsumeMetrics(t.Context(), counted(0, 1, 1))
	made.now = func() time.Time { return begin.Add(2 * time.Minute) }
	_ = made.ConsumeMetrics(t.Context(), gauge(120))
	if len(made.sources) != 0 || len(made.streams) != 0 {
		t.Errorf("%d sources and %d streams are left", len(made.sources), len(made.streams))
	}
}

package store

import (
	"math"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

func sorted(values []float64) []float64 {
	slices.Sort(values)
	return values
}

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, and not %v", what, got, want)
	}
}

func expectValues(t *testing.T, got []float64, want ...float64) {
	t.Helper()
	if !slices.Equal(sorted(got), sorted(want)) {
		t.Errorf("%v, and not %v", got, want)
	}
}

func TestWhatTheStoreCanNeverTakeIsLeftOutAndTheRestIsWritten(t *testing.T) {
	delta := func(scope pmetric.ScopeMetrics) {
		counter("d", 0, 1, 1)(scope)
		scope.Metrics().At(scope.Metrics().Len() - 1).Sum().
			SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	}
	unspecified := func(scope pmetric.ScopeMetrics) {
		counter("u", 0, 1, 1)(scope)
		scope.Metrics().At(scope.Metrics().Len() - 1).Sum().
			SetAggregationTemporality(pmetric.AggregationTemporalityUnspecified)
	}
	for name, test := range map[string]struct {
		fill   func(pmetric.ScopeMetrics)
		reason Reason
	}{
		"exponential":     {exponential("e", 0, 1), NativeHistogram},
		"delta":           {delta, Delta},
		"unspecified":     {unspecified, Malformed},
		"per user":        {counter(perUserMetric, 0, 1, 1), PerUser},
		"too old":         {gauge("g", -7000, 1), Untimely},
		"future":          {gauge("g", 400, 1), Untimely},
		"no time":         {func(s pmetric.ScopeMetrics) { gauge("g", 0, 1)(s); noTime(s) }, Untimely},
		"no name":         {gauge("", 1, 1), Name},
		"long name":       {gauge(strings.Repeat("n", 600), 1, 1), Name},
		"bad name":        {gauge("\xff\xfe", 1, 1), Name},
		"empty attribute": {gauge("g", 1, 1, "", "v"), Name},
		"bad value":       {gauge("g", 1, 1, "a", "\xff"), Name},
		"long value":      {gauge("g", 1, 1, "a", strings.Repeat("v", 5000)), Name},
		"rule's name":     {gauge("job:requests:rate5m", 1, 1), Name},
		"our name":        {gauge("reduse.export.interval_seconds", 1, 1), Name},
		"nested too deep": {func(s pmetric.ScopeMetrics) { gauge("g", 1, 1)(s); nest(s, 100_000) }, Name},
		"not a total":     {counter("c", 0, 1, math.NaN()), Malformed},
		"negative total":  {counter("c", 0, 1, -1), Malformed},
		"bounds fall":     {histogram("h", 0, 1, []float64{2, 1}, []uint64{1, 1, 1}), Malformed},
		"equal bounds":    {histogram("h", 0, 1, []float64{1, 1}, []uint64{1, 1, 1}), Malformed},
		"infinite bound":  {histogram("h", 0, 1, []float64{1, math.Inf(1)}, []uint64{1, 1, 1}), Malformed},
		"no bound":        {histogram("h", 0, 1, []float64{math.NaN()}, []uint64{1, 1}), Malformed},
		"too few counts":  {histogram("h", 0, 1, []float64{1, 2}, []uint64{1}), Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t)
			s.send(of("odd", test.fill, gauge("fine", 1, 7)), of("innocent", gauge("fine", 1, 8)))
			expect(t, "left out", s.leftOut("odd", test.reason), 1)
			expect(t, "stored of it", s.stored("odd"), 1)
			expectValues(t, s.values("fine"), 7, 8)
		})
	}
}

func noTime(scope pmetric.ScopeMetrics) {
	scope.Metrics().At(0).Gauge().DataPoints().At(0).SetTimestamp(0)
}

// nest gives the first point an attribute that is an array in an array, and so on.
func nest(scope pmetric.ScopeMetrics, depth int) {
	inner := scope.Metrics().At(0).Gauge().DataPoints().At(0).Attributes().PutEmptySlice("deep")
	for range depth {
		inner = inner.AppendEmpty().SetEmptySlice()
	}
}

func TestAServicesNameThatIsNestedTooDeepIsNone(t *testing.T) {
	s := newSubject(t)
	batch := of("shop", gauge("g", 1, 1))
	attributes := batch.ResourceMetrics().At(0).Resource().Attributes()
	for _, name := range []string{"service.name", "service.namespace", "service.instance.id", "other"} {
		inner := attributes.PutEmptySlice(name)
		for range 100_000 {
			inner = inner.AppendEmpty().SetEmptySlice()
		}
	}
	s.send(batch)
	expectValues(t, s.values("g ", "job=unknown_service"), 1)
}

func TestAttributesThatBecomeOneLabelMakeOneSeries(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", gauge("g", 1, 1, "a.b", "x"), gauge("g", 1, 2, "a_b", "x"), gauge("h", 1, 3), gauge("h", 1, 4, "a", "")))
	expect(t, "left out", s.leftOut("shop", Repeated), 2)
	expectValues(t, s.values("g "), 1)
	expectValues(t, s.values("h "), 3)
}

func TestAStoreThatTakesNativeHistogramsIsSentThem(t *testing.T) {
	s := newSubject(t, func(c *Config) { c.Store = storePrometheus3 })
	s.send(of("shop", exponential("e", 0, 1)))
	expect(t, "stored", s.stored("shop"), 1)
}

func TestTheEndOfANativeHistogramHasNothingElse(t *testing.T) {
	ends := of("shop", exponential("e", 0, 1))
	point := ends.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).ExponentialHistogram().DataPoints().At(0)
	point.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	point.SetScale(-9)
	s := newSubject(t, func(c *Config) { c.Store = storePrometheus3 })
	s.send(ends)
	expect(t, "stored", s.stored("shop"), 1)
	expect(t, "scale", point.Scale(), 0)
	expect(t, "buckets", point.Positive().BucketCounts().Len(), 0)
}

func TestLabelsOfTheStoresOwnAreRenamed(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop",
		gauge("g", 1, 1, "job", "mine", "instance", "my", "__name__", "n"),
		gauge("g", 1, 2, "job", "other"),
	))
	expectValues(t, s.values("g ", "exported_job=mine", "exported_instance=my", " job=shop", "exported_name_=n"), 1)
	expectValues(t, s.values("g ", "exported_job=other"), 2)
}

func TestTwoScopesWithEqualNamesAndAttributesAreBothKept(t *testing.T) {
	s := newSubject(t)
	batch := of("shop", named("requests", counter("http.client", 0, 1, 44)))
	named("httpx", counter("http.client", 0, 1, 87))(batch.ResourceMetrics().At(0).ScopeMetrics().AppendEmpty())
	s.send(batch)
	expectValues(t, s.values("http_client_total", "otel_scope_name=requests"), 0, 44)
	expectValues(t, s.values("http_client_total", "otel_scope_name=httpx"), 0, 87)
}

func TestTheVersionOfAScopeStartsNoNewSeries(t *testing.T) {
	s := newSubject(t)
	batch := of("shop", named("requests", gauge("g", 1, 1)))
	batch.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope().SetVersion("1.2.3")
	s.send(batch)
	expectValues(t, s.values("g ", "1.2.3"))
}

func TestNamesThatAreTheSameInTheStoreDoNotMeet(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", histogram("h", 0, 1, []float64{1}, []uint64{1, 1}), gauge("h.count", 1, 5)))
	expect(t, "left out", s.leftOut("shop", NameCollision), 1)
	s.send(of("shop", gauge("a.b", 2, 1), gauge("a_b", 2, 2)))
	expect(t, "left out", s.leftOut("shop", Repeated), 1)
}

func TestTheSameSampleAgainIsTakenAndAnotherValueOfItsTimeIsNot(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", gauge("g", 1, 1)), of("shop", gauge("g", 1, 1)), of("shop", gauge("g", 1.0001, 2)))
	expect(t, "stored", s.stored("shop"), 2)
	expect(t, "left out", s.leftOut("shop", Repeated), 1)
}

func TestANamespaceTellsServicesOfOneNameApart(t *testing.T) {
	s := newSubject(t)
	for index, namespace := range []string{"eu", "us", ""} {
		batch := of("mes", gauge("g", 1, float64(index)))
		batch.ResourceMetrics().At(0).Resource().Attributes().PutStr("service.namespace", namespace)
		s.send(batch)
	}
	expectValues(t, s.values("g ", " job=eu/mes "), 0)
	expectValues(t, s.values("g ", " job=us/mes "), 1)
	expectValues(t, s.values("g ", " job=mes "), 2)
	expect(t, "counted as", s.stored("eu/mes"), 1)
}

func TestAResourceWithoutAnInstanceGetsOneOfWhatTellsProcessesApart(t *testing.T) {
	s := newSubject(t)
	batch := of("shop", gauge("g", 1, 1))
	attributes := batch.ResourceMetrics().At(0).Resource().Attributes()
	attributes.Remove("service.instance.id")
	attributes.PutStr("host.name", "a")
	attributes.PutInt("process.pid", 17)
	s.send(batch)
	expectValues(t, s.values("g ", "instance=a:17"), 1)
}

func TestAResourceWithoutANameIsAnUnknownService(t *testing.T) {
	s := newSubject(t)
	batch := of("shop", gauge("g", 1, 1))
	batch.ResourceMetrics().At(0).Resource().Attributes().Remove("service.name")
	s.send(batch)
	expectValues(t, s.values("g ", "job=unknown_service"), 1)
}

func TestAServiceHasAsManySeriesAsItMayAndOthersAreUntouched(t *testing.T) {
	s := newSubject(t, func(c *Config) { c.SeriesLimit = 50 })
	for index := range 200 {
		s.send(of("endless", gauge("g", float64(index), 1, "id", strings.Repeat("x", index+1))))
		s.send(of("innocent", gauge("g", float64(index), 1)))
	}
	expect(t, "left out", s.leftOut("endless", SeriesLimit), 153)
	expect(t, "innocent", s.stored("innocent"), 200)
}

func TestServicesBeyondTheLimitAreLeftOutUntilOthersAreForgotten(t *testing.T) {
	s := newSubject(t, func(c *Config) { c.ServicesLimit = 2 })
	s.send(of("a", gauge("g", 1, 1)), of("b", gauge("g", 1, 1)), of("c", gauge("g", 1, 1)))
	expect(t, "left out", s.leftOut(others, ServicesLimit), 1)
	s.advance(s.config.Idle + 2*sweepEvery)
	s.sweep()
	s.send(of("c", gauge("g", 1000, 1)))
	expect(t, "stored", s.stored("c"), 1)
}

func TestTheEndOfASeriesFreesItsPlace(t *testing.T) {
	// Beside it there are the resource's own and target_info.
	s := newSubject(t, func(c *Config) { c.SeriesLimit = seriesOfResource + 2 })
	for index := range 10 {
		user := strings.Repeat("u", index+1)
		s.send(of("users", gauge("g", float64(index), 1, "user", user)))
		ends := of("users", gauge("g", float64(index)+0.5, 0, "user", user))
		ends.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0).
			SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		s.send(ends)
		s.sweep()
	}
	expect(t, "stored", s.stored("users"), 20)
}

func TestAMetricWithoutPointsClaimsNoName(t *testing.T) {
	s := newSubject(t)
	empty := func(scope pmetric.ScopeMetrics) {
		metric := scope.Metrics().AppendEmpty()
		metric.SetName("m")
		metric.SetEmptyHistogram()
	}
	s.send(of("shop", empty, gauge("m", 1, 1)))
	expect(t, "stored", s.stored("shop"), 1)
}

func TestStreamsOfAllServicesAreBoundedAndThoseThatAreKnownGoOn(t *testing.T) {
	s := newSubject(t, func(c *Config) { c.StreamsLimit = 20 })
	s.send(of("innocent", gauge("g", 1, 1)))
	for index := range 100 {
		s.send(of("inventive", gauge("g", 1, 1, "id", strings.Repeat("x", index+1))))
		batch := of("inventive", gauge("g", 1, 1))
		batch.ResourceMetrics().At(0).Resource().Attributes().PutStr("service.instance.id", strings.Repeat("i", index+1))
		s.send(batch)
	}
	s.send(of("innocent", gauge("g", 2, 1)))
	expect(t, "innocent", s.stored("innocent"), 2)
	expect(t, "remembered", s.admission.registry.streams, 20)
	expect(t, "left out", s.leftOut("inventive", StreamsLimit) > 150, true)
	s.advance(s.config.Idle + 2*sweepEvery)
	s.sweep()
	expect(t, "remembered after a while", s.admission.registry.streams, 0)
}

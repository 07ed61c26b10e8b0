package store

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// begin is some time; tests count from it.
var begin = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// fakeStore takes samples, unless `answer` says otherwise of a write.
type fakeStore struct {
	*httptest.Server
	samples map[string][]prompb.Sample
	writes  int
	beaten  chan struct{}
	answer  func(series []string) (status int, text string)
}

func newFakeStore(t *testing.T) *fakeStore {
	store := &fakeStore{samples: map[string][]prompb.Sample{}, beaten: make(chan struct{}, 100)}
	store.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		packed, _ := io.ReadAll(r.Body)
		body, err := snappy.Decode(nil, packed)
		var request prompb.WriteRequest
		if err != nil || request.Unmarshal(body) != nil {
			t.Error("a write that cannot be read")
		}
		names := make([]string, len(request.Timeseries))
		for i, series := range request.Timeseries {
			names[i] = nameOf(series)
		}
		if strings.HasPrefix(names[0], heartbeatName) {
			defer func() { store.beaten <- struct{}{} }()
		} else {
			store.writes++
		}
		if store.answer != nil {
			if status, text := store.answer(names); status != http.StatusOK {
				http.Error(w, text, status)
				return
			}
		}
		for i, series := range request.Timeseries {
			store.samples[names[i]] = append(store.samples[names[i]], series.Samples...)
		}
	}))
	t.Cleanup(store.Close)
	return store
}

func nameOf(series prompb.TimeSeries) string {
	var name strings.Builder
	for _, label := range series.Labels {
		if label.Name == "__name__" {
			name.WriteString(label.Value)
		}
	}
	for _, label := range series.Labels {
		if label.Name != "__name__" {
			name.WriteString(" " + label.Name + "=" + label.Value)
		}
	}
	return name.String()
}

// subject is an exporter beside a store, at a time of its own.
type subject struct {
	*storeExporter
	t     *testing.T
	store *fakeStore
	// nanoseconds since begin
	clock atomic.Int64
}

func (s *subject) time() time.Time { return begin.Add(time.Duration(s.clock.Load())) }

func (s *subject) advance(length time.Duration) { s.clock.Add(int64(length)) }

func newSubject(t *testing.T, change ...func(*Config)) *subject {
	made := &subject{t: t, store: newFakeStore(t)}
	config := defaultConfig().(*Config)
	config.HTTP.Endpoint = made.store.URL
	config.Heartbeat = time.Hour
	for _, each := range change {
		each(config)
	}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	exporter, err := newExporter(config, exportertest.NewNopSettings(NewFactory().Type()).TelemetrySettings, made.time)
	if err != nil {
		t.Fatal(err)
	}
	made.storeExporter = exporter
	if err := exporter.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	// From here on nothing is written but what the test sends: the first heartbeat and all that follows from it are over.
	<-made.store.beaten
	if err := exporter.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	return made
}

// send is a call that has to succeed.
func (s *subject) send(batches ...pmetric.Metrics) {
	s.t.Helper()
	for _, batch := range batches {
		if err := s.ConsumeMetrics(context.Background(), batch); err != nil {
			s.t.Fatal(err)
		}
	}
}

// leftOut is how many points of a service were left out for a reason.
func (s *subject) leftOut(service string, reason Reason) int {
	if of := s.fate.services[service]; of != nil {
		return int(of.leftOut[reason])
	}
	return 0
}

func (s *subject) stored(service string) int {
	if of := s.fate.services[service]; of != nil {
		return int(of.stored)
	}
	return 0
}

// values are those of all samples of series whose text contains all parts.
func (s *subject) values(parts ...string) (found []float64) {
	for name, samples := range s.store.samples {
		fits := true
		for _, part := range parts {
			fits = fits && strings.Contains(name+" ", part)
		}
		if fits {
			for _, sample := range samples {
				found = append(found, sample.Value)
			}
		}
	}
	return found
}

func at(seconds float64) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(begin.Add(time.Duration(seconds * float64(time.Second))))
}

// of makes a batch of one resource, as an SDK sends it.
func of(service string, fill ...func(pmetric.ScopeMetrics)) pmetric.Metrics {
	batch := pmetric.NewMetrics()
	resource := batch.ResourceMetrics().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", service)
	resource.Resource().Attributes().PutStr("service.instance.id", service+"-1")
	resource.Resource().Attributes().PutStr("telemetry.sdk.name", "opentelemetry")
	scope := resource.ScopeMetrics().AppendEmpty()
	for _, each := range fill {
		each(scope)
	}
	return batch
}

// counter is a total that was 0 at start (s), with attributes as pairs.
func counter(name string, start, time float64, value float64, attributes ...string) func(pmetric.ScopeMetrics) {
	return func(scope pmetric.ScopeMetrics) {
		metric := scope.Metrics().AppendEmpty()
		metric.SetName(name)
		sum := metric.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		point := sum.DataPoints().AppendEmpty()
		point.SetStartTimestamp(at(start))
		point.SetTimestamp(at(time))
		point.SetDoubleValue(value)
		put(point.Attributes(), attributes)
	}
}

func gauge(name string, time, value float64, attributes ...string) func(pmetric.ScopeMetrics) {
	return func(scope pmetric.ScopeMetrics) {
		metric := scope.Metrics().AppendEmpty()
		metric.SetName(name)
		point := metric.SetEmptyGauge().DataPoints().AppendEmpty()
		point.SetTimestamp(at(time))
		point.SetDoubleValue(value)
		put(point.Attributes(), attributes)
	}
}

func histogram(name string, start, time float64, bounds []float64, counts []uint64) func(pmetric.ScopeMetrics) {
	return func(scope pmetric.ScopeMetrics) {
		metric := scope.Metrics().AppendEmpty()
		metric.SetName(name)
		data := metric.SetEmptyHistogram()
		data.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		point := data.DataPoints().AppendEmpty()
		point.SetStartTimestamp(at(start))
		point.SetTimestamp(at(time))
		point.ExplicitBounds().FromRaw(bounds)
		point.BucketCounts().FromRaw(counts)
		total := uint64(0)
		for _, count := range counts {
			total += count
		}
		point.SetCount(total)
		point.SetSum(float64(total))
	}
}

func exponential(name string, start, time float64) func(pmetric.ScopeMetrics) {
	return func(scope pmetric.ScopeMetrics) {
		metric := scope.Metrics().AppendEmpty()
		metric.SetName(name)
		data := metric.SetEmptyExponentialHistogram()
		data.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		point := data.DataPoints().AppendEmpty()
		point.SetStartTimestamp(at(start))
		point.SetTimestamp(at(time))
		point.SetScale(3)
		point.Positive().BucketCounts().FromRaw([]uint64{1, 2, 3})
		point.SetCount(6)
		point.SetSum(7)
	}
}

func put(attributes pcommon.Map, pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		attributes.PutStr(pairs[i], pairs[i+1])
	}
}

func named(scopeName string, fill func(pmetric.ScopeMetrics)) func(pmetric.ScopeMetrics) {
	return func(scope pmetric.ScopeMetrics) {
		scope.Scope().SetName(scopeName)
		fill(scope)
	}
}

// Package points writes the points of one scrape, and says which series are there no longer.
package points

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Kind is how values of a metric are to be read.
type Kind int

const (
	// Gauge is what is measured: a limit, a state.
	Gauge Kind = iota
	// Level is a number of things that may be added up: messages, connections.
	Level
	// Counter only grows. When it began to count is not known, so its points carry no start.
	Counter
)

// Metric is one metric as OpenTelemetry names it; the unit is in UCUM.
type Metric struct {
	Name        string
	Unit        string
	Description string
	Kind        Kind
}

// Attribute of a point. One without a value is left out.
type Attribute struct {
	Name  string
	Value string
}

// Writer makes points of one resource. It is used by one scrape at a time.
type Writer struct {
	resource []Attribute
	scope    string
	written  map[*Metric]map[string][]Attribute
}

// NewWriter makes points of the service and instance, in the scope of a receiver.
func NewWriter(service, instance, scope string) *Writer {
	return &Writer{
		resource: []Attribute{{"service.name", service}, {"service.instance.id", instance}},
		scope:    scope,
		written:  map[*Metric]map[string][]Attribute{},
	}
}

// Batch is the points of one scrape.
type Batch struct {
	writer  *Writer
	now     pcommon.Timestamp
	metrics pmetric.Metrics
	scope   pmetric.ScopeMetrics
	points  map[*Metric]pmetric.NumberDataPointSlice
	written map[*Metric]map[string][]Attribute
}

// Begin starts the points of a scrape at this time.
func (w *Writer) Begin(now time.Time) *Batch {
	metrics := pmetric.NewMetrics()
	resource := metrics.ResourceMetrics().AppendEmpty()
	put(resource.Resource().Attributes(), w.resource)
	scope := resource.ScopeMetrics().AppendEmpty()
	scope.Scope().SetName(w.scope)
	return &Batch{
		writer:  w,
		now:     pcommon.NewTimestampFromTime(now),
		metrics: metrics,
		scope:   scope,
		points:  map[*Metric]pmetric.NumberDataPointSlice{},
		written: map[*Metric]map[string][]Attribute{},
	}
}

// Add writes one point; nothing when the same series has been written already, as of two values one would be wrong.
func (b *Batch) Add(metric *Metric, value int64, attributes ...Attribute) {
	b.add(metric, attributes, func(point pmetric.NumberDataPoint) { point.SetIntValue(value) })
}

// AddFraction is Add of a value that is no whole number, such as a duration.
func (b *Batch) AddFraction(metric *Metric, value float64, attributes ...Attribute) {
	b.add(metric, attributes, func(point pmetric.NumberDataPoint) { point.SetDoubleValue(value) })
}

func (b *Batch) add(metric *Metric, attributes []Attribute, set func(pmetric.NumberDataPoint)) {
	key := key(attributes)
	if _, twice := b.written[metric][key]; twice {
		return
	}
	if b.written[metric] == nil {
		b.written[metric] = map[string][]Attribute{}
	}
	b.written[metric][key] = attributes
	set(b.point(metric, attributes))
}

// Complete says that all there is of these metrics was written: what was there before and is not now has ended, and is
// marked so that it does not go on with its last value.
func (b *Batch) Complete(metrics ...*Metric) {
	for _, metric := range metrics {
		for key, attributes := range b.writer.written[metric] {
			if _, there := b.written[metric][key]; !there {
				b.point(metric, attributes).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
			}
		}
		delete(b.writer.written, metric)
	}
}

// End gives the points. What was written before and is neither complete nor written now is still remembered.
func (b *Batch) End() pmetric.Metrics {
	for metric, series := range b.written {
		if b.writer.written[metric] == nil {
			b.writer.written[metric] = series
			continue
		}
		for key, attributes := range series {
			b.writer.written[metric][key] = attributes
		}
	}
	return b.metrics
}

func (b *Batch) point(metric *Metric, attributes []Attribute) pmetric.NumberDataPoint {
	slice, there := b.points[metric]
	if !there {
		slice = start(b.scope.Metrics().AppendEmpty(), metric)
		b.points[metric] = slice
	}
	point := slice.AppendEmpty()
	point.SetTimestamp(b.now)
	put(point.Attributes(), attributes)
	return point
}

func start(target pmetric.Metric, metric *Metric) pmetric.NumberDataPointSlice {
	target.SetName(metric.Name)
	target.SetUnit(metric.Unit)
	target.SetDescription(metric.Description)
	if metric.Kind == Gauge {
		return target.SetEmptyGauge().DataPoints()
	}
	sum := target.SetEmptySum()
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	sum.SetIsMonotonic(metric.Kind == Counter)
	return sum.DataPoints()
}

func put(target pcommon.Map, attributes []Attribute) {
	for _, attribute := range attributes {
		if attribute.Value != "" {
			// OTLP's strings are UTF-8; a name in another encoding is better a little wrong than a batch refused.
			target.PutStr(attribute.Name, strings.ToValidUTF8(attribute.Value, "\uFFFD"))
		}
	}
}

func key(attributes []Attribute) string {
	var text strings.Builder
	for _, attribute := range attributes {
		text.WriteString(strings.ToValidUTF8(attribute.Value, "\uFFFD"))
		text.WriteByte(0)
	}
	return text.String()
}

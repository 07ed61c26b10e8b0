package totals

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	// setBackBy is by how much a service's clock must be behind its newest export to be taken for one that was set back.
	setBackBy = pcommon.Timestamp(time.Minute)
	// pause is how long a stream must have been silent to be said as of the end of its silence.
	pause = pcommon.Timestamp(time.Second)
)

// source is a process with what it has counted, and the newest time that it has exported.
type source struct {
	newest  pcommon.Timestamp
	streams map[uint64]*total
}

// idle is what it takes to say a stream's total again: its metric without a point, the attributes and the scope. said is
// the newest time as of which it was said.
type idle struct {
	said       pcommon.Timestamp
	metric     pmetric.Metric
	attributes pcommon.Map
	scope      pcommon.InstrumentationScope
}

// export is what comes of one source at once, and the totals that are said again with it.
type export struct {
	totals   *totals
	source   uint64
	newest   pcommon.Timestamp
	scope    pcommon.InstrumentationScope
	repeated pmetric.ScopeMetricsSlice
}

// export repeats the totals of streams in which nothing was counted up to the export before, as of that export: what is
// counted after a pause is an increase then, and not a lone sample. Not as of the export that comes, of which another
// part may follow that has counted.
func (t *totals) export(of uint64, newest pcommon.Timestamp, now time.Time) *export {
	in := &export{totals: t, source: of, newest: newest, repeated: pmetric.NewScopeMetricsSlice()}
	from := t.sources[of]
	if from == nil || newest == 0 || newest.AsTime().After(now.Add(time.Hour)) {
		return in
	}
	before := from.newest
	if newest > before || newest+setBackBy < before {
		from.newest = newest
	}
	if newest <= before {
		return in
	}
	for _, each := range from.streams {
		if each.idle.said < before {
			in.repeat(each, before)
		}
	}
	return in
}

// saidUntil says the total as of the time at which it begins to grow, where the whole source was silent until then.
func (in *export) saidUntil(of *total, start pcommon.Timestamp) {
	if of.idle.said != 0 && of.idle.said+pause < start {
		in.repeat(of, start)
	}
}

func (in *export) repeat(of *total, at pcommon.Timestamp) {
	of.idle.said = at
	scope := in.repeated.AppendEmpty()
	of.idle.scope.CopyTo(scope.Scope())
	metric := scope.Metrics().AppendEmpty()
	of.idle.metric.CopyTo(metric)
	of.write(metric, at)
}

// say keeps how the stream is written, when it is first counted, and that it is said now: as of which time. That is the
// end of its interval, but after the time as of which it was repeated.
func (in *export) say(of *total, key uint64, metric pmetric.Metric, attributes pcommon.Map) pcommon.Timestamp {
	of.idle.said = max(of.time, of.idle.said+pcommon.Timestamp(time.Millisecond))
	from := in.totals.sources[in.source]
	if from == nil {
		from = &source{newest: in.newest, streams: map[uint64]*total{}}
		in.totals.sources[in.source] = from
	}
	if from.streams[key] != of {
		from.streams[key] = of
		of.idle.metric, of.idle.attributes = like(metric), pcommon.NewMap()
		of.idle.scope = pcommon.NewInstrumentationScope()
		attributes.CopyTo(of.idle.attributes)
		in.scope.CopyTo(of.idle.scope)
	}
	return of.idle.said
}

// putRepeatedFirst puts what was said again before all else, as it is older.
func (in *export) putRepeatedFirst(scopes pmetric.ScopeMetricsSlice) {
	if in.repeated.Len() > 0 {
		scopes.MoveAndAppendTo(in.repeated)
		in.repeated.MoveAndAppendTo(scopes)
	}
}

// sweep forgets what is in streams no more, and tells whether nothing is left.
func (s *source) sweep(streams map[uint64]*total) bool {
	for key := range s.streams {
		if streams[key] == nil {
			delete(s.streams, key)
		}
	}
	return len(s.streams) == 0
}

// like is a metric without points, of totals.
func like(metric pmetric.Metric) pmetric.Metric {
	made := pmetric.NewMetric()
	made.SetName(metric.Name())
	made.SetUnit(metric.Unit())
	made.SetDescription(metric.Description())
	switch metric.Type() {
	case pmetric.MetricTypeSum:
		made.SetEmptySum().SetIsMonotonic(metric.Sum().IsMonotonic())
		made.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeHistogram:
		made.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	}
	return made
}

// write adds the total to a metric, as of a time.
func (of *total) write(metric pmetric.Metric, at pcommon.Timestamp) {
	switch metric.Type() {
	case pmetric.MetricTypeSum:
		p := metric.Sum().DataPoints().AppendEmpty()
		of.idle.attributes.CopyTo(p.Attributes())
		p.SetTimestamp(at)
		of.number(p)
	case pmetric.MetricTypeHistogram:
		p := metric.Histogram().DataPoints().AppendEmpty()
		of.idle.attributes.CopyTo(p.Attributes())
		p.SetTimestamp(at)
		p.ExplicitBounds().FromRaw(of.bounds)
		of.histogram(p)
	}
}

// newest is the newest time of all points of a resource; 0 without any.
func newest(resource pmetric.ResourceMetrics) (at pcommon.Timestamp) {
	for _, scope := range resource.ScopeMetrics().All() {
		for _, metric := range scope.Metrics().All() {
			switch metric.Type() {
			case pmetric.MetricTypeSum:
				for _, p := range metric.Sum().DataPoints().All() {
					at = max(at, p.Timestamp())
				}
			case pmetric.MetricTypeGauge:
				for _, p := range metric.Gauge().DataPoints().All() {
					at = max(at, p.Timestamp())
				}
			case pmetric.MetricTypeHistogram:
				for _, p := range metric.Histogram().DataPoints().All() {
					at = max(at, p.Timestamp())
				}
			}
		}
	}
	return at
}

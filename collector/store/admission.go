package store

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"reduse/collector/identity"
)

const (
	perUserMetric = "reduse.user.request.duration"
	// others is the service to which points are counted whose own cannot be named.
	others = "(others)"
	// targetInfo is the key of the stream that the store makes of a resource's other attributes.
	targetInfo = 1
)

// admission decides what is written. It is not safe for use by several goroutines at a time.
type admission struct {
	config   *Config
	names    *namer
	registry *registry
	epoch    uint64
}

func newAdmission(config *Config) *admission {
	return &admission{config: config, names: newNamer(), registry: newRegistry(config)}
}

// decision is what became of one batch.
type decision struct {
	epoch     uint64
	streams   []*stream
	resources []*resource
	// kept and leftOut count the sender's data points.
	kept    map[string]int
	leftOut map[string]map[Reason]loss
}

// loss is how many points were left out, and the metric of one of them.
type loss struct {
	count  int
	metric string
}

func (d *decision) leaveOut(service string, reason Reason, count int, metric string) {
	if count == 0 {
		return
	}
	if d.leftOut[service] == nil {
		d.leftOut[service] = map[Reason]loss{}
	}
	d.leftOut[service][reason] = loss{d.leftOut[service][reason].count + count, metric}
}

// commit is called when the store has all that was kept, be it nothing.
func (d *decision) commit() {
	for _, each := range d.streams {
		each.commit(d.epoch)
	}
	for _, each := range d.resources {
		each.commit(d.epoch)
	}
}

// admit takes out of a batch what must not be written, and adds zeros at the starts of streams and the resources'
// export intervals and starts.
func (a *admission) admit(batch pmetric.Metrics, now time.Time) *decision {
	a.epoch++
	made := &decision{epoch: a.epoch, kept: map[string]int{}, leftOut: map[string]map[Reason]loss{}}
	batch.ResourceMetrics().RemoveIf(func(of pmetric.ResourceMetrics) bool {
		job, instance, fits := identify(of.Resource().Attributes())
		if !fits {
			made.leaveOut(others, Name, countAll(of), "")
			return true
		}
		found, reason := a.registry.resource(job, instance, now.Unix())
		if found == nil {
			if reason == ServicesLimit {
				job = others
			}
			made.leaveOut(job, reason, countAll(of), "")
			return true
		}
		a.names.fitResource(of.Resource().Attributes())
		export := &export{admission: a, decision: made, resource: found, metrics: of, now: now}
		export.checkEach()
		export.checkTogether()
		return of.ScopeMetrics().Len() == 0
	})
	return made
}

func countAll(of pmetric.ResourceMetrics) (count int) {
	for _, scope := range of.ScopeMetrics().All() {
		for _, metric := range scope.Metrics().All() {
			count += countPoints(metric)
		}
	}
	return count
}

// export is what one resource sent at a time.
type export struct {
	*admission
	*decision
	resource *resource
	metrics  pmetric.ResourceMetrics
	now      time.Time
	// keys of the points that are sound by themselves, in their order.
	keys []uint64
	// newest is their time, ms. setBack: some of them show that their clock was set back.
	newest  int64
	setBack bool
	// totals: some were kept. start is the earliest that these name, ms; 0 when they name none.
	totals bool
	start  int64
}

func (e *export) leave(reason Reason, of pmetric.Metric) bool {
	e.leaveOut(e.resource.service.name, reason, 1, of.Name())
	switch reason {
	case Delta, NativeHistogram, PerUser, Name, Repeated:
		// Never taken, or taken already: no stream begins later because of it.
	default:
		e.resource.partial = true
	}
	return false
}

// checkEach leaves out what is wrong by itself.
func (e *export) checkEach() {
	e.metrics.ScopeMetrics().RemoveIf(func(scope pmetric.ScopeMetrics) bool {
		e.names.fitScope(scope.Scope())
		scopeHash := e.names.key(scope.Scope().Attributes())*3 + identity.Text(scope.Scope().Name())
		scope.Metrics().RemoveIf(func(metric pmetric.Metric) bool {
			if countPoints(metric) == 0 {
				return true
			}
			clearMarks(metric)
			name, reason := e.checkMetric(metric)
			nameHash := identity.Text(name) * 31
			filterPoints(metric, func(p point) bool {
				wrong := reason
				if wrong == "" {
					wrong = e.checkPoint(metric, p)
				}
				if wrong != "" {
					return e.leave(wrong, metric)
				}
				e.note(nameHash+scopeHash+e.names.key(p.attributes), p)
				return true
			})
			return countPoints(metric) == 0
		})
		return scope.Metrics().Len() == 0
	})
}

// checkMetric gives its name in the store, and why all of it is left out, if it is.
func (e *export) checkMetric(metric pmetric.Metric) (string, Reason) {
	if metric.Name() == perUserMetric {
		return "", PerUser
	}
	switch metric.Type() {
	case pmetric.MetricTypeSum:
		if reason := checkTemporality(metric.Sum().AggregationTemporality()); reason != "" {
			return "", reason
		}
	case pmetric.MetricTypeHistogram:
		if reason := checkTemporality(metric.Histogram().AggregationTemporality()); reason != "" {
			return "", reason
		}
	case pmetric.MetricTypeExponentialHistogram:
		if reason := checkTemporality(metric.ExponentialHistogram().AggregationTemporality()); reason != "" {
			return "", reason
		}
		if !e.config.nativeHistograms() {
			return "", NativeHistogram
		}
	}
	name, fits := e.names.metric(metric)
	if !fits {
		return "", Name
	}
	if !e.resource.claim(name, metric.Type()) {
		return "", NameCollision
	}
	return name, ""
}

func checkTemporality(temporality pmetric.AggregationTemporality) Reason {
	switch temporality {
	case pmetric.AggregationTemporalityCumulative:
		return ""
	case pmetric.AggregationTemporalityDelta:
		return Delta
	}
	return Malformed
}

// claim says whether no metric of another type has this name, or one that follows from it, in the store.
func (r *resource) claim(name string, kind pmetric.MetricType) bool {
	names := []string{name}
	switch kind {
	case pmetric.MetricTypeHistogram:
		names = []string{name, name + "_bucket", name + "_count", name + "_sum"}
	case pmetric.MetricTypeSummary:
		names = []string{name, name + "_count", name + "_sum"}
	}
	for _, each := range names {
		if known, claimed := r.claims[each]; claimed && known != kind {
			return false
		}
	}
	// Each name has points behind it, which are bounded; names that come and go are forgotten together.
	if len(r.claims) > r.service.limit {
		clear(r.claims)
	}
	for _, each := range names {
		r.claims[each] = kind
	}
	return true
}

func (e *export) checkPoint(metric pmetric.Metric, p point) Reason {
	switch at := p.time.AsTime(); {
	case p.time == 0 || at.Before(e.now.Add(-e.config.OldestSample)) || at.After(e.now.Add(e.config.NewestSample)):
		return Untimely
	case !p.sound:
		return Malformed
	case !e.names.attributesFit(p.attributes, metric.Type()):
		return Name
	}
	return ""
}

// note remembers a sound point's key, and looks at it beside what its stream sent before.
func (e *export) note(key uint64, p point) {
	e.keys = append(e.keys, key)
	e.newest = max(e.newest, milliseconds(p.time))
	if known := e.resource.streams[key]; known != nil && p.total {
		e.setBack = e.setBack || follow(known.latest(e.decision.epoch), p) == setBack
	}
}

// checkTogether leaves out what contradicts what was sent before, and records the rest.
func (e *export) checkTogether() {
	if len(e.keys) == 0 {
		return
	}
	exports := e.resource.latest(e.decision.epoch)
	e.decision.resources = append(e.decision.resources, e.resource)
	if !e.setBack {
		exports.add(e.newest)
	}
	if exports.turned(e.setBack, e.now) {
		e.resource.conflicts(e.now)
	}
	e.fitTargetInfo()
	var seen signs
	kept, index := 0, 0
	inConflict := e.now.Before(e.resource.conflictUntil)
	e.metrics.ScopeMetrics().RemoveIf(func(scope pmetric.ScopeMetrics) bool {
		scope.Metrics().RemoveIf(func(metric pmetric.Metric) bool {
			var zeros []func()
			filterPoints(metric, func(p point) bool {
				key := e.keys[index]
				index++
				reason, begins := e.follow(key, p, &seen)
				if (reason == "" || reason == Clock) && inConflict {
					reason = IdentityConflict
				}
				if reason != "" {
					return e.leave(reason, metric)
				}
				if begins != 0 {
					zeros = append(zeros, func() { p.zero(metric, nanoseconds(begins)) })
				}
				kept++
				e.noteStart(p)
				return true
			})
			for _, add := range zeros {
				add()
			}
			return countPoints(metric) == 0
		})
		return scope.Metrics().Len() == 0
	})
	if seen.ofTwo() {
		e.resource.suspect(e.now)
	}
	e.kept[e.resource.service.name] += kept
	if kept > 0 {
		e.addInterval(exports)
		e.addStart(exports)
	}
}

// follow decides on one point beside its stream. begins is when the stream was 0 (ms) where that is to be written: the
// first thing that is counted is else not seen by `rate` and `increase`.
func (e *export) follow(key uint64, p point, seen *signs) (reason Reason, begins int64) {
	if e.setBack {
		return Clock, 0
	}
	of, reason := e.resource.stream(key, p.series, e.now.Unix())
	if of == nil {
		return reason, 0
	}
	latest := of.latest(e.decision.epoch)
	how := follow(latest, p)
	switch how {
	case contradicting:
		return Repeated, 0
	case late, same:
		return "", 0
	case first:
		begins = e.zeroAt(p, e.beginning(p))
	case restarted:
		begins = e.zeroAt(p, milliseconds(p.start))
	}
	e.decision.streams = append(e.decision.streams, of)
	seen[latest.advance(p)]++
	if begins != 0 {
		latest.begun = begins
	}
	of.ended = p.stale
	return "", begins
}

// beginning is when a stream that is seen for the first time was 0: at its start, or, where the SDK gives all streams of
// an instrument the same start, at the export before, which did not have it. 0 when that is not known.
func (e *export) beginning(p point) int64 {
	start := milliseconds(p.start)
	prior := e.resource.latest(e.decision.epoch).priorTo(milliseconds(p.time))
	if e.resource.partial && prior >= start {
		return 0
	}
	return max(start, prior)
}

// zeroAt is that time where a zero may be written: before the point itself, and no older than the store takes. A start
// is what a sender says, so it can be any time; one sample of the far future would make all others too old.
func (e *export) zeroAt(p point, begins int64) int64 {
	if !e.countsFromStart(p) || begins <= 0 || begins >= milliseconds(p.time) ||
		nanoseconds(begins).AsTime().Before(e.now.Add(-e.config.OldestSample)) {
		return 0
	}
	return begins
}

// countsFromStart: an SDK's totals are those since the start that they name (data model, "Sums"). Receivers that read
// the totals of others name the time at which they themselves were started.
func (e *export) countsFromStart(p point) bool {
	return p.total && !p.stale && p.value != 0 && p.start != 0 && e.ofSDK()
}

func (e *export) ofSDK() bool {
	_, found := e.metrics.Resource().Attributes().Get("telemetry.sdk.name")
	return found
}

// noteStart remembers the earliest start that a total names which is kept.
func (e *export) noteStart(p point) {
	if !p.total || p.stale {
		return
	}
	e.totals = true
	start := milliseconds(p.start)
	if start > 0 && start < milliseconds(p.time) && (e.start == 0 || start < e.start) && e.ofSDK() {
		e.start = start
	}
}

// fitTargetInfo takes the other attributes out of a resource that has no room for the series made of them.
func (e *export) fitTargetInfo() {
	attributes := e.metrics.Resource().Attributes()
	if of, _ := e.resource.stream(targetInfo+identity.Attributes(attributes), 1, e.now.Unix()); of != nil {
		return
	}
	attributes.RemoveIf(func(key string, _ pcommon.Value) bool {
		return key != "service.name" && key != "service.namespace" && key != "service.instance.id" &&
			key != "telemetry.sdk.name"
	})
}

// addInterval adds the time between the resource's exports: rules take their windows by it.
func (e *export) addInterval(exports *exports) {
	if interval := exports.interval(); interval != 0 && exports.newest == e.newest {
		e.addGauge(intervalMetric, interval)
	}
}

// addStart adds since when the resource's totals count, 0 where it does not say so: rules divide what was counted in a
// window by the part of it that the process has been there for. One export may come in parts, of which the later ones
// know of earlier starts; a series has one value at a time.
func (e *export) addStart(exports *exports) {
	if !e.totals || exports.newest != e.newest {
		return
	}
	if e.start != 0 {
		exports.starts(e.start)
	}
	if exports.startTold == e.newest {
		return
	}
	exports.startTold = e.newest
	e.addGauge(startMetric, float64(exports.start)/1000)
}

// addGauge adds a series of our own, in seconds, at the time of the export.
func (e *export) addGauge(name string, value float64) {
	metric := e.metrics.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName(name)
	metric.SetUnit("s")
	added := metric.SetEmptyGauge().DataPoints().AppendEmpty()
	added.SetTimestamp(nanoseconds(e.newest))
	added.SetDoubleValue(value)
	added.SetFlags(addedFlag)
}

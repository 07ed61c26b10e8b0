package shards

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Of reduse/wire.py.
const (
	metricName   = "reduse.user.request.duration"
	hashKey      = "user.hash"
	longestUnit  = 8
	instanceKey  = "service.instance.id"
	serviceKey   = "service.name"
	namespaceKey = "service.namespace"
)

// mostAdded is how many bytes the parts of a call may have more than the call. What says who sends, and the point that
// ends an export, is in every part: some hundred bytes for each process of a service. A call may have 4 MiB.
const mostAdded = 32 << 20

// What a metric and a point take that only says that an export has ended, in bytes.
const (
	metricBytes = 64
	endingBytes = 32
)

// division is what a call has of one service, to be dealt out to its shards.
type division struct {
	service string
	shards  int
	metrics []piece
	// added is how many bytes more the parts have, at most.
	added int
}

// piece is one metric, with the shard of each point.
type piece struct {
	resource pmetric.ResourceMetrics
	metric   pmetric.Metric
	// whole is what the processor refuses as it is: it stays in one part, where it is counted once.
	whole bool
	// places are the numbers of points, shard after shard, in the metric's order in each; those of shard n begin at
	// begins[n] and end at begins[n+1].
	places []int32
	begins []int32
	// endings are the points without attributes, which are in every part.
	endings []ending
}

// ending says that all points of a process up to its end have come.
type ending struct {
	place      int32
	start, end pcommon.Timestamp
	flags      pmetric.DataPointFlags
}

func (d *division) add(resource pmetric.ResourceMetrics) {
	instance, _ := nameIn(resource.Resource().Attributes(), instanceKey)
	for _, scope := range resource.ScopeMetrics().All() {
		for _, metric := range scope.Metrics().All() {
			made := piece{resource: resource, metric: metric, whole: true}
			if instance != "" && isOfUsers(metric) {
				made.whole = false
				made.sort(d.shards)
				d.added += made.added(d.shards)
			}
			d.metrics = append(d.metrics, made)
		}
	}
}

// part has what the shard takes, in its order; false when that is nothing. Points are moved: a shard has its part once.
func (d *division) part(shard int) (pmetric.Metrics, bool) {
	made := pmetric.NewMetrics()
	var from, to pmetric.ResourceMetrics
	for at := range d.metrics {
		piece := &d.metrics[at]
		if !piece.has(shard) {
			continue
		}
		if made.ResourceMetrics().Len() == 0 || from != piece.resource {
			from, to = piece.resource, made.ResourceMetrics().AppendEmpty()
			// What the processor reads of a resource, and no more: it is in each part.
			copyNames(from.Resource().Attributes(), to.Resource().Attributes())
			to.ScopeMetrics().AppendEmpty()
		}
		piece.moveTo(shard, to.ScopeMetrics().At(0).Metrics().AppendEmpty())
	}
	return made, made.ResourceMetrics().Len() > 0
}

func copyNames(from, to pcommon.Map) {
	for _, key := range []string{namespaceKey, serviceKey, instanceKey} {
		if name, _ := nameIn(from, key); name != "" {
			to.PutStr(key, name)
		}
	}
}

// isOfUsers tells whether the processor reads this metric's points one by one.
func isOfUsers(metric pmetric.Metric) bool {
	return metric.Name() == metricName &&
		metric.Type() == pmetric.MetricTypeHistogram &&
		metric.Histogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta &&
		len(metric.Unit()) <= longestUnit
}

// sort finds the shard of each point: that of its user, and else the first, where what is refused is counted.
func (p *piece) sort(shards int) {
	points := p.metric.Histogram().DataPoints()
	numbers := make([]uint8, points.Len())
	p.places, p.begins = make([]int32, points.Len()), make([]int32, shards+1)
	for at, point := range points.All() {
		attributes := point.Attributes()
		if attributes.Len() == 0 {
			p.endings = append(p.endings, ending{int32(at), point.StartTimestamp(), point.Timestamp(), point.Flags()})
			continue
		}
		// Beside the user a point may have what its requests were under.
		if hash, there := attributes.Get(hashKey); there && hash.Type() == pcommon.ValueTypeStr {
			shard, _ := shardOf(hash.Str(), shards)
			numbers[at] = uint8(shard)
		}
		p.begins[int(numbers[at])+1]++
	}
	for shard := range shards {
		p.begins[shard+1] += p.begins[shard]
	}
	next, endings := append([]int32(nil), p.begins...), p.endings
	for at, shard := range numbers {
		if len(endings) > 0 && int(endings[0].place) == at {
			endings = endings[1:]
			continue
		}
		p.places[next[shard]] = int32(at)
		next[shard]++
	}
}

// has tells whether there is something for a shard.
func (p *piece) has(shard int) bool {
	if p.whole {
		return shard == 0
	}
	return len(p.endings) > 0 || p.begins[shard] < p.begins[shard+1]
}

// added is how many bytes are in the parts more than once, at most.
func (p *piece) added(shards int) int {
	parts := 0
	for shard := range shards {
		if p.has(shard) {
			parts++
		}
	}
	if parts < 2 {
		return 0
	}
	bytes := metricBytes + len(p.endings)*endingBytes
	for _, key := range []string{namespaceKey, serviceKey, instanceKey} {
		name, _ := nameIn(p.resource.Resource().Attributes(), key)
		bytes += len(key) + len(name)
	}
	return (parts - 1) * bytes
}

func (p *piece) moveTo(shard int, to pmetric.Metric) {
	if p.whole {
		p.metric.MoveTo(to)
		return
	}
	to.SetName(p.metric.Name())
	to.SetUnit(p.metric.Unit())
	to.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	from, points := p.metric.Histogram().DataPoints(), to.Histogram().DataPoints()
	places := p.places[p.begins[shard]:p.begins[shard+1]]
	points.EnsureCapacity(len(places) + len(p.endings))
	for _, each := range p.endings {
		for len(places) > 0 && places[0] < each.place {
			from.At(int(places[0])).MoveTo(points.AppendEmpty())
			places = places[1:]
		}
		if shard == 0 {
			from.At(int(each.place)).MoveTo(points.AppendEmpty())
		} else {
			each.writeTo(points.AppendEmpty())
		}
	}
	for _, place := range places {
		from.At(int(place)).MoveTo(points.AppendEmpty())
	}
}

// writeTo makes the same point without its requests, which are counted in one shard alone.
func (e ending) writeTo(to pmetric.HistogramDataPoint) {
	to.SetStartTimestamp(e.start)
	to.SetTimestamp(e.end)
	to.SetFlags(e.flags)
	to.SetCount(0)
	to.SetSum(0)
}

// tooMuch says why a call is not taken.
func (d *division) tooMuch() string {
	return fmt.Sprintf("a call with so many instances of the service %q cannot be split into %d shards "+
		"(REDUSE_AGENT_USER_SHARDS): send fewer instances in one call, or have fewer shards", d.service, d.shards)
}

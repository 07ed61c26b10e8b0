package rabbitmq

import (
	"sort"

	"reduse/collector/receivers/internal/points"
)

const (
	vhostName  = "rabbitmq.vhost.name"
	queueName  = "rabbitmq.queue.name"
	queueRole  = "rabbitmq.queue.role"
	nodeName   = "rabbitmq.node.name"
	stateName  = "state"
	partName   = "part"
	reasonName = "reason"

	partStatistics = "statistics"
	partNodes      = "nodes"
	partTopology   = "topology"

	// otherQueues is what those beyond max_queues are summed under, by virtual host and role.
	otherQueues = "(other queues)"
	// exclusiveQueues have names that never come again: each would be a series of its own.
	exclusiveQueues = "(exclusive queues)"
)

// Names, units and kinds are those of contrib's rabbitmq receiver, except of what it does not have.
var (
	up = &points.Metric{
		Name: "reduse.rabbitmq.up", Unit: "{status}",
		Description: "1 when the broker's queues could be read, 0 and the reason when they could not.",
	}
	readable = &points.Metric{
		Name: "reduse.rabbitmq.readable", Unit: "{status}",
		Description: "1 when this part of what the broker knows could be read, 0 and the reason when it could not.",
	}
	vhostReadable = &points.Metric{
		Name: "reduse.rabbitmq.vhost.readable", Unit: "{status}",
		Description: "0 when the user has no permission entry for the virtual host: none of its queues is seen.",
	}
	summed = &points.Metric{
		Name: "reduse.rabbitmq.queues.summed", Unit: "{queue}",
		Description: "Queues beyond max_queues: only the sum of their messages and consumers is given.",
	}
	ofRole = &points.Metric{
		Name: "reduse.rabbitmq.queues", Unit: "{queue}", Kind: points.Level,
		Description: "Queues by what they are for; 0 where there is none of this role.",
	}
	current = &points.Metric{
		Name: "rabbitmq.message.current", Unit: "{messages}", Kind: points.Level,
		Description: "Messages in the queue.",
	}
	consumers = &points.Metric{
		Name: "rabbitmq.consumer.count", Unit: "{consumers}", Kind: points.Level,
		Description: "Consumers of the queue.",
	}
	acknowledged = &points.Metric{
		Name: "rabbitmq.message.acknowledged", Unit: "{messages}", Kind: points.Counter,
		Description: "Messages that consumers acknowledged.",
	}
	delivered = &points.Metric{
		Name: "rabbitmq.message.delivered", Unit: "{messages}", Kind: points.Counter,
		Description: "Messages delivered to consumers that acknowledge.",
	}
	published = &points.Metric{
		Name: "rabbitmq.message.published", Unit: "{messages}", Kind: points.Counter,
		Description: "Messages published to the queue; dead letters are not counted.",
	}
	ofQueues = []*points.Metric{ofRole, current, consumers, acknowledged, delivered, published}

	diskFree      = ofNode("disk_free", "{bytes}", "Free disk space.")
	diskFreeLimit = ofNode("disk_free_limit", "{bytes}", "Free disk space below which publishers are blocked.")
	diskFreeAlarm = ofNode("disk_free_alarm", "{status}", "Whether publishers are blocked for the disk.")
	memoryUsed    = ofNode("mem_used", "{bytes}", "Memory used.")
	memoryLimit   = ofNode("mem_limit", "{bytes}", "Memory above which publishers are blocked.")
	memoryAlarm   = ofNode("mem_alarm", "{status}", "Whether publishers are blocked for memory.")
	filesUsed     = ofNode("fd_used", "{fd}", "File descriptors used.")
	filesTotal    = ofNode("fd_total", "{fd}", "File descriptors there are.")
	ofNodes       = []*points.Metric{
		diskFree, diskFreeLimit, diskFreeAlarm, memoryUsed, memoryLimit, memoryAlarm, filesUsed, filesTotal,
	}
)

func ofNode(name, unit, description string) *points.Metric {
	return &points.Metric{
		Name: "rabbitmq.node." + name, Unit: unit, Kind: points.Level, Description: description,
	}
}

// line is what is written of one queue, or of several as one.
type line struct {
	vhost, name                        string
	role                               Role
	ready, unacknowledged, consumers   optional
	acknowledged, delivered, published optional
}

// lines gives the first `most` queues by name, and the others as sums: they are sorted, so that the same queues keep
// their names from scrape to scrape. A queue without a role is left out, but an
// exclusive one, which may be younger than the roles.
func lines(queues []queue, roles map[identity]Role, most int) (found []line, others int64) {
	sort.Slice(queues, func(a, b int) bool {
		if queues[a].VHost != queues[b].VHost {
			return queues[a].VHost < queues[b].VHost
		}
		return queues[a].Name < queues[b].Name
	})
	position := map[[3]string]int{}
	named := 0
	for _, each := range queues {
		role := roleOf(each, roles)
		if role == "" || roles == nil {
			continue
		}
		next := line{
			vhost: each.VHost, name: each.Name, role: role,
			ready: each.Ready, unacknowledged: each.Unacknowledged, consumers: each.Consumers,
			acknowledged: each.Statistics.Acknowledged, delivered: each.Statistics.Delivered,
			published: each.Statistics.Published,
		}
		switch {
		case each.Exclusive:
			next.name = exclusiveQueues
		case named < most:
			named++
		default:
			next.name = otherQueues
			others++
		}
		key := [3]string{next.vhost, next.name, string(next.role)}
		if at, there := position[key]; there {
			found[at] = found[at].plus(next)
			continue
		}
		if next.name != each.Name {
			next = next.withoutCounters()
		}
		position[key] = len(found)
		found = append(found, next)
	}
	return found, others
}

// writeRoles: that there is no queue of a role is known only when all have theirs.
func writeRoles(batch *points.Batch, queues []queue, roles map[identity]Role) {
	if roles == nil {
		return
	}
	numbers := map[Role]int64{}
	for _, each := range queues {
		numbers[roleOf(each, roles)]++
	}
	for _, role := range allRoles {
		batch.Add(ofRole, numbers[role], points.Attribute{Name: queueRole, Value: string(role)})
	}
}

// roleOf a queue; none when it is younger than the roles. An exclusive one is temporary whenever it came.
func roleOf(each queue, roles map[identity]Role) Role {
	role, known := roles[each.identity()]
	if !known && each.Exclusive {
		return RoleTemporary
	}
	return role
}

// plus: a sum is known when all of it is.
func (l line) plus(other line) line {
	l.ready = l.ready.plus(other.ready)
	l.unacknowledged = l.unacknowledged.plus(other.unacknowledged)
	l.consumers = l.consumers.plus(other.consumers)
	return l.withoutCounters()
}

// withoutCounters: the sum of counters would fall when a queue goes.
func (l line) withoutCounters() line {
	l.acknowledged, l.delivered, l.published = optional{}, optional{}, optional{}
	return l
}

func (l line) write(batch *points.Batch) {
	attributes := []points.Attribute{
		{Name: vhostName, Value: l.vhost}, {Name: queueName, Value: l.name}, {Name: queueRole, Value: string(l.role)},
	}
	state := func(name string) []points.Attribute {
		return append(append([]points.Attribute{}, attributes...), points.Attribute{Name: stateName, Value: name})
	}
	add(batch, current, l.ready, state("ready")...)
	add(batch, current, l.unacknowledged, state("unacknowledged")...)
	add(batch, consumers, l.consumers, attributes...)
	add(batch, acknowledged, l.acknowledged, attributes...)
	add(batch, delivered, l.delivered, attributes...)
	add(batch, published, l.published, attributes...)
}

func (n node) write(batch *points.Batch) {
	name := points.Attribute{Name: nodeName, Value: n.Name}
	for _, pair := range []struct {
		metric *points.Metric
		value  optional
	}{
		{diskFree, n.DiskFree}, {diskFreeLimit, n.DiskFreeLimit}, {diskFreeAlarm, n.DiskFreeAlarm.optional},
		{memoryUsed, n.MemoryUsed}, {memoryLimit, n.MemoryLimit}, {memoryAlarm, n.MemoryAlarm.optional},
		{filesUsed, n.FilesUsed}, {filesTotal, n.FilesTotal},
	} {
		add(batch, pair.metric, pair.value, name)
	}
}

func add(batch *points.Batch, metric *points.Metric, value optional, attributes ...points.Attribute) {
	if value.known {
		batch.Add(metric, value.value, attributes...)
	}
}

package rabbitmq

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sort"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"reduse/collector/receivers/internal/faults"
	"reduse/collector/receivers/internal/points"
	"reduse/collector/receivers/internal/reading"
)

const (
	scope = "reduse/collector/receivers/rabbitmq"
	// topologyLasts is for how long the last topology holds when it cannot be read.
	topologyLasts = 5 * time.Minute
	// statisticsLast is after how long it is asked again whether the broker keeps statistics: that takes its restart.
	statisticsLast = 30 * time.Second
)

var errDisabled = errors.New("the broker is configured to keep no statistics: " +
	"remove management_agent.disable_metrics_collector and management.disable_stats from rabbitmq.conf")

// scrape reads one broker again and again.
type scrape struct {
	config     *Config
	names      names
	management *management
	writer     *points.Writer
	faults     map[string]*faults.Log

	disabled      bool
	disabledKnown time.Time

	topology       *topology
	topologyRead   time.Time
	topologyQueues [sha256.Size]byte
	roles          map[identity]Role
	// classified says whether roles follow from the topology and from what was consumed until now.
	classified bool
	consumed   map[identity]bool
}

func newScrape(config *Config, management *management, logger *zap.Logger) (*scrape, error) {
	names, err := newNames(config)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(config.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	instance := config.Instance
	if instance == "" {
		instance = address.Host
	}
	logs := map[string]*faults.Log{}
	for _, part := range []string{"queues", partStatistics, partNodes, partTopology} {
		logs[part] = faults.NewLog(logger, "reading "+part+" of "+config.Service+" at "+address.Host)
	}
	return &scrape{
		config: config, names: names, management: management, faults: logs,
		writer: points.NewWriter(config.Service, instance, scope), consumed: map[identity]bool{},
	}, nil
}

// metrics reads the broker. What could not be read has no point, and `up` and `readable` say why: there is never an error.
func (s *scrape) metrics(ctx context.Context) (pmetric.Metrics, error) {
	now := time.Now()
	ctx, cancel := reading.Context(ctx, s.config.Timeout)
	defer cancel()
	batch := s.writer.Begin(now)
	queues, err := s.read(ctx, now)
	if err != nil {
		s.faults["queues"].Failed(now, reasonOf(err), err)
		batch.Add(up, 0, points.Attribute{Name: reasonName, Value: reasonOf(err)})
		batch.Complete(up, readable)
		return batch.End(), nil
	}
	s.faults["queues"].Succeeded(now)
	batch.Add(up, 1, points.Attribute{Name: reasonName})
	queues = s.wanted(queues)
	s.remember(queues)
	s.part(batch, now, partTopology, s.refresh(ctx, now, queues))
	found, others := lines(queues, s.roles, s.config.MaxQueues)
	for _, each := range found {
		each.write(batch)
	}
	batch.Add(summed, others)
	writeRoles(batch, queues, s.roles)
	s.writeVHosts(batch, now)
	if s.disabled {
		s.part(batch, now, partStatistics, errDisabled)
	} else {
		s.part(batch, now, partStatistics, nil)
		s.part(batch, now, partNodes, s.writeNodes(ctx, batch))
	}
	batch.Complete(up, readable)
	batch.Complete(ofQueues...)
	return batch.End(), nil
}

// read gives the queues, asked for as the broker's statistics allow.
func (s *scrape) read(ctx context.Context, now time.Time) ([]queue, error) {
	if now.Sub(s.disabledKnown) >= statisticsLast {
		disabled, err := readStatisticsDisabled(ctx, s.management)
		if err != nil {
			return nil, err
		}
		s.disabled, s.disabledKnown = disabled, now
	}
	queues, err := readQueues(ctx, s.management, s.disabled)
	if err != nil || s.disabled || !lacksStatistics(queues) {
		return queues, err
	}
	// Of no queue anything is known: perhaps the broker came back with another configuration.
	s.disabledKnown = time.Time{}
	return queues, nil
}

func lacksStatistics(queues []queue) bool {
	return len(queues) > 0 && !slices.ContainsFunc(queues, func(each queue) bool { return each.Consumers.known })
}

// wanted leaves out queues of virtual hosts that are not to be read. What feeds a queue is in its own.
func (s *scrape) wanted(queues []queue) []queue {
	if len(s.config.VHosts) == 0 {
		return queues
	}
	return slices.DeleteFunc(queues, func(each queue) bool { return !slices.Contains(s.config.VHosts, each.VHost) })
}

// remember which queues were consumed, as long as they are there. A first consumer shows what a queue is for, and what
// those are for whose messages come to it.
func (s *scrape) remember(queues []queue) {
	consumed := make(map[identity]bool, len(s.consumed))
	for _, each := range queues {
		id := each.identity()
		if s.consumed[id] || each.Consumers.value > 0 {
			consumed[id] = true
			s.classified = s.classified && s.consumed[id]
		}
	}
	s.consumed = consumed
}

// refresh reads the topology when queues have changed or time has passed, and gives queues their roles. When it cannot be
// read, roles stay what they were for a while, and a queue that is new has none.
func (s *scrape) refresh(ctx context.Context, now time.Time, queues []queue) error {
	digest := digestOf(queues)
	if s.topology != nil && digest == s.topologyQueues && now.Sub(s.topologyRead) < s.config.TopologyInterval {
		s.classify(queues)
		return nil
	}
	found, err := readTopology(ctx, s.management)
	if err != nil {
		if now.Sub(s.topologyRead) >= topologyLasts {
			s.topology, s.roles = nil, nil
		}
		return err
	}
	s.topology, s.topologyRead, s.topologyQueues, s.classified = found, now, digest, false
	s.classify(queues)
	return nil
}

func (s *scrape) classify(queues []queue) {
	if !s.classified {
		s.roles, s.classified = classify(s.topology, queues, s.names, s.consumed), true
	}
}

// digestOf what the topology is read anew for. Exclusive queues come and go all the time.
func digestOf(queues []queue) [sha256.Size]byte {
	texts := make([]string, 0, len(queues))
	for _, each := range queues {
		if !each.Exclusive {
			texts = append(texts, fmt.Sprintf("%q %q %q %q %q %q %q", each.VHost, each.Name, each.Type, each.Policy,
				each.OperatorPolicy, each.Arguments, each.EffectivePolicy))
		}
	}
	sort.Strings(texts)
	hash := sha256.New()
	for _, text := range texts {
		_, _ = hash.Write([]byte(text))
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

func (s *scrape) writeVHosts(batch *points.Batch, now time.Time) {
	if s.topology == nil || now.Sub(s.topologyRead) > 2*s.config.TopologyInterval {
		return
	}
	seen := s.topology.readable()
	names := s.topology.vhosts
	if len(s.config.VHosts) > 0 {
		// One that is not there cannot be read.
		names = s.config.VHosts
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	// Those that cannot be read come first: they must not be cut off.
	sort.SliceStable(names, func(a, b int) bool { return !seen[names[a]] && seen[names[b]] })
	for _, name := range names[:min(len(names), s.config.MaxVHosts)] {
		value := int64(0)
		if seen[name] {
			value = 1
		}
		batch.Add(vhostReadable, value, points.Attribute{Name: vhostName, Value: name})
	}
	batch.Complete(vhostReadable)
}

func (s *scrape) writeNodes(ctx context.Context, batch *points.Batch) error {
	nodes, err := readNodes(ctx, s.management)
	if err != nil {
		return err
	}
	for _, each := range nodes {
		each.write(batch)
	}
	batch.Complete(ofNodes...)
	return nil
}

// part says whether a part could be read.
func (s *scrape) part(batch *points.Batch, now time.Time, name string, err error) {
	part := points.Attribute{Name: partName, Value: name}
	if err == nil {
		s.faults[name].Succeeded(now)
		batch.Add(readable, 1, part, points.Attribute{Name: reasonName})
		return
	}
	reason := reasonOf(err)
	if errors.Is(err, errDisabled) {
		reason = ReasonStatisticsDisabled
	}
	s.faults[name].Failed(now, reason, err)
	batch.Add(readable, 0, part, points.Attribute{Name: reasonName, Value: reason})
}

package rabbitmq

import "regexp"

// Role is what a queue is for. It follows from where its messages come from and go to, and not from its name unless a
// setting says so or nothing else decides.
type Role string

const (
	// RoleWork has to have a consumer.
	RoleWork Role = "work"
	// RoleDeadLetter is fed by a dead-letter exchange, and by nothing else of the usual way of messages.
	RoleDeadLetter Role = "dead_letter"
	// RoleRetry keeps messages until they expire, and its own dead-letter exchange brings them to work.
	RoleRetry Role = "retry"
	// RoleStream is a log: what lies in it does not wait.
	RoleStream Role = "stream"
	// RoleTemporary is exclusive or deleted with its last consumer.
	RoleTemporary Role = "temporary"
)

var (
	soundsDead = regexp.MustCompile(`(?i)dead|dlq|dlx|poison|fail|error|park|reject|unrout|undeliver`)
	// soundsRetry decides only about queues that have a dead-letter exchange themselves.
	soundsRetry = regexp.MustCompile(`(?i)retry|retries|delay|wait|back[-._]?off|postpone|schedule|later|requeue`)
)

// classifier gives each queue its role. All of it is of one moment.
type classifier struct {
	topology *topology
	names    names
	// consumed are queues that had a consumer at some time: who holds messages back has none.
	consumed map[identity]bool

	queues map[identity]*queue
	// routes of dead letters, by the queue that they leave; shared by queues whose letters go the same way.
	routes map[identity]*route
	groups map[identity]int
	sizes  map[int][]identity
	retry  map[identity]bool
}

func classify(topology *topology, queues []queue, names names, consumed map[identity]bool) map[identity]Role {
	c := &classifier{
		topology: topology, names: names, consumed: consumed,
		queues: map[identity]*queue{}, routes: map[identity]*route{}, retry: map[identity]bool{},
	}
	for position := range queues {
		c.queues[queues[position].identity()] = &queues[position]
	}
	c.follow()
	c.groups, c.sizes = cycles(c.routes)
	c.findRetry()
	failures := c.failures()
	roles := make(map[identity]Role, len(queues))
	for id, each := range c.queues {
		roles[id] = c.role(id, each, failures)
	}
	c.resolveCycles(roles)
	return roles
}

// follow finds where the dead letters of each queue go.
func (c *classifier) follow() {
	known := map[identity]map[string]*route{}
	for id, each := range c.queues {
		from, of, there := c.topology.deadLetters(each)
		if !there {
			continue
		}
		if known[from] == nil {
			known[from] = map[string]*route{}
		}
		signature := of.signature()
		if known[from][signature] == nil {
			known[from][signature] = c.topology.from(from, of)
		}
		c.routes[id] = known[from][signature]
	}
}

func (c *classifier) findRetry() {
	everywhere := c.failuresOf(func(identity) bool { return true })
	for id, each := range c.queues {
		c.retry[id] = c.isRetry(id, each, everywhere)
	}
}

// mayHold: a queue without a consumer whose messages leave it by themselves.
func (c *classifier) mayHold(id identity, each *queue) bool {
	return c.routes[id] != nil && each.Type != "stream" && !c.consumed[id] &&
		!anyMatches(c.names.work, each.Name) && !anyMatches(c.names.deadLetter, each.Name) &&
		(c.topology.expires(each) || soundsRetry.MatchString(each.Name))
}

// isRetry: what is held comes back to work. That it does is seen by a way in a circle, by the name, by a consumer where
// it arrives, or by other messages that arrive there, too. A queue of work whose messages expire has none of these.
func (c *classifier) isRetry(id identity, each *queue, everywhere *failures) bool {
	if anyMatches(c.names.retry, each.Name) {
		return true
	}
	if !c.mayHold(id, each) {
		return false
	}
	for _, other := range c.sizes[c.groups[id]] {
		if other != id && c.queues[other] != nil && !c.mayHold(other, c.queues[other]) {
			return true
		}
	}
	for _, target := range c.routes[id].queues {
		if target == id || c.queues[target] == nil || c.soundsDead(target, id) {
			continue
		}
		if soundsRetry.MatchString(each.Name) || c.consumed[target] || c.arrivesOtherwise(target, everywhere) {
			return true
		}
	}
	return false
}

func (c *classifier) soundsDead(target, from identity) bool {
	exchange, _, _ := c.topology.deadLetters(c.queues[from])
	return soundsDead.MatchString(target.name) || soundsDead.MatchString(exchange.name)
}

// failures is the way of what failed: exchanges, bindings and queues.
type failures struct {
	exchanges map[identity]bool
	bindings  map[binding]bool
	queues    map[identity]bool
}

// failures of the broker: the dead letters of all queues that do not bring them back, and what no queue was found for.
func (c *classifier) failures() *failures {
	return c.failuresOf(func(id identity) bool { return !c.retry[id] })
}

func (c *classifier) failuresOf(counts func(identity) bool) *failures {
	all := &failures{exchanges: map[identity]bool{}, bindings: map[binding]bool{}, queues: map[identity]bool{}}
	done := map[*route]map[bool]bool{}
	include := func(found *route, from identity, letters bool) {
		if letters {
			for _, target := range found.queues {
				if target != from {
					all.queues[target] = true
				}
			}
		}
		if done[found][letters] {
			return
		}
		done[found] = map[bool]bool{letters: true}
		for id := range found.exchanges {
			all.exchanges[id] = true
		}
		for each := range found.bindings {
			all.bindings[each] = true
		}
	}
	for id, found := range c.routes {
		if counts(id) {
			include(found, id, true)
		}
	}
	for id := range c.topology.exchanges {
		if other, there := c.topology.alternate(id); there {
			include(c.topology.from(other, keys{any: true}), identity{}, false)
		}
	}
	return all
}

// arrivesOtherwise says whether a queue also gets messages that did not fail.
func (c *classifier) arrivesOtherwise(id identity, failed *failures) bool {
	for _, each := range c.topology.arrivals[id] {
		source := identity{each.VHost, each.Source}
		if !failed.exchanges[source] || !failed.bindings[each] {
			return true
		}
		// An exchange of both: whoever takes all of its messages takes those that did not fail, too.
		if c.topology.exchanges[source].Type != "topic" || !hasWildcard(each.Key) {
			continue
		}
		for _, other := range c.topology.bindings[source] {
			if !failed.bindings[other] && matchesTopic(each.Key, other.Key) {
				return true
			}
		}
	}
	return false
}

func (c *classifier) role(id identity, each *queue, failed *failures) Role {
	switch {
	case each.Type == "stream":
		return RoleStream
	case anyMatches(c.names.work, each.Name):
		return RoleWork
	case c.retry[id]:
		return RoleRetry
	case anyMatches(c.names.deadLetter, each.Name):
		return RoleDeadLetter
	case failed.queues[id] && !c.arrivesOtherwise(id, failed):
		return RoleDeadLetter
	case each.Exclusive || each.AutoDelete:
		return RoleTemporary
	}
	return RoleWork
}

// resolveCycles: where letters go in a circle without a queue that holds them, as when somebody rejects them back to
// work, each would be fed by the other. Then the name decides, and else all is work.
func (c *classifier) resolveCycles(roles map[identity]Role) {
	for _, members := range c.sizes {
		if len(members) < 2 {
			continue
		}
		alone := true
		for _, id := range members {
			alone = alone && (c.queues[id] == nil || roles[id] == RoleDeadLetter)
		}
		if !alone {
			continue
		}
		for _, id := range members {
			if c.queues[id] != nil && !soundsDead.MatchString(id.name) && !anyMatches(c.names.deadLetter, id.name) {
				roles[id] = RoleWork
			}
		}
	}
}

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
	// RoleConsumerless is work that waits until somebody comes for it: a setting says so.
	RoleConsumerless Role = "consumerless"
)

var allRoles = []Role{RoleWork, RoleDeadLetter, RoleRetry, RoleStream, RoleTemporary, RoleConsumerless}

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
	// members of a group are queues whose letters can come back to them.
	members map[int][]identity
	holds   map[identity]bool
	retry   map[identity]bool
}

func classify(topology *topology, queues []queue, names names, consumed map[identity]bool) map[identity]Role {
	c := &classifier{
		topology: topology, names: names, consumed: consumed,
		queues: map[identity]*queue{}, routes: map[identity]*route{},
		holds: map[identity]bool{}, retry: map[identity]bool{},
	}
	for position := range queues {
		c.queues[queues[position].identity()] = &queues[position]
	}
	c.follow()
	c.groups, c.members = cycles(c.routes)
	c.findRetry()
	failures := c.failures()
	roles := make(map[identity]Role, len(queues))
	for id, each := range c.queues {
		roles[id] = c.role(id, each, failures)
	}
	c.resolveCycles(roles)
	for id, role := range roles {
		if role == RoleWork && anyMatches(names.consumerless, id.name) {
			roles[id] = RoleConsumerless
		}
	}
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

// findRetry: what is held comes back to work. That it does is seen by a way in a circle, by the name, by a consumer where
// it arrives, by other messages that arrive there, too, or by dead letters that leave that place: where letters end they
// fail no more. A queue of work whose messages expire has none of these.
func (c *classifier) findRetry() {
	for id, each := range c.queues {
		c.holds[id] = c.mayHold(id, each)
	}
	circles := c.circlesOfWork()
	everywhere := c.failuresOf(func(identity) bool { return true })
	targets := map[*route]*targets{}
	for id, each := range c.queues {
		if anyMatches(c.names.retry, each.Name) {
			c.retry[id] = true
			continue
		}
		if !c.holds[id] {
			continue
		}
		found := targets[c.routes[id]]
		if found == nil {
			found = c.targetsOf(c.routes[id], everywhere)
			targets[c.routes[id]] = found
		}
		c.retry[id] = circles[c.groups[id]] || found.atWork.besides(id) ||
			soundsRetry.MatchString(each.Name) && found.alive.besides(id)
	}
}

// mayHold: a queue without a consumer whose messages leave it by themselves.
func (c *classifier) mayHold(id identity, each *queue) bool {
	return c.routes[id] != nil && each.Type != "stream" && !c.consumed[id] &&
		!anyMatches(c.names.work, each.Name) && !anyMatches(c.names.deadLetter, each.Name) &&
		(c.topology.expires(each) || soundsRetry.MatchString(each.Name))
}

// circlesOfWork are the groups of queues in which one does not hold messages, so that it works on them.
func (c *classifier) circlesOfWork() map[int]bool {
	found := map[int]bool{}
	for group, members := range c.members {
		for _, id := range members {
			if c.queues[id] != nil && !c.holds[id] {
				found[group] = true
			}
		}
	}
	return found
}

type set map[identity]bool

// besides says whether there is another one in it.
func (s set) besides(id identity) bool { return len(s) > 1 || len(s) == 1 && !s[id] }

// targets of a route: those that do not sound like an end, and of them those that are seen to work.
type targets struct{ alive, atWork set }

func (c *classifier) targetsOf(found *route, everywhere *failures) *targets {
	result := &targets{set{}, set{}}
	if soundsDead.MatchString(found.start.name) {
		return result
	}
	for _, target := range found.queues {
		if c.queues[target] == nil || soundsDead.MatchString(target.name) {
			continue
		}
		result.alive[target] = true
		if c.consumed[target] || c.arrivesOtherwise(target, everywhere) || c.routes[target] != nil && !c.holds[target] {
			result.atWork[target] = true
		}
	}
	return result
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
	passed := func(found *route) {
		for id := range found.exchanges {
			all.exchanges[id] = true
		}
		for each := range found.bindings {
			all.bindings[each] = true
		}
	}
	sources := map[*route]set{}
	for id, found := range c.routes {
		if counts(id) {
			if sources[found] == nil {
				sources[found] = set{}
			}
			sources[found][id] = true
		}
	}
	for found, from := range sources {
		passed(found)
		for _, target := range found.queues {
			// A queue's own letters make it no queue of letters.
			all.queues[target] = all.queues[target] || from.besides(target)
		}
	}
	alternates := set{}
	for id := range c.topology.exchanges {
		if other, there := c.topology.alternate(id); there && !alternates[other] {
			alternates[other] = true
			passed(c.topology.from(other, keys{any: true}))
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
	for _, members := range c.members {
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

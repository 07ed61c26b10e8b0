package rabbitmq

import (
	"sort"
	"strings"
)

// keys are the routing keys that a message may have; `any` when that is not known.
type keys struct {
	any   bool
	exact []string
}

func (k keys) signature() string {
	if k.any {
		return "*"
	}
	return strings.Join(k.exact, "\x00")
}

// route is where messages get to from an exchange.
type route struct {
	start     identity
	queues    []identity
	exchanges map[identity]bool
	bindings  map[binding]bool
}

// from follows messages with these keys from an exchange, through bindings between exchanges and alternate exchanges.
func (t *topology) from(start identity, of keys) *route {
	found := &route{start: start, exchanges: map[identity]bool{}, bindings: map[binding]bool{}}
	reached := map[identity]bool{}
	reach := func(id identity) {
		if !reached[id] {
			reached[id] = true
			found.queues = append(found.queues, id)
		}
	}
	waiting := []identity{start}
	for len(waiting) > 0 {
		id := waiting[0]
		waiting = waiting[1:]
		if found.exchanges[id] {
			continue
		}
		found.exchanges[id] = true
		if id.name == "" {
			for _, key := range of.exact {
				reach(identity{id.vhost, key})
			}
			continue
		}
		routed := false
		for _, each := range t.bindings[id] {
			if !matches(t.exchanges[id].Type, each.Key, of) {
				continue
			}
			routed = true
			found.bindings[each] = true
			destination := identity{id.vhost, each.Destination}
			if each.toQueue() {
				reach(destination)
			} else {
				waiting = append(waiting, destination)
			}
		}
		if other, there := t.alternate(id); there && (!routed || of.any) {
			waiting = append(waiting, other)
		}
	}
	return found
}

// matches says whether a message with one of the keys may take the binding. Of headers and of the types that plugins add
// nothing is known: it may.
func matches(kind, pattern string, of keys) bool {
	if of.any || kind != "direct" && kind != "topic" {
		return true
	}
	for _, key := range of.exact {
		if kind == "direct" && key == pattern || kind == "topic" && matchesTopic(pattern, key) {
			return true
		}
	}
	return false
}

// matchesTopic: words between dots, `*` for one word, `#` for any number of them.
func matchesTopic(pattern, key string) bool {
	words := strings.Split(key, ".")
	// possible[n]: the parts of the pattern so far may stand for the first n words.
	possible := make([]bool, len(words)+1)
	possible[0] = true
	for _, part := range strings.Split(pattern, ".") {
		next := make([]bool, len(words)+1)
		for n := range possible {
			switch {
			case part == "#":
				next[n] = possible[n] || n > 0 && next[n-1]
			case n > 0 && (part == "*" || part == words[n-1]):
				next[n] = possible[n-1]
			}
		}
		possible = next
	}
	return possible[len(words)]
}

func hasWildcard(pattern string) bool {
	for _, part := range strings.Split(pattern, ".") {
		if part == "*" || part == "#" {
			return true
		}
	}
	return false
}

// keysOf are those with which messages come into a queue.
func (t *topology) keysOf(q *queue) keys {
	found := map[string]bool{q.Name: true}
	for _, each := range t.arrivals[q.identity()] {
		kind := t.exchanges[identity{each.VHost, each.Source}].Type
		if kind != "direct" && (kind != "topic" || hasWildcard(each.Key)) {
			return keys{any: true}
		}
		found[each.Key] = true
	}
	exact := make([]string, 0, len(found))
	for key := range found {
		exact = append(exact, key)
	}
	sort.Strings(exact)
	return keys{exact: exact}
}

// deadLetters is where a queue's dead letters go.
func (t *topology) deadLetters(q *queue) (from identity, of keys, there bool) {
	name, there := t.setting(q, "dead-letter-exchange")
	if !there {
		return identity{}, keys{}, false
	}
	if key, given := t.setting(q, "dead-letter-routing-key"); given {
		return identity{q.VHost, name}, keys{exact: []string{key}}, true
	}
	return identity{q.VHost, name}, t.keysOf(q), true
}

package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// exchange is what the API says of one, and what a policy adds.
type exchange struct {
	Name      string `json:"name"`
	VHost     string `json:"vhost"`
	Type      string `json:"type"`
	Arguments table  `json:"arguments"`
	Policy    string `json:"policy"`
}

// binding is from an exchange that has a name; that of each queue to the default exchange is by the queue's name.
type binding struct {
	Source      string `json:"source"`
	VHost       string `json:"vhost"`
	Destination string `json:"destination"`
	Kind        string `json:"destination_type"`
	Key         string `json:"routing_key"`
}

func (b *binding) toQueue() bool { return b.Kind == "queue" }

type policy struct {
	Name       string `json:"name"`
	VHost      string `json:"vhost"`
	Definition table  `json:"definition"`
}

// topology is how messages get from exchanges to queues.
type topology struct {
	exchanges map[identity]exchange
	bindings  map[identity][]binding // by their source
	arrivals  map[identity][]binding // by the queue that they lead to
	policies  map[identity]table
	operator  map[identity]table
	vhosts    []string
}

// readable says whether the user may see what is in a virtual host: there is no virtual host without an exchange.
func (t *topology) readable() map[string]bool {
	seen := map[string]bool{}
	for id := range t.exchanges {
		seen[id.vhost] = true
	}
	readable := map[string]bool{}
	for _, name := range t.vhosts {
		readable[name] = seen[name]
	}
	return readable
}

func readTopology(ctx context.Context, broker *management) (*topology, error) {
	found := &topology{
		exchanges: map[identity]exchange{},
		bindings:  map[identity][]binding{},
		arrivals:  map[identity][]binding{},
		policies:  map[identity]table{},
		operator:  map[identity]table{},
	}
	vhosts := func(decoder *json.Decoder) error {
		return elements(decoder, func(each struct{ Name string }) { found.vhosts = append(found.vhosts, each.Name) })
	}
	exchanges := func(decoder *json.Decoder) error {
		return elements(decoder, func(each exchange) { found.exchanges[identity{each.VHost, each.Name}] = each })
	}
	policies := func(into map[identity]table) func(*json.Decoder) error {
		return func(decoder *json.Decoder) error {
			return elements(decoder, func(each policy) { into[identity{each.VHost, each.Name}] = each.Definition })
		}
	}
	for _, part := range []struct {
		path    string
		columns string
		read    func(*json.Decoder) error
		missing bool
	}{
		{"vhosts", "name", vhosts, false},
		{"exchanges", "name,vhost,type,arguments,policy", exchanges, false},
		{"bindings", "source,vhost,destination,destination_type,routing_key", func(decoder *json.Decoder) error {
			return elements(decoder, found.addBinding)
		}, false},
		{"policies", "", policies(found.policies), false},
		{"operator-policies", "", policies(found.operator), true},
	} {
		query := url.Values{}
		if part.columns != "" {
			query.Set("columns", part.columns)
		}
		if err := broker.get(ctx, part.path, query, part.read); err != nil && !(part.missing && isNotThere(err)) {
			return nil, err
		}
	}
	return found, nil
}

func (t *topology) addBinding(each binding) {
	if each.Source == "" {
		return
	}
	source := identity{each.VHost, each.Source}
	t.bindings[source] = append(t.bindings[source], each)
	if each.toQueue() {
		destination := identity{each.VHost, each.Destination}
		t.arrivals[destination] = append(t.arrivals[destination], each)
	}
}

// alternate is the exchange that gets what an exchange has no queue for.
func (t *topology) alternate(id identity) (identity, bool) {
	source := t.exchanges[id]
	name, there := source.Arguments.text("alternate-exchange")
	if !there {
		name, there = t.policies[identity{id.vhost, source.Policy}].text("alternate-exchange")
	}
	return identity{id.vhost, name}, there
}

// setting of a queue: its own argument, else that of the policies that apply to it.
func (t *topology) setting(q *queue, name string) (string, bool) {
	if own, there := q.Arguments.text("x-" + name); there {
		return own, true
	}
	for _, definition := range t.policiesOf(q) {
		if given, there := definition.text(name); there {
			return given, true
		}
	}
	return "", false
}

// expires says whether messages of a queue expire in it.
func (t *topology) expires(q *queue) bool {
	if q.Arguments.has("x-message-ttl") {
		return true
	}
	for _, definition := range t.policiesOf(q) {
		if definition.has("message-ttl") {
			return true
		}
	}
	return false
}

// policiesOf a queue: what the broker made of them where it says so, else those that it names.
func (t *topology) policiesOf(q *queue) []table {
	return []table{
		q.EffectivePolicy,
		t.policies[identity{q.VHost, q.Policy}],
		t.operator[identity{q.VHost, q.OperatorPolicy}],
	}
}

func isNotThere(err error) bool   { return hasStatus(err, http.StatusNotFound) }
func isBadRequest(err error) bool { return hasStatus(err, http.StatusBadRequest) }

func hasStatus(err error, status int) bool {
	var no *refusal
	return errors.As(err, &no) && no.status == status
}

package rabbitmq

import (
	"encoding/json"
	"strings"
	"testing"
)

// a broker in short: exchanges "NAME TYPE [alternate]", bindings "SOURCE KEY [>]DESTINATION", and queues.
type situation struct {
	exchanges []string
	bindings  []string
	queues    map[string]string // name: JSON of its arguments
	types     map[string]string
	policies  map[string]string // name: JSON of its definition
	policy    map[string]string // queue: name
	consumed  string
	exclusive string
	names     names
	want      map[Role]string
}

func built(t *testing.T, s situation) (*topology, []queue, map[identity]bool) {
	t.Helper()
	found := &topology{
		exchanges: map[identity]exchange{}, bindings: map[identity][]binding{}, arrivals: map[identity][]binding{},
		policies: map[identity]table{}, operator: map[identity]table{},
	}
	object := func(text string) (made table) {
		if text != "" {
			if err := json.Unmarshal([]byte(text), &made); err != nil {
				t.Fatal(err)
			}
		}
		return made
	}
	found.exchanges[identity{"/", ""}] = exchange{VHost: "/", Type: "direct"}
	for _, text := range s.exchanges {
		words := strings.Fields(text)
		made := exchange{VHost: "/", Name: words[0], Type: words[1]}
		if len(words) > 2 {
			made.Arguments = object(`{"alternate-exchange": "` + words[2] + `"}`)
		}
		found.exchanges[identity{"/", words[0]}] = made
	}
	for _, text := range s.bindings {
		words := strings.Split(text, " ")
		made := binding{Source: words[0], VHost: "/", Key: words[1], Destination: words[2], Kind: "queue"}
		if name, is := strings.CutPrefix(words[2], ">"); is {
			made.Destination, made.Kind = name, "exchange"
		}
		found.addBinding(made)
	}
	for name, definition := range s.policies {
		found.policies[identity{"/", name}] = object(definition)
	}
	consumed := map[identity]bool{}
	for _, name := range strings.Fields(s.consumed) {
		consumed[identity{"/", name}] = true
	}
	var queues []queue
	for name, arguments := range s.queues {
		queues = append(queues, queue{
			Name: name, VHost: "/", Type: s.types[name], Arguments: object(arguments), Policy: s.policy[name],
			Exclusive: name == s.exclusive,
		})
	}
	return found, queues, consumed
}

const (
	toDLX      = `{"x-dead-letter-exchange": "dlx"}`
	toRetry    = `{"x-dead-letter-exchange": "hold"}`
	backToWork = `{"x-dead-letter-exchange": "orders", "x-message-ttl": 5000}`
)

func defaults(t *testing.T) names {
	t.Helper()
	made, err := newNames(defaultConfig().(*Config))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestRolesOfQueues(t *testing.T) {
	for name, s := range map[string]situation{
		"work and its dead letters": {
			exchanges: []string{"orders topic", "dlx fanout"},
			bindings:  []string{"orders # work", "dlx - put-aside"},
			queues:    map[string]string{"work": toDLX, "put-aside": ""},
			want:      map[Role]string{RoleWork: "work", RoleDeadLetter: "put-aside"},
		},
		"the letters are consumed, the work is not": {
			exchanges: []string{"orders topic", "dlx fanout"},
			bindings:  []string{"orders # work", "dlx - put-aside"},
			queues:    map[string]string{"work": toDLX, "put-aside": ""},
			consumed:  "put-aside",
			want:      map[Role]string{RoleWork: "work", RoleDeadLetter: "put-aside"},
		},
		"by policy, to the default exchange, which has no exchange of dead letters": {
			exchanges: []string{"orders topic"},
			bindings:  []string{"orders # work"},
			queues:    map[string]string{"work": "", "put-aside": "", "other": ""},
			types:     map[string]string{"work": "quorum"},
			policies:  map[string]string{"p": `{"dead-letter-exchange": "", "dead-letter-routing-key": "put-aside"}`},
			policy:    map[string]string{"work": "p"},
			want:      map[Role]string{RoleWork: "work other", RoleDeadLetter: "put-aside"},
		},
		"an argument goes before a policy": {
			exchanges: []string{"dlx fanout", "else fanout"},
			bindings:  []string{"dlx - a", "else - b"},
			queues:    map[string]string{"work": toDLX, "a": "", "b": ""},
			policies:  map[string]string{"p": `{"dead-letter-exchange": "else"}`},
			policy:    map[string]string{"work": "p"},
			want:      map[Role]string{RoleWork: "work b", RoleDeadLetter: "a"},
		},
		"messages are held and come back to work": {
			exchanges: []string{"orders topic", "hold fanout"},
			bindings:  []string{"orders # work", "hold - held"},
			queues:    map[string]string{"work": toRetry, "held": backToWork},
			want:      map[Role]string{RoleWork: "work", RoleRetry: "held"},
		},
		"held for longer each time, and put aside in the end": {
			exchanges: []string{"orders topic", "hold topic", "dlx fanout"},
			bindings:  []string{"orders # work", "hold # held-1", "hold # held-2", "dlx - put-aside"},
			queues: map[string]string{
				"work": toDLX, "held-1": backToWork, "held-2": backToWork, "put-aside": "",
			},
			consumed: "work",
			want:     map[Role]string{RoleWork: "work", RoleRetry: "held-1 held-2", RoleDeadLetter: "put-aside"},
		},
		"held ones come back through the default exchange, and nobody consumes": {
			exchanges: []string{"orders topic"},
			bindings:  []string{"orders order.created work"},
			queues: map[string]string{
				"work": "",
				"held": `{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "work", "x-message-ttl": 5}`,
			},
			want: map[Role]string{RoleWork: "work", RoleRetry: "held"},
		},
		"all messages come through the default exchange, and nobody consumes": {
			exchanges: []string{"dlx fanout"},
			bindings:  []string{"dlx - put-aside"},
			queues: map[string]string{
				"work": toDLX, "put-aside": "",
				"held": `{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "work", "x-message-ttl": 5}`,
			},
			want: map[Role]string{RoleWork: "work", RoleRetry: "held", RoleDeadLetter: "put-aside"},
		},
		"work whose messages expire into dead letters of the default exchange, while nobody consumes": {
			queues: map[string]string{
				"work":      `{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "put-aside", "x-message-ttl": 5}`,
				"put-aside": "",
			},
			want: map[Role]string{RoleWork: "work", RoleDeadLetter: "put-aside"},
		},
		"each message has its own time, and the name says what the queue does": {
			queues: map[string]string{
				"work":         "",
				"orders.retry": `{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "work"}`,
			},
			want: map[Role]string{RoleWork: "work", RoleRetry: "orders.retry"},
		},
		"work whose messages expire into dead letters, while nobody consumes": {
			exchanges: []string{"orders topic", "dlx fanout"},
			bindings:  []string{"orders # work", "dlx - put-aside"},
			queues: map[string]string{
				"work": `{"x-dead-letter-exchange": "dlx", "x-message-ttl": 5}`, "put-aside": "",
			},
			want: map[Role]string{RoleWork: "work", RoleDeadLetter: "put-aside"},
		},
		"letters that expire, or go on to another queue": {
			exchanges: []string{"orders topic", "dlx fanout", "old fanout"},
			bindings:  []string{"orders # work", "dlx - put-aside", "old - kept"},
			queues: map[string]string{
				"work": toDLX, "put-aside": `{"x-dead-letter-exchange": "old", "x-message-ttl": 5}`, "kept": "",
			},
			want: map[Role]string{RoleWork: "work", RoleDeadLetter: "put-aside kept"},
		},
		"what no queue was found for is put aside, too": {
			exchanges: []string{"orders topic dlx", "dlx fanout"},
			bindings:  []string{"orders a work", "dlx - put-aside"},
			queues:    map[string]string{"work": toDLX, "put-aside": ""},
			want:      map[Role]string{RoleWork: "work", RoleDeadLetter: "put-aside"},
		},
		"one exchange for work and letters, and one queue that takes all": {
			exchanges: []string{"all topic"},
			bindings:  []string{"all order.created work", "all order.dead put-aside", "all # audit", "all *.dead rest"},
			queues: map[string]string{
				"work":      `{"x-dead-letter-exchange": "all", "x-dead-letter-routing-key": "order.dead"}`,
				"put-aside": "", "audit": "", "rest": "",
			},
			want: map[Role]string{RoleWork: "work audit", RoleDeadLetter: "put-aside rest"},
		},
		"a direct exchange of letters by the name of the queue that they were in": {
			exchanges: []string{"dlx direct"},
			bindings:  []string{"dlx a a-aside", "dlx b b-aside", "dlx c c-aside"},
			queues:    map[string]string{"a": toDLX, "b": toDLX, "a-aside": "", "b-aside": "", "c-aside": ""},
			want:      map[Role]string{RoleWork: "a b c-aside", RoleDeadLetter: "a-aside b-aside"},
		},
		"through exchanges that are bound to each other, by headers and by what plugins add": {
			exchanges: []string{"dlx headers", "next x-random", "last fanout"},
			bindings:  []string{"dlx - >next", "next - >last", "next - a", "last - b", "last - >dlx"},
			queues:    map[string]string{"work": toDLX, "a": "", "b": ""},
			want:      map[Role]string{RoleWork: "work", RoleDeadLetter: "a b"},
		},
		"letters that somebody rejects back to work go in a circle": {
			exchanges: []string{"orders topic", "dlx fanout"},
			bindings:  []string{"orders # work", "dlx - order-errors"},
			queues:    map[string]string{"work": toDLX, "order-errors": `{"x-dead-letter-exchange": "orders"}`},
			want:      map[Role]string{RoleWork: "work", RoleDeadLetter: "order-errors"},
		},
		"its own letters make no queue one of letters": {
			exchanges: []string{"orders fanout"},
			bindings:  []string{"orders - work"},
			queues:    map[string]string{"work": `{"x-dead-letter-exchange": "orders"}`},
			want:      map[Role]string{RoleWork: "work"},
		},
		"an exchange that does not exist": {
			queues: map[string]string{"work": toDLX},
			want:   map[Role]string{RoleWork: "work"},
		},
		"streams and what lives with its consumer": {
			queues:    map[string]string{"events": "", "reply": ""},
			types:     map[string]string{"events": "stream"},
			exclusive: "reply",
			want:      map[Role]string{RoleStream: "events", RoleTemporary: "reply"},
		},
		"a name that says dead letters where the topology does not": {
			queues: map[string]string{"order.dlq": "", "orders_dead_letter": "", "dlq-reader": "", "undead-letters-x": ""},
			names:  defaults(t),
			want:   map[Role]string{RoleDeadLetter: "order.dlq orders_dead_letter", RoleWork: "dlq-reader undead-letters-x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			topology, queues, consumed := built(t, s)
			roles := classify(topology, queues, s.names, consumed)
			for role, names := range s.want {
				for _, name := range strings.Fields(names) {
					if found := roles[identity{"/", name}]; found != role {
						t.Errorf("%s: %s instead of %s", name, found, role)
					}
				}
			}
			if len(roles) != len(queues) {
				t.Errorf("%d roles for %d queues", len(roles), len(queues))
			}
		})
	}
}

func TestWorkThatNeedsNoConsumerIsNamedAndNothingElseBecomesIt(t *testing.T) {
	config := defaultConfig().(*Config)
	config.ConsumerlessQueues, config.WorkQueues = []string{"^night", "aside", "held", "events"}, []string{"^night-work$"}
	patterns, err := newNames(config)
	if err != nil {
		t.Fatal(err)
	}
	topology, queues, consumed := built(t, situation{
		exchanges: []string{"orders topic", "dlx fanout", "hold fanout"},
		bindings:  []string{"orders # work", "dlx - aside", "hold - held"},
		queues: map[string]string{
			"work": toRetry, "failing": toDLX, "aside": "", "held": backToWork, "events": "", "nightly": "", "night-work": "",
		},
		types: map[string]string{"events": "stream"},
	})
	roles := classify(topology, queues, patterns, consumed)
	for name, want := range map[string]Role{
		"work": RoleWork, "aside": RoleDeadLetter, "held": RoleRetry, "events": RoleStream,
		"nightly": RoleConsumerless, "night-work": RoleConsumerless,
	} {
		if found := roles[identity{"/", name}]; found != want {
			t.Errorf("%s: %s instead of %s", name, found, want)
		}
	}
}

func TestPatternsOfTheSettingsDecide(t *testing.T) {
	config := defaultConfig().(*Config)
	config.DeadLetterQueues, config.RetryQueues, config.WorkQueues = []string{"^a$"}, []string{"^b$"}, []string{"^aside$"}
	patterns, err := newNames(config)
	if err != nil {
		t.Fatal(err)
	}
	topology, queues, consumed := built(t, situation{
		exchanges: []string{"dlx fanout"},
		bindings:  []string{"dlx - aside"},
		queues:    map[string]string{"work": toDLX, "aside": "", "a": "", "b": ""},
	})
	roles := classify(topology, queues, patterns, consumed)
	for name, want := range map[string]Role{
		"work": RoleWork, "aside": RoleWork, "a": RoleDeadLetter, "b": RoleRetry,
	} {
		if found := roles[identity{"/", name}]; found != want {
			t.Errorf("%s: %s instead of %s", name, found, want)
		}
	}
}

// All queues share one exchange of dead letters that leads to all of them: the graph is walked by routes, not by pairs.
func BenchmarkManyQueues(b *testing.B) {
	const number = 20_000
	found := &topology{
		exchanges: map[identity]exchange{{"/", "dlx"}: {VHost: "/", Name: "dlx", Type: "fanout"}},
		bindings:  map[identity][]binding{}, arrivals: map[identity][]binding{},
	}
	queues := make([]queue, number)
	for position := range queues {
		name := "q" + strings.Repeat("x", position%7) + string(rune('a'+position%26)) + strings.Repeat("y", position/26)
		if position/26 > 50 {
			name = name[:20] + string(rune(0x4e00+position))
		}
		queues[position] = queue{Name: name, VHost: "/", Arguments: table{"x-dead-letter-exchange": json.RawMessage(`"dlx"`)}}
		found.addBinding(binding{Source: "dlx", VHost: "/", Destination: name, Kind: "queue"})
	}
	for b.Loop() {
		classify(found, queues, names{}, nil)
	}
}

package rabbitmq

import "testing"

func TestTopics(t *testing.T) {
	for _, each := range []struct {
		pattern, key string
		want         bool
	}{
		{"order.created", "order.created", true},
		{"order.created", "order.created.x", false},
		{"order.*", "order.created", true},
		{"order.*", "order", false},
		{"order.*", "order.a.b", false},
		{"order.#", "order", true},
		{"order.#", "order.a.b", true},
		{"#", "", true},
		{"#", "a.b", true},
		{"*", "", true},
		{"*", "a", true},
		{"#.created", "created", true},
		{"#.created", "a.b.created", true},
		{"#.created", "a.b", false},
		{"a.#.b.*", "a.x.y.b.c", true},
		{"a.#.b.*", "a.b", false},
		{"#.#", "", true},
	} {
		if found := matchesTopic(each.pattern, each.key); found != each.want {
			t.Errorf("%q for %q: %v", each.pattern, each.key, found)
		}
	}
}

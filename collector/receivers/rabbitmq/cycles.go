package rabbitmq

// cycles groups queues whose dead letters can come back to them: of a queue, the number of its group, and of a group, its
// queues. Tarjan's algorithm, with routes as nodes between queues, so that what many queues share is walked once.
func cycles(routes map[identity]*route) (groups map[identity]int, members map[int][]identity) {
	t := &tarjan{
		routes: routes, index: map[any]int{}, low: map[any]int{}, open: map[any]bool{},
		groups: map[identity]int{}, members: map[int][]identity{},
	}
	for id := range routes {
		if _, seen := t.index[id]; !seen {
			t.visit(id)
		}
	}
	return t.groups, t.members
}

// tarjan's nodes are of type identity or *route.
type tarjan struct {
	routes  map[identity]*route
	index   map[any]int
	low     map[any]int
	open    map[any]bool
	stack   []any
	groups  map[identity]int
	members map[int][]identity
}

func (t *tarjan) visit(node any) {
	t.index[node], t.low[node] = len(t.index), len(t.index)
	t.stack = append(t.stack, node)
	t.open[node] = true
	switch each := node.(type) {
	case identity:
		if next := t.routes[each]; next != nil {
			t.follow(node, next)
		}
	case *route:
		for _, next := range each.queues {
			t.follow(node, next)
		}
	}
	if t.low[node] != t.index[node] {
		return
	}
	group := len(t.members) + 1
	t.members[group] = nil
	for {
		last := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.open[last] = false
		if id, isQueue := last.(identity); isQueue {
			t.groups[id] = group
			t.members[group] = append(t.members[group], id)
		}
		if last == node {
			return
		}
	}
}

func (t *tarjan) follow(node, next any) {
	if _, seen := t.index[next]; !seen {
		t.visit(next)
		t.low[node] = min(t.low[node], t.low[next])
	} else if t.open[next] {
		t.low[node] = min(t.low[node], t.index[next])
	}
}

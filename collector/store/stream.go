package store

// mark is what a stream sent last.
type mark struct {
	known bool
	// time in ms, as the store keeps it; start in ns, and the different one that was sent before it.
	time                int64
	start, earlierStart uint64
	value, peak         float64
	digest              uint64
	// begun is when we wrote that it was 0, ms.
	begun int64
}

// stream is one data point's worth of series: its attributes, under one metric of one resource. What is asked for in
// the batch under way becomes what was taken when the store has it.
type stream struct {
	taken, asked mark
	epoch        uint64
	series       int
	seen         int64
	ended        bool
}

// latest is the newest mark, those of this batch included.
func (s *stream) latest(epoch uint64) *mark {
	if s.epoch != epoch {
		s.asked, s.epoch = s.taken, epoch
	}
	return &s.asked
}

// commit: the store has what was asked for in that batch.
func (s *stream) commit(epoch uint64) {
	if s.epoch == epoch {
		s.taken = s.asked
	}
}

// sequel is how a point follows what its stream sent before.
type sequel int

const (
	first sequel = iota
	// next is newer.
	next
	// restarted is newer, and counts from a start after all that came before.
	restarted
	// same is what the store has already; it takes it again without harm.
	same
	// late is older than what came before and agrees with it: a backlog.
	late
	// contradicting has the time of another value.
	contradicting
	// setBack is older than what came before, though more has been counted: its clock was set back.
	setBack
)

func follow(m *mark, p point) sequel {
	at, start := milliseconds(p.time), uint64(p.start)
	switch {
	case !m.known:
		return first
	case at == m.time && p.digest == m.digest:
		return same
	case at == m.time, at == m.begun && p.value != 0:
		return contradicting
	case at > m.time:
		if p.total && start > m.start && milliseconds(p.start) > m.time {
			return restarted
		}
		return next
	case p.total && !p.stale && (start > m.start || (start == m.start && p.value > m.value)):
		return setBack
	}
	return late
}

// sign is what a newer point says of how many processes report under its identity.
type sign int

const (
	// unchanged: its total is the one before.
	unchanged sign = iota
	grown
	// alternating: each of two processes has a start of its own, so starts come back.
	alternating
	// swinging: where starts are not sent, totals fall and are back at once. A total that is none does that too.
	swinging
)

// advance records a newer point.
func (m *mark) advance(p point) (seen sign) {
	start := uint64(p.start)
	switch {
	case !m.known || !p.total || p.stale || p.digest == m.digest:
	case start != m.start && start == m.earlierStart && start != 0:
		seen = alternating
	case start == m.start && m.value < m.peak && p.value >= m.peak:
		seen = swinging
	default:
		seen = grown
	}
	fell := m.known && start == m.start && p.value < m.value
	switch {
	case fell:
		// What it has to come back to.
		m.peak = m.value
	case !(m.value < m.peak && p.value < m.peak):
		m.peak = p.value
	}
	if m.known && start != m.start {
		m.earlierStart = m.start
	}
	m.known, m.time, m.start, m.value, m.digest = true, milliseconds(p.time), start, p.value, p.digest
	return seen
}

// signs are those of one export.
type signs [swinging + 1]int

// ofTwo says whether the export is evidence of two processes: one alternating start is enough, but swinging totals have
// to be more than half of those that changed.
func (s signs) ofTwo() bool {
	return s[alternating] > 0 || s[swinging] > s[grown]
}

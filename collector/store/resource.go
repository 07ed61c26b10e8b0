package store

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"reduse/collector/identity"
)

const (
	unknownService = "unknown_service"
	// Exports from which the interval is taken.
	gapsKept = 5
	// Times that are closer are of one export: scrapers of one receiver each take their own.
	oneExport = 100 // ms
	// Exports with evidence until it counts as proven, and for how long it holds after the last one.
	conflictExports = 2
	// How often a clock may be set back in a while without being two.
	setBacksOfOne = 3
	conflictHolds = 150 * time.Second
)

// exports are the times at which a resource exported, ms: the newest, the one before it, and what lay between the last
// few.
type exports struct {
	newest, before int64
	gaps           [gapsKept]int64
	count          int
	// setBack: the one before was that of a clock that was set back. setBacks: how often that began of late.
	setBack    bool
	setBacks   int
	setBackNow time.Time
	// start is since when the totals count, ms; 0 when no sender has said it. startTold is the newest export with which
	// it was written.
	start, startTold int64
}

// turned records whether an export shows a clock that was set back. A clock is set back once; where that begins again
// and again, a process with the right time and one behind it report by turns.
func (e *exports) turned(setBack bool, now time.Time) (byTurns bool) {
	begins := setBack && !e.setBack
	e.setBack = setBack
	if !begins {
		return false
	}
	if now.Sub(e.setBackNow) > 2*conflictHolds {
		e.setBacks = 0
	}
	e.setBacks++
	e.setBackNow = now
	return e.setBacks >= setBacksOfOne
}

func (e *exports) add(at int64) {
	if at <= e.newest {
		return
	}
	if e.newest != 0 && at-e.newest < oneExport {
		e.newest = at
		return
	}
	if e.newest != 0 {
		e.gaps[e.count%gapsKept] = at - e.newest
		e.count++
	}
	e.newest, e.before = at, e.newest
}

// priorTo is the newest export before that time; 0 when none is known.
func (e *exports) priorTo(at int64) int64 {
	if e.newest < at {
		return e.newest
	}
	if e.before < at {
		return e.before
	}
	return 0
}

// starts records the earliest start that totals of the newest export name. Where all of it began after the export
// before, it is of a process that was started again.
func (e *exports) starts(at int64) {
	again := e.start <= e.before && at > e.before
	if e.start == 0 || again || at < e.start {
		e.start = at
	}
}

// interval is the median time between two exports, in seconds; 0 before there were two. One that came early, as the last
// of a process does, does not change it.
func (e *exports) interval() float64 {
	known := min(e.count, gapsKept)
	if known == 0 {
		return 0
	}
	gaps := slices.Clone(e.gaps[:known])
	slices.Sort(gaps)
	return float64(gaps[known/2]) / 1000
}

// resource is one process, or whatever else reports under one job and instance.
type resource struct {
	service  *service
	registry *registry
	streams  map[uint64]*stream
	// claims are the types of metrics by their names in the store.
	claims       map[string]pmetric.MetricType
	taken, asked exports
	epoch        uint64
	seen         int64
	// partial: something of it was left out or forgotten, so that a stream which is seen for the first time may have
	// counted before.
	partial       bool
	evidence      int
	evidenceSince time.Time
	conflictUntil time.Time
}

func (r *resource) latest(epoch uint64) *exports {
	if r.epoch != epoch {
		r.asked, r.epoch = r.taken, epoch
	}
	return &r.asked
}

func (r *resource) commit(epoch uint64) {
	if r.epoch == epoch {
		r.taken = r.asked
	}
}

func (r *resource) suspect(now time.Time) {
	if now.Sub(r.evidenceSince) > 2*conflictHolds {
		r.evidence = 0
	}
	r.evidenceSince = now
	r.evidence++
	if r.evidence >= conflictExports {
		r.conflicts(now)
	}
}

func (r *resource) conflicts(now time.Time) { r.conflictUntil = now.Add(conflictHolds) }

// identify gives the labels `job` and `instance`, and writes what they follow from into the resource: a service's name
// is [namespace/]name, whoever has none is `unknown_service` (semantic conventions, "service"). Where no
// service.instance.id is sent, what else tells two processes apart takes its place. False for a name that no label can
// have.
func identify(attributes pcommon.Map) (job, instance string, fits bool) {
	job = text(attributes, "service.name")
	if job == "" {
		// A name that is nested too deep to be one too.
		job = unknownService
		attributes.PutStr("service.name", job)
	}
	if namespace := text(attributes, "service.namespace"); namespace != "" {
		job = namespace + "/" + job
	} else {
		attributes.Remove("service.namespace")
	}
	if instance = text(attributes, "service.instance.id"); instance == "" {
		if instance = derivedInstance(attributes); instance != "" {
			attributes.PutStr("service.instance.id", instance)
		} else {
			attributes.Remove("service.instance.id")
		}
	}
	fits = len(job) <= nameBytesLimit && len(instance) <= nameBytesLimit &&
		utf8.ValidString(job) && utf8.ValidString(instance)
	return job, instance, fits
}

func derivedInstance(attributes pcommon.Map) string {
	var parts []string
	for _, names := range [][]string{
		{"k8s.pod.uid", "k8s.pod.name", "container.id", "host.id", "host.name"}, {"process.pid"},
	} {
		for _, name := range names {
			if value := text(attributes, name); value != "" {
				parts = append(parts, value)
				break
			}
		}
	}
	return strings.Join(parts, ":")
}

func text(attributes pcommon.Map, name string) string {
	value, found := attributes.Get(name)
	if !found {
		return ""
	}
	written, _ := identity.ValueText(value)
	return written
}

func milliseconds(at pcommon.Timestamp) int64 { return int64(uint64(at) / uint64(time.Millisecond)) }

func nanoseconds(milliseconds int64) pcommon.Timestamp {
	return pcommon.Timestamp(uint64(milliseconds) * uint64(time.Millisecond))
}

package store

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestAFaultIsSaidWhenItBeginsOnceAMinuteAndWhenItEnds(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	made := newFaults(zap.New(core))
	now := begin
	for range 600 {
		made.saw("key", "points are left out", 2, now)
		now = now.Add(time.Second)
	}
	made.sweep(now)
	expect(t, "lines of ten minutes", logs.Len() <= 12, true)
	now = now.Add(2*faultRepeats + time.Second)
	made.sweep(now)
	last := logs.All()[logs.Len()-1]
	expect(t, "the end is said", strings.HasSuffix(last.Message, "(it has ended)"), true)
	expect(t, "with all that it was", last.ContextMap()["count"], any(int64(1200)))
	made.saw("key", "points are left out", 1, now)
	expect(t, "it begins again", logs.All()[logs.Len()-1].Message, "points are left out")
}

func TestFaultsAreBounded(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	made := newFaults(zap.New(core))
	for index := range 2 * faultsLimit {
		made.saw(strings.Repeat("k", index+1), "fault", 1, begin)
	}
	expect(t, "open", len(made.open), faultsLimit)
	expect(t, "lines", logs.Len(), faultsLimit)
}

package faults

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestAFaultIsSaidWhenItBeginsChangesLastsAndEnds(t *testing.T) {
	core, lines := observer.New(zap.InfoLevel)
	log := NewLog(zap.New(core), "reading")
	now := time.Unix(0, 0)
	log.Succeeded(now)
	for second := range 100 {
		log.Failed(now.Add(time.Duration(second)*time.Second), "timeout", errors.New("slow"))
	}
	if lines.Len() != 1 {
		t.Fatalf("%d lines for one fault", lines.Len())
	}
	log.Failed(now.Add(100*time.Second), "unreachable", errors.New("gone"))
	log.Failed(now.Add(100*time.Second+Repeat), "unreachable", errors.New("gone"))
	log.Succeeded(now.Add(time.Hour))
	log.Succeeded(now.Add(time.Hour))
	if lines.Len() != 4 {
		t.Fatalf("%d lines: %v", lines.Len(), lines.All())
	}
	if last := lines.All()[3]; last.Message != "reading works again" || last.ContextMap()["times"] != int64(102) {
		t.Fatalf("%v", last)
	}
}

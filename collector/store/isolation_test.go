package store

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

func refusing(status int, guilty string) func([]string) (int, string) {
	return func(series []string) (int, string) {
		for _, name := range series {
			if strings.Contains(name, guilty) {
				return status, "never: " + guilty
			}
		}
		return http.StatusOK, ""
	}
}

func merged(batches ...pmetric.Metrics) pmetric.Metrics {
	all := pmetric.NewMetrics()
	for _, batch := range batches {
		batch.ResourceMetrics().MoveAndAppendTo(all.ResourceMetrics())
	}
	return all
}

func TestARefusedPointCostsItself(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusInternalServerError} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			s := newSubject(t)
			s.store.answer = refusing(status, "poison")
			var batches []pmetric.Metrics
			for index := range 20 {
				batches = append(batches, of(fmt.Sprintf("service-%d", index), gauge("g", 1, 1), gauge("h", 1, 1)))
			}
			batches = append(batches, of("guilty", gauge("g", 1, 1), gauge("poison", 1, 1), gauge("h", 1, 1)))
			s.send(merged(batches...))
			expect(t, "left out", s.leftOut("guilty", StoreRefused), 1)
			expect(t, "stored of it", s.stored("guilty"), 2)
			for index := range 20 {
				expect(t, "stored", s.stored(fmt.Sprintf("service-%d", index)), 2)
			}
		})
	}
}

func TestAServiceOfManyRefusedPointsCostsABoundedNumberOfWritesAndNobodyElse(t *testing.T) {
	s := newSubject(t)
	s.store.answer = refusing(http.StatusBadRequest, "poison")
	fill := make([]func(pmetric.ScopeMetrics), 500)
	for index := range fill {
		fill[index] = gauge("poison", 1, 1, "n", fmt.Sprint(index))
	}
	s.send(merged(of("innocent", gauge("g", 1, 1)), of("guilty", fill...)))
	expect(t, "left out", s.leftOut("guilty", StoreRefused), 500)
	expect(t, "innocent", s.stored("innocent"), 1)
	if s.store.writes > 2*isolationWrites+10 {
		t.Errorf("%d writes", s.store.writes)
	}
}

func TestAStoreThatIsAwayLosesNothing(t *testing.T) {
	for _, status := range []int{500, 502, 503, 429, 401, 403, 404} {
		s := newSubject(t)
		s.store.answer = func([]string) (int, string) { return status, "not now" }
		if s.ConsumeMetrics(t.Context(), of("shop", gauge("g", 1, 1))) == nil {
			t.Errorf("%d was taken for an end", status)
		}
		expect(t, "left out", s.leftOut("shop", StoreRefused), 0)
	}
}

func TestAFullDiskOfTheStoreLosesNothingThoughSmallWritesFit(t *testing.T) {
	s := newSubject(t)
	s.store.answer = func(series []string) (int, string) {
		if len(series) > 1 {
			return 500, "write to WAL: log samples: write /data/wal/00000000: no space left on device"
		}
		return http.StatusOK, ""
	}
	if s.ConsumeMetrics(t.Context(), of("shop", gauge("g", 1, 1), gauge("h", 1, 1))) == nil {
		t.Error("it was taken for an end")
	}
	expect(t, "left out", s.leftOut("shop", StoreRefused), 0)
}

func TestASuspectIsWrittenApartForAWhile(t *testing.T) {
	s := newSubject(t)
	s.store.answer = refusing(http.StatusBadRequest, "poison")
	for second := range 5 {
		s.send(merged(of("innocent", gauge("g", float64(second), 1)), of("guilty", gauge("poison", float64(second), 1))))
	}
	// The first batch is written whole and by halves; of the others the innocent part once, and the guilty one whole, by
	// halves: beside the refused point there is the export interval.
	expect(t, "writes", s.store.writes, 3+4*4)
	s.advance(suspectHolds + time.Second)
	s.store.answer = nil
	before := s.store.writes
	s.send(merged(of("innocent", gauge("g", 70, 1)), of("guilty", gauge("poison", 70, 1))))
	expect(t, "writes afterwards", s.store.writes-before, 1)
	expect(t, "stored of it", s.stored("guilty"), 1)
}

func TestNoSampleOfTheFarFutureIsWrittenWhoeverMadeIt(t *testing.T) {
	s := newSubject(t)
	got := s.writer.metrics(t.Context(), of("shop", gauge("g", 1, 1), gauge("h", 1e6, 1)))
	expect(t, "verdict", got.verdict, refused)
	expect(t, "writes", s.store.writes, 0)
}

func TestARefusedStreamCountsAsWhatWasSentWithoutTheZeroBesideIt(t *testing.T) {
	s := newSubject(t)
	s.store.answer = refusing(http.StatusBadRequest, "poison")
	batch := of("guilty", counter("poison", -10, 1, 5), counter("c", -10, 1, 5))
	point := batch.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(1).Sum().DataPoints().At(0)
	// A sender's flag is no mark of ours.
	point.SetFlags(addedFlag)
	s.send(batch)
	expect(t, "left out", s.leftOut("guilty", StoreRefused), 1)
	expect(t, "stored", s.stored("guilty"), 1)
	s.store.answer = refusing(http.StatusBadRequest, "c_total")
	again := of("guilty", counter("c", -10, 2, 6))
	again.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).SetFlags(addedFlag)
	s.send(again)
	expect(t, "left out", s.leftOut("guilty", StoreRefused), 2)
}

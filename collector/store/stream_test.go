package store

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

func TestAStreamBeginsWithZeroAtItsStart(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", counter("c", -10, 1, 5)))
	expectValues(t, s.values("c_total"), 0, 5)
	expect(t, "time of the zero", s.store.samples["c_total instance=shop-1 job=shop"][0].Timestamp,
		milliseconds(at(-10)))
	expect(t, "stored, as sent", s.stored("shop"), 1)
}

func TestAStreamThatComesLaterWasZeroInTheExportBefore(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", counter("c", -100, 1, 5, "status", "200")))
	s.send(of("shop", counter("c", -100, 2, 6, "status", "200"), counter("c", -100, 2, 1, "status", "503")))
	samples := s.store.samples["c_total instance=shop-1 job=shop status=503"]
	expect(t, "samples", len(samples), 2)
	expect(t, "time of the zero", samples[0].Timestamp, milliseconds(at(1)))
	expect(t, "value of the zero", samples[0].Value, 0)
}

func TestARestartedProcessIsZeroAtItsNewStart(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", counter("c", -100, 1, 5)), of("shop", counter("c", 3, 4, 9)))
	expectValues(t, s.values("c_total"), 0, 5, 0, 9)
}

func TestAStartThatIsNoneWritesNoZero(t *testing.T) {
	for name, start := range map[string]float64{"after the point": 100, "long after it": 3e9, "too old": -8000} {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t)
			s.send(of("first", counter("c", start, 4, 9)))
			expectValues(t, s.values("c_total", "job=first"), 9)
			s.send(of("restarted", counter("c", -100, 1, 5)), of("restarted", counter("c", start, 4, 9)))
			expectValues(t, s.values("c_total", "job=restarted"), 0, 5, 9)
		})
	}
}

func TestTotalsOfOthersThatAReceiverReadsHaveNoZero(t *testing.T) {
	s := newSubject(t)
	batch := of("database", counter("commits", 0, 1, 1_000_000))
	batch.ResourceMetrics().At(0).Resource().Attributes().Remove("telemetry.sdk.name")
	s.send(batch)
	expectValues(t, s.values("commits_total"), 1_000_000)
}

func TestABatchThatIsSentAgainHasItsZeroAgain(t *testing.T) {
	s := newSubject(t)
	s.store.answer = func([]string) (int, string) { return 503, "away" }
	if s.ConsumeMetrics(t.Context(), of("shop", counter("c", -10, 1, 5))) == nil {
		t.Fatal("a store that is away took it")
	}
	expect(t, "counted before it came to its end", s.stored("shop"), 0)
	s.store.answer = nil
	s.send(of("shop", counter("c", -10, 1, 5)))
	expectValues(t, s.values("c_total"), 0, 5)
	expect(t, "stored", s.stored("shop"), 1)
}

func TestAStreamThatWasLeftOutBeforeIsNotTakenForNew(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", counter("c", -100, 1, 5), counter("d", -100, 400, 3)))
	expect(t, "left out", s.leftOut("shop", Untimely), 1)
	s.send(of("shop", counter("c", -100, 2, 6), counter("d", -100, 2, 4)))
	expectValues(t, s.values("d_total"), 4)
}

func TestAClockThatIsSetBackCostsItsOwnServiceOnly(t *testing.T) {
	s := newSubject(t)
	for second := range 10 {
		s.send(of("back", counter("c", -100, float64(second)+1, float64(second)+1), gauge("g", float64(second)+1, 1)))
		s.send(of("innocent", counter("c", -100, float64(second)+1, float64(second)+1)))
	}
	for second := range 10 {
		s.send(of("back", counter("c", -100, float64(second)-3600, float64(second)+11), gauge("g", float64(second)-3600, 1)))
		s.send(of("innocent", counter("c", -100, float64(second)+11, float64(second)+11)))
	}
	expect(t, "left out", s.leftOut("back", Clock), 20)
	s.send(of("back", counter("c", -100, 21, 40)))
	expect(t, "total after", s.values("c_total", "job=back")[11], 40.0)
	expect(t, "innocent", s.stored("innocent"), 20)
}

func TestABacklogBehindNewerDataIsTaken(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", counter("c", -100, 1, 1)), of("shop", counter("c", -100, 5, 9)), of("shop", counter("c", -100, 3, 4)))
	expect(t, "stored", s.stored("shop"), 3)
}

func TestTwoProcessesUnderOneIdentityAreFoundWhenTheClockOfOneIsBehind(t *testing.T) {
	s := newSubject(t)
	for second := range 20 {
		s.send(of("shop", counter("c", -100, float64(second)+1, float64(10*(second+1)))),
			of("shop", counter("c", -50, float64(second)+0.5, float64(second+1))))
	}
	if left := s.leftOut("shop", IdentityConflict); left < 30 {
		t.Errorf("only %d of 40 points were left out", left)
	}
}

func TestAClockThatIsSetBackOnceIsNoConflictHoweverOftenTheStoreIsAway(t *testing.T) {
	s := newSubject(t)
	s.store.answer = func([]string) (int, string) { return 503, "away" }
	backlog := func() pmetric.Metrics {
		return merged(of("shop", counter("c", -5000, 1, 1)), of("shop", counter("c", -5000, 2, 2)),
			of("shop", counter("c", -5000, -3600, 3)), of("shop", counter("c", -5000, 3, 4)))
	}
	for range 10 {
		_ = s.ConsumeMetrics(t.Context(), backlog())
	}
	s.store.answer = nil
	s.send(backlog())
	expect(t, "left out for its clock", s.leftOut("shop", Clock), 1)
	expect(t, "for a conflict", s.leftOut("shop", IdentityConflict), 0)
	expect(t, "stored", s.stored("shop"), 3)
}

func TestTwoProcessesUnderOneIdentityAreFound(t *testing.T) {
	for name, start := range map[string][2]float64{"starts": {-100, -50}, "no starts": {0, 0}} {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t)
			for second := range 20 {
				for process, rate := range []int{10, 1} {
					batch := of("shop", counter("c", start[process], float64(second)+float64(process)/2+1,
						float64(rate*(second+1))))
					if start[process] == 0 {
						withoutStart(batch)
					}
					s.send(batch)
				}
			}
			if left := s.leftOut("shop", IdentityConflict); left < 30 {
				t.Errorf("only %d of 40 points were left out", left)
			}
			s.advance(conflictHolds + 1)
			s.send(of("shop", counter("c", -100, 100, 1000)))
			expectValues(t, s.values("c_total")[:0])
			expect(t, "taken again when one of them has gone", s.stored("shop") > 3, true)
		})
	}
}

func withoutStart(batch pmetric.Metrics) {
	batch.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).SetStartTimestamp(0)
}

func TestARestartAndAnOddCounterAreNoConflict(t *testing.T) {
	s := newSubject(t)
	value := []float64{5, 3, 6, 2, 8, 1, 9, 4, 10, 5}
	for second, odd := range value {
		start := -100.0
		if second > 5 {
			start = 6.5
		}
		now := float64(second) + 1
		s.send(of("shop", counter("odd", -100, now, odd), counter("b", start, now, now), counter("c", start, now, now)))
	}
	expect(t, "left out", s.leftOut("shop", IdentityConflict), 0)
}

func TestTheExportIntervalIsTheMedian(t *testing.T) {
	s := newSubject(t)
	for _, second := range []float64{0.001, 10, 10.004, 20, 30, 40, 41.5} {
		s.send(of("shop", gauge("g", second, 1)))
	}
	expectValues(t, s.values("reduse_export_interval_seconds"), 9.999, 9.999, 9.999, 9.999, 10, 9.999)
}

func TestAPointOfTheTimeAtWhichItsStreamWas0ContradictsThat(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", counter("c", 1, 3, 5), counter("c", 1, 1, 2), counter("c", 1, 2, 4)), of("shop", counter("c", 1, 4, 6)),
		of("shop", counter("c", 1, 1, 0)))
	expectValues(t, s.values("c_total"), 0, 0, 4, 5, 6)
	expect(t, "left out", s.leftOut("shop", Repeated), 1)
}

const startSeries = "reduse_totals_start_seconds"

func seconds(of float64) float64 { return float64(milliseconds(at(of))) / 1000 }

func TestAProcessTotalsCountSinceTheEarliestStartThatTheyName(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", counter("c", -100.25, 1, 5), gauge("g", 1, 1)))
	s.send(of("shop", counter("c", -100.25, 2, 6), counter("late", 1.5, 2, 1)))
	s.send(of("shop", counter("late", 1.5, 3, 2)))
	expectValues(t, s.values(startSeries), seconds(-100.25), seconds(-100.25), seconds(-100.25))
}

func TestTheStartOfAProcessThatWasStartedAgainIsTheNewOne(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", counter("c", -100, 1, 5), counter("d", -99, 1, 5)))
	s.send(of("shop", counter("c", 2.5, 3, 5), counter("d", 2.25, 3, 5)))
	s.send(of("shop", counter("c", 2.5, 4, 5), counter("d", 2.25, 4, 5)))
	expectValues(t, s.values(startSeries), seconds(-100), seconds(2.25), seconds(2.25))
}

func TestOneExportInPartsHasOneStartAtATime(t *testing.T) {
	s := newSubject(t)
	for second := range 2 {
		now := float64(second) + 1
		s.send(of("shop", counter("c", -10, now, 5)), of("shop", counter("d", -20, now, 5)), of("shop", gauge("g", now, 5)))
	}
	expectValues(t, s.values(startSeries), seconds(-10), seconds(-20))
}

func TestAfterAGatewaysRestartTheStartIsTheSame(t *testing.T) {
	for range 2 {
		s := newSubject(t)
		s.send(of("shop", counter("c", -3, 1, 5)))
		expectValues(t, s.values(startSeries), seconds(-3))
		expectValues(t, s.values("c_total"), 0, 5)
	}
}

func TestAStartThatNobodySaysIsZero(t *testing.T) {
	s := newSubject(t)
	unsaid := of("unsaid", counter("c", -10, 1, 5))
	withoutStart(unsaid)
	foreign := of("database", counter("commits", 0, 1, 1_000_000))
	foreign.ResourceMetrics().At(0).Resource().Attributes().Remove("telemetry.sdk.name")
	s.send(unsaid, foreign, of("gauges", gauge("g", 1, 1)), of("ahead", counter("c", 5, 1, 5)))
	expectValues(t, s.values(startSeries), 0, 0, 0)
}

func TestAStartThatIsSentAgainIsTheSame(t *testing.T) {
	s := newSubject(t)
	s.send(of("shop", counter("c", -3, 1, 5)), of("shop", counter("c", -3, 1, 5)), of("shop", counter("c", -3, 2, 6)),
		of("shop", counter("c", -3, 1, 5)))
	expectValues(t, s.values(startSeries), seconds(-3), seconds(-3))
	expect(t, "stored, as sent", s.stored("shop"), 4)
}

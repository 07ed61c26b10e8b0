package postgresql

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"reduse/collector/receivers/internal/points"
)

func seconds(value float64) *float64 { return &value }

// delays by metric and standby; "ended" where the series is marked.
func delays(metrics pmetric.Metrics) (values map[string]float64, ended map[string]bool) {
	values, ended = map[string]float64{}, map[string]bool{}
	if metrics.ResourceMetrics().Len() == 0 {
		return values, ended
	}
	all := metrics.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range all.Len() {
		data := all.At(i).Gauge().DataPoints()
		for j := range data.Len() {
			name := all.At(i).Name()
			if value, there := data.At(j).Attributes().Get(clientName); there {
				name += " " + value.Str()
			}
			if data.At(j).Flags().NoRecordedValue() {
				ended[name] = true
			} else {
				values[name] = data.At(j).DoubleValue()
			}
		}
	}
	return values, ended
}

func TestTheDelayOfAStandbyIsAtMostTheTimeSinceItWasAsNewAsItsPrimary(t *testing.T) {
	begin := time.Unix(1_700_000_000, 0)
	for name, each := range map[string]struct {
		currentBefore time.Duration // ago; 0: never
		found         replica
		want          float64
		unknown       bool
	}{
		"all is replayed, and the last transaction is of yesterday": {found: replica{current: true, seconds: seconds(86_400)}},
		"the first one after a quiet day is being replayed":         {5 * time.Second, replica{seconds: seconds(86_400)}, 5, false},
		"it cannot keep up":                             {time.Hour, replica{seconds: seconds(40)}, 40, false},
		"the connection was lost ten minutes ago":       {10 * time.Minute, replica{seconds: seconds(86_400)}, 600, false},
		"never seen as new as its primary":              {0, replica{seconds: seconds(90)}, 90, false},
		"nothing was ever replayed":                     {0, replica{}, 0, true},
		"started again, and nothing was replayed since": {time.Minute, replica{}, 60, false},
		"the primary's clock is ahead of its own":       {time.Hour, replica{seconds: seconds(-3)}, 0, false},
	} {
		own := standby{}
		if each.currentBefore > 0 {
			own.current = begin.Add(-each.currentBefore)
		}
		found, known := own.delay(each.found, begin)
		if known == each.unknown || found != each.want {
			t.Errorf("%s: %v (known: %v) instead of %v", name, found, known, each.want)
		}
	}
}

func TestAStandbyThatLeftEndsAndOneOfWhichNothingIsKnownForAMomentGoesOn(t *testing.T) {
	writer := points.NewWriter("db", "host:1", scope)
	own := &standby{}
	scraped := func(replicas ...replica) (map[string]float64, map[string]bool) {
		batch := writer.Begin(time.Now())
		writeReplicas(batch, replicas, own, time.Now())
		return delays(batch.End())
	}
	one, two := replica{name: "one", seconds: seconds(0.5)}, replica{name: "two", seconds: seconds(-0.1)}
	values, _ := scraped(one, two)
	if len(values) != 2 || values["postgresql.wal.delay one"] != 0.5 || values["postgresql.wal.delay two"] != 0 {
		t.Fatalf("%v", values)
	}
	if values, ended := scraped(one, replica{name: "two"}); len(values) != 1 || len(ended) != 0 {
		t.Fatalf("%v %v", values, ended)
	}
	if values, ended := scraped(one); len(values) != 1 || !ended["postgresql.wal.delay two"] {
		t.Fatalf("%v %v", values, ended)
	}
	// It became a standby, and a primary again.
	if values, _ := scraped(replica{itself: true, current: true}); values["reduse.postgresql.standby.delay"] != 0 || len(values) != 1 {
		t.Fatalf("%v", values)
	}
	if _, ended := scraped(one); !ended["reduse.postgresql.standby.delay"] {
		t.Fatalf("%v", ended)
	}
}

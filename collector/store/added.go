package store

import "go.opentelemetry.io/collector/pdata/pmetric"

// markAdded marks the points of a metric from this index on as the exporter's own; the others cannot have that mark.
func markAdded(metric pmetric.Metric, from int) {
	for index, flags := range flagsOf(metric) {
		kept := pmetric.DefaultDataPointFlags.WithNoRecordedValue(flags.get().NoRecordedValue())
		if index >= from {
			kept |= addedFlag
		}
		flags.set(kept)
	}
}

// countSent is how many points of a metric are the sender's.
func countSent(metric pmetric.Metric) (count int) {
	for _, flags := range flagsOf(metric) {
		if flags.get()&addedFlag == 0 {
			count++
		}
	}
	return count
}

type flagged struct {
	get func() pmetric.DataPointFlags
	set func(pmetric.DataPointFlags)
}

func flagsOf(metric pmetric.Metric) []flagged {
	found := make([]flagged, 0, countPoints(metric))
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range metric.Gauge().DataPoints().All() {
			found = append(found, flagged{p.Flags, p.SetFlags})
		}
	case pmetric.MetricTypeSum:
		for _, p := range metric.Sum().DataPoints().All() {
			found = append(found, flagged{p.Flags, p.SetFlags})
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range metric.Histogram().DataPoints().All() {
			found = append(found, flagged{p.Flags, p.SetFlags})
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range metric.ExponentialHistogram().DataPoints().All() {
			found = append(found, flagged{p.Flags, p.SetFlags})
		}
	case pmetric.MetricTypeSummary:
		for _, p := range metric.Summary().DataPoints().All() {
			found = append(found, flagged{p.Flags, p.SetFlags})
		}
	}
	return found
}

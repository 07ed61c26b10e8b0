package store

import "go.opentelemetry.io/collector/pdata/pmetric"

// addedFlag marks points of the exporter's own; of OTLP's flags only the lowest bit is defined.
const addedFlag = pmetric.DataPointFlags(1 << 31)

// clearMarks takes out of a sender's points the flags that OTLP does not define.
func clearMarks(metric pmetric.Metric) {
	clear := func(flags pmetric.DataPointFlags, set func(pmetric.DataPointFlags)) {
		if known := pmetric.DefaultDataPointFlags.WithNoRecordedValue(flags.NoRecordedValue()); known != flags {
			set(known)
		}
	}
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range metric.Gauge().DataPoints().All() {
			clear(p.Flags(), p.SetFlags)
		}
	case pmetric.MetricTypeSum:
		for _, p := range metric.Sum().DataPoints().All() {
			clear(p.Flags(), p.SetFlags)
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range metric.Histogram().DataPoints().All() {
			clear(p.Flags(), p.SetFlags)
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range metric.ExponentialHistogram().DataPoints().All() {
			clear(p.Flags(), p.SetFlags)
		}
	case pmetric.MetricTypeSummary:
		for _, p := range metric.Summary().DataPoints().All() {
			clear(p.Flags(), p.SetFlags)
		}
	}
}

// countSent is how many points of a metric are the sender's.
func countSent(metric pmetric.Metric) (count int) {
	sent := func(flags pmetric.DataPointFlags) {
		if flags&addedFlag == 0 {
			count++
		}
	}
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range metric.Gauge().DataPoints().All() {
			sent(p.Flags())
		}
	case pmetric.MetricTypeSum:
		for _, p := range metric.Sum().DataPoints().All() {
			sent(p.Flags())
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range metric.Histogram().DataPoints().All() {
			sent(p.Flags())
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range metric.ExponentialHistogram().DataPoints().All() {
			sent(p.Flags())
		}
	case pmetric.MetricTypeSummary:
		for _, p := range metric.Summary().DataPoints().All() {
			sent(p.Flags())
		}
	}
	return count
}

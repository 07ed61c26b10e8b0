package translation

import (
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// MetricNamer gives metrics the names that they have in the store.
func MetricNamer() otlptranslator.MetricNamer {
	return otlptranslator.MetricNamer{WithMetricSuffixes: true}
}

// LabelNamer gives attributes the names that they have in the store.
func LabelNamer() otlptranslator.LabelNamer {
	//nolint:staticcheck // what contrib's translator does, until it does otherwise
	return otlptranslator.LabelNamer{UnderscoreLabelSanitization: true}
}

// Named is what a metric's name in the store follows from.
func Named(metric pmetric.Metric) otlptranslator.Metric {
	named := otlptranslator.Metric{Name: metric.Name(), Unit: metric.Unit(), Type: otlptranslator.MetricTypeUnknown}
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		named.Type = otlptranslator.MetricTypeGauge
	case pmetric.MetricTypeSum:
		named.Type = otlptranslator.MetricTypeNonMonotonicCounter
		if metric.Sum().IsMonotonic() {
			named.Type = otlptranslator.MetricTypeMonotonicCounter
		}
	case pmetric.MetricTypeSummary:
		named.Type = otlptranslator.MetricTypeSummary
	case pmetric.MetricTypeHistogram:
		named.Type = otlptranslator.MetricTypeHistogram
	case pmetric.MetricTypeExponentialHistogram:
		named.Type = otlptranslator.MetricTypeExponentialHistogram
	}
	return named
}

package translation

import (
	"errors"
	"fmt"

	"github.com/prometheus/otlptranslator"
	"github.com/prometheus/prometheus/prompb"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// translation is the state of one call of FromMetrics.
type translation struct {
	*seriesSet
	metrics otlptranslator.MetricNamer
	labels  otlptranslator.LabelNamer
}

// FromMetrics gives all series of a batch, in any order. With an error some of the batch is missing in them: metrics
// that are not cumulative, have no points, or no valid name.
func FromMetrics(batch pmetric.Metrics) ([]*prompb.TimeSeries, error) {
	t := translation{seriesSet: newSeriesSet(), metrics: MetricNamer(), labels: LabelNamer()}
	var faults []error
	for _, resource := range batch.ResourceMetrics().All() {
		// Of all its points: the time of its target_info.
		var newest pcommon.Timestamp
		for _, scope := range resource.ScopeMetrics().All() {
			source := source{resource: resource.Resource(), scope: scope.Scope()}
			for _, metric := range scope.Metrics().All() {
				newest = max(newest, newestPoint(metric))
				faults = append(faults, t.metric(source, metric))
			}
		}
		faults = append(faults, t.targetInfo(resource.Resource(), newest))
	}
	return t.all, errors.Join(faults...)
}

// source is what points come from.
type source struct {
	resource pcommon.Resource
	scope    pcommon.InstrumentationScope
}

func (t *translation) metric(from source, metric pmetric.Metric) error {
	if !translatable(metric) {
		return fmt.Errorf("metric %q is not cumulative", metric.Name())
	}
	name, err := t.metrics.Build(Named(metric))
	if err != nil {
		return err
	}
	count := 0
	var faults []error
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		count = metric.Gauge().DataPoints().Len()
		for _, point := range metric.Gauge().DataPoints().All() {
			faults = append(faults, t.number(from, name, point, false))
		}
	case pmetric.MetricTypeSum:
		count = metric.Sum().DataPoints().Len()
		for _, point := range metric.Sum().DataPoints().All() {
			faults = append(faults, t.number(from, name, point, metric.Sum().IsMonotonic()))
		}
	case pmetric.MetricTypeHistogram:
		count = metric.Histogram().DataPoints().Len()
		for _, point := range metric.Histogram().DataPoints().All() {
			faults = append(faults, t.histogram(from, name, point))
		}
	case pmetric.MetricTypeExponentialHistogram:
		count = metric.ExponentialHistogram().DataPoints().Len()
		for _, point := range metric.ExponentialHistogram().DataPoints().All() {
			faults = append(faults, t.exponential(from, name, point))
		}
	case pmetric.MetricTypeSummary:
		count = metric.Summary().DataPoints().Len()
		for _, point := range metric.Summary().DataPoints().All() {
			faults = append(faults, t.summary(from, name, point))
		}
	}
	if count == 0 {
		return fmt.Errorf("metric %q has no points", metric.Name())
	}
	return errors.Join(faults...)
}

// translatable says whether the store has such a kind of metric: of differences it has none.
func translatable(metric pmetric.Metric) bool {
	switch metric.Type() {
	case pmetric.MetricTypeGauge, pmetric.MetricTypeSummary:
		return true
	case pmetric.MetricTypeSum:
		return metric.Sum().AggregationTemporality() == pmetric.AggregationTemporalityCumulative
	case pmetric.MetricTypeHistogram:
		return metric.Histogram().AggregationTemporality() == pmetric.AggregationTemporalityCumulative
	case pmetric.MetricTypeExponentialHistogram:
		return metric.ExponentialHistogram().AggregationTemporality() == pmetric.AggregationTemporalityCumulative
	}
	return false
}

// newestPoint is the time of the newest point of a metric, or 0.
func newestPoint(metric pmetric.Metric) (newest pcommon.Timestamp) {
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		for _, point := range metric.Gauge().DataPoints().All() {
			newest = max(newest, point.Timestamp())
		}
	case pmetric.MetricTypeSum:
		for _, point := range metric.Sum().DataPoints().All() {
			newest = max(newest, point.Timestamp())
		}
	case pmetric.MetricTypeHistogram:
		for _, point := range metric.Histogram().DataPoints().All() {
			newest = max(newest, point.Timestamp())
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, point := range metric.ExponentialHistogram().DataPoints().All() {
			newest = max(newest, point.Timestamp())
		}
	case pmetric.MetricTypeSummary:
		for _, point := range metric.Summary().DataPoints().All() {
			newest = max(newest, point.Timestamp())
		}
	}
	return newest
}

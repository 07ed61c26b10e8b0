package translation

import (
	"cmp"
	"encoding/hex"
	"slices"
	"unicode/utf8"

	"github.com/prometheus/otlptranslator"
	"github.com/prometheus/prometheus/prompb"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// exemplarRunes is what OpenMetrics allows the labels of an exemplar: attributes that do not fit are left out.
const exemplarRunes = 128

// addExemplars puts each exemplar to the lowest bucket that has it.
func addExemplars(buckets []bucket, found []prompb.Exemplar) {
	if len(found) == 0 {
		return
	}
	slices.SortFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	for _, exemplar := range found {
		for _, each := range buckets {
			if exemplar.Value <= each.bound {
				each.series.Exemplars = append(each.series.Exemplars, exemplar)
				break
			}
		}
	}
}

func exemplars(of pmetric.ExemplarSlice) []prompb.Exemplar {
	found := make([]prompb.Exemplar, 0, of.Len())
	for _, each := range of.All() {
		var exemplar prompb.Exemplar
		switch each.ValueType() {
		case pmetric.ExemplarValueTypeInt:
			exemplar.Value, exemplar.Timestamp = float64(each.IntValue()), milliseconds(each.Timestamp())
		case pmetric.ExemplarValueTypeDouble:
			exemplar.Value, exemplar.Timestamp = each.DoubleValue(), milliseconds(each.Timestamp())
		}
		if trace := each.TraceID(); !trace.IsEmpty() {
			exemplar.Labels = append(exemplar.Labels, prompb.Label{
				Name: otlptranslator.ExemplarTraceIDKey, Value: hex.EncodeToString(trace[:]),
			})
		}
		if span := each.SpanID(); !span.IsEmpty() {
			exemplar.Labels = append(exemplar.Labels, prompb.Label{
				Name: otlptranslator.ExemplarSpanIDKey, Value: hex.EncodeToString(span[:]),
			})
		}
		attributes := make([]prompb.Label, 0, each.FilteredAttributes().Len())
		for key, value := range each.FilteredAttributes().All() {
			attributes = append(attributes, prompb.Label{Name: key, Value: value.AsString()})
		}
		if runes(exemplar.Labels)+runes(attributes) <= exemplarRunes {
			exemplar.Labels = append(exemplar.Labels, attributes...)
		}
		found = append(found, exemplar)
	}
	return found
}

func runes(labels []prompb.Label) (count int) {
	for _, label := range labels {
		count += utf8.RuneCountInString(label.Name) + utf8.RuneCountInString(label.Value)
	}
	return count
}

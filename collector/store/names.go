package store

import (
	"strings"
	"unicode/utf8"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"reduse/collector/identity"
	"reduse/collector/translation"
)

const (
	nameBytesLimit  = 512
	valueBytesLimit = 4096
	labelsLimit     = 64
	// namesLimit bounds the memory of attribute names; when it is full it is emptied.
	namesLimit = 10_000

	renamedPrefix = "exported_"
	// intervalMetric is how we call the time between a resource's exports.
	intervalMetric = "reduse.export.interval"
	// startMetric is how we call the time since which a resource's totals count.
	startMetric = "reduse.totals.start"
)

// ownNames are series that nobody sends: those of the gateway and of the store itself.
var ownNames = map[string]bool{
	"target_info": true, "reduse_export_interval_seconds": true, "reduse_totals_start_seconds": true, heartbeatName: true,
	"ALERTS": true, "ALERTS_FOR_STATE": true,
}

// namer knows how the store will call metrics and attributes: by the rules of the translation.
type namer struct {
	metrics    otlptranslator.MetricNamer
	labels     otlptranslator.LabelNamer
	attributes map[string]string // name of an attribute to name of its label; "" when no label can have it
}

func newNamer() *namer {
	return &namer{
		metrics:    translation.MetricNamer(),
		labels:     translation.LabelNamer(),
		attributes: map[string]string{},
	}
}

// metric is the name in the store; false when no series can have it. Names with a colon are those of recording rules.
func (n *namer) metric(metric pmetric.Metric) (string, bool) {
	name := metric.Name()
	if name == "" || len(name) > nameBytesLimit || len(metric.Unit()) > nameBytesLimit || !utf8.ValidString(name) {
		return "", false
	}
	built, err := n.metrics.Build(translation.Named(metric))
	return built, err == nil && built != "" && !ownNames[built] && !strings.Contains(built, ":")
}

func (n *namer) label(attribute string) string {
	if label, known := n.attributes[attribute]; known {
		return label
	}
	label := ""
	if len(attribute) <= nameBytesLimit && utf8.ValidString(attribute) {
		if built, err := n.labels.Build(attribute); err == nil {
			label = built
		}
	}
	if len(n.attributes) >= namesLimit {
		clear(n.attributes)
	}
	n.attributes[strings.Clone(attribute)] = label
	return label
}

// attributesFit says whether all of them can be labels, and renames those that collide with labels of the store's own:
// `job` becomes `exported_job`, as it does when Prometheus scrapes. kind is that of the metric.
func (n *namer) attributesFit(attributes pcommon.Map, kind pmetric.MetricType) bool {
	if attributes.Len() > labelsLimit {
		return false
	}
	var reserved []string
	for key, value := range attributes.All() {
		label := n.label(key)
		if label == "" || !valueFits(value) {
			return false
		}
		if isReserved(label, kind) {
			reserved = append(reserved, key)
		}
	}
	for _, key := range reserved {
		value, _ := attributes.Get(key)
		kept := pcommon.NewValueEmpty()
		value.CopyTo(kept)
		attributes.Remove(key)
		kept.CopyTo(attributes.PutEmpty(renamedPrefix + strings.TrimLeft(n.label(key), "_")))
	}
	return true
}

// key tells a point's series apart: by its labels, as attributes of different names can become one label, and a label
// without a value is none.
func (n *namer) key(attributes pcommon.Map) (sum uint64) {
	for name, value := range attributes.All() {
		if text, _ := identity.ValueText(value); text != "" {
			sum += identity.Attribute(n.label(name), text)
		}
	}
	return sum
}

func isReserved(label string, kind pmetric.MetricType) bool {
	switch label {
	case "job", "instance", "otel_scope_name":
		return true
	case "le":
		return kind == pmetric.MetricTypeHistogram || kind == pmetric.MetricTypeExponentialHistogram
	case "quantile":
		return kind == pmetric.MetricTypeSummary
	}
	return strings.HasPrefix(label, "__")
}

func valueFits(value pcommon.Value) bool {
	text, fits := identity.ValueText(value)
	return fits && len(text) <= valueBytesLimit && utf8.ValidString(text)
}

// fitResource takes out of a resource what cannot be a label of target_info.
func (n *namer) fitResource(attributes pcommon.Map) {
	attributes.RemoveIf(func(key string, value pcommon.Value) bool {
		label := n.label(key)
		return label == "" || strings.HasPrefix(label, "__") || label == "job" || label == "instance" || !valueFits(value)
	})
}

// fitScope leaves of a scope what tells two scopes apart. Its version does not: an upgrade must not start new series.
func (n *namer) fitScope(scope pcommon.InstrumentationScope) {
	scope.SetVersion("")
	if len(scope.Name()) > valueBytesLimit || !utf8.ValidString(scope.Name()) {
		scope.SetName("")
	}
	scope.Attributes().RemoveIf(func(key string, value pcommon.Value) bool {
		return n.label("otel_scope_"+key) == "" || key == "name" || key == "version" || !valueFits(value)
	})
}

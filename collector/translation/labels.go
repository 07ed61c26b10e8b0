package translation

import (
	"slices"
	"strings"

	"github.com/prometheus/otlptranslator"
	"github.com/prometheus/prometheus/prompb"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	nameLabel     = "__name__"
	jobLabel      = "job"
	instanceLabel = "instance"
	scopePrefix   = "otel_scope_"

	serviceName       = "service.name"
	serviceNamespace  = "service.namespace"
	serviceInstanceID = "service.instance.id"
)

// identifying are the attributes of a resource that are job and instance.
var identifying = []string{serviceNamespace, serviceName, serviceInstanceID}

func byName(a, b prompb.Label) int { return strings.Compare(a.Name, b.Name) }

// baseLabels are those of a point, without its metric's name: its attributes but `ignored`, job and instance, and its
// scope. Attributes whose labels have one name share it, in the order of their own names.
func (t *translation) baseLabels(from source, attributes pcommon.Map, ignored ...string) ([]prompb.Label, error) {
	sorted := make([]prompb.Label, 0, attributes.Len())
	for key, value := range attributes.All() {
		if text := value.AsString(); text != "" && !slices.Contains(ignored, key) {
			sorted = append(sorted, prompb.Label{Name: key, Value: text})
		}
	}
	slices.SortStableFunc(sorted, byName)
	found := make(map[string]string, len(sorted)+4)
	for _, each := range sorted {
		name, err := t.labels.Build(each.Name)
		if err != nil {
			return nil, err
		}
		if other, taken := found[name]; !taken {
			found[name] = each.Value
		} else if other != each.Value {
			found[name] = other + ";" + each.Value
		}
	}
	jobAndInstance(found, from.resource.Attributes())
	scopeLabels(found, from.scope, t.labels)
	labels := make([]prompb.Label, 0, len(found)+2)
	for name, value := range found {
		labels = append(labels, prompb.Label{Name: name, Value: value})
	}
	return labels, nil
}

func jobAndInstance(labels map[string]string, resource pcommon.Map) {
	if service, has := resource.Get(serviceName); has && service.AsString() != "" {
		job := service.AsString()
		if namespace, has := resource.Get(serviceNamespace); has {
			job = namespace.AsString() + "/" + job
		}
		labels[jobLabel] = job
	}
	if instance, has := resource.Get(serviceInstanceID); has && instance.AsString() != "" {
		labels[instanceLabel] = instance.AsString()
	}
}

func scopeLabels(labels map[string]string, scope pcommon.InstrumentationScope, namer otlptranslator.LabelNamer) {
	if scope.Name() != "" {
		labels[scopePrefix+"name"] = scope.Name()
	}
	if scope.Version() != "" {
		labels[scopePrefix+"version"] = scope.Version()
	}
	for key, value := range scope.Attributes().All() {
		if key == "name" || key == "version" || key == "schema_url" {
			continue
		}
		if name, err := namer.Build(scopePrefix + key); err == nil {
			labels[name] = value.AsString()
		}
	}
}

// with gives a copy of labels with the name of a metric, and the others, in pairs of name and value.
func with(labels []prompb.Label, metric string, others ...string) []prompb.Label {
	copied := make([]prompb.Label, len(labels), len(labels)+1+len(others)/2)
	copy(copied, labels)
	for i := 0; i+1 < len(others); i += 2 {
		copied = append(copied, prompb.Label{Name: others[i], Value: others[i+1]})
	}
	return append(copied, prompb.Label{Name: nameLabel, Value: metric})
}

// targetInfo is what is known of a resource beside its job and instance, where it has one of these.
func (t *translation) targetInfo(resource pcommon.Resource, newest pcommon.Timestamp) error {
	attributes := resource.Attributes()
	others := attributes.Len()
	for _, name := range identifying {
		if _, has := attributes.Get(name); has {
			others--
		}
	}
	if newest == 0 || others == 0 {
		return nil
	}
	from := source{resource: resource, scope: pcommon.NewInstrumentationScope()}
	labels, err := t.baseLabels(from, attributes, identifying...)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(labels, func(each prompb.Label) bool {
		return each.Name == jobLabel || each.Name == instanceLabel
	}) {
		t.add(with(labels, otlptranslator.TargetInfoMetricName), milliseconds(newest), 1)
	}
	return nil
}

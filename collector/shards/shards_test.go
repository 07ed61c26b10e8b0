package shards

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"
)

const key = "x-reduse-shard"

// call is what was passed on: its metadata, and the instances in it.
type call struct {
	metadata  map[string][]string
	instances []string
}

type sink struct {
	calls []call
	err   error
}

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sink) ConsumeMetrics(ctx context.Context, batch pmetric.Metrics) error {
	taken := call{metadata: map[string][]string{}}
	metadata := client.FromContext(ctx).Metadata
	for name := range metadata.Keys() {
		taken.metadata[name] = metadata.Get(name)
	}
	for _, resource := range batch.ResourceMetrics().All() {
		if instance, there := resource.Resource().Attributes().Get("service.instance.id"); there {
			taken.instances = append(taken.instances, instance.AsString())
		}
	}
	s.calls = append(s.calls, taken)
	return s.err
}

// batch has a resource for each instance, with its service's namespace and name.
func batch(services map[string][2]string) pmetric.Metrics {
	made := pmetric.NewMetrics()
	for _, instance := range slices.Sorted(maps.Keys(services)) {
		attributes := made.ResourceMetrics().AppendEmpty().Resource().Attributes()
		attributes.PutStr("service.instance.id", instance)
		attributes.PutStr("service.name", services[instance][1])
		if namespace := services[instance][0]; namespace != "" {
			attributes.PutStr("service.namespace", namespace)
		}
	}
	return made
}

func passed(t *testing.T, config Config, given map[string][]string, next *sink, what pmetric.Metrics) error {
	t.Helper()
	made, err := newProcessor(t.Context(), processortest.NewNopSettings(NewFactory().Type()), &config, next)
	if err != nil {
		t.Fatal(err)
	}
	ctx := client.NewContext(t.Context(), client.Info{Metadata: client.NewMetadata(given)})
	return made.ConsumeMetrics(ctx, what)
}

func equal(t *testing.T, found, wanted []call) {
	t.Helper()
	same := slices.EqualFunc(found, wanted, func(a, b call) bool {
		return maps.EqualFunc(a.metadata, b.metadata, slices.Equal) && slices.Equal(a.instances, b.instances)
	})
	if !same {
		t.Errorf("found %v, wanted %v", found, wanted)
	}
}

func shard(name string) map[string][]string { return map[string][]string{key: {name}} }

var two = map[string][2]string{"a": {"", "shop"}, "b": {"acme", "shop"}, "c": {"", "shop"}}

func TestAShardThatIsGivenIsKeptAndTheTokenIsNot(t *testing.T) {
	next := &sink{}
	given := map[string][]string{"X-Reduse-Shard": {"shop/3", "other"}, "authorization": {"Bearer secret"}}
	if err := passed(t, Config{Key: key}, given, next, batch(two)); err != nil {
		t.Fatal(err)
	}
	equal(t, next.calls, []call{{shard("shop/3"), []string{"a", "b", "c"}}})
}

func TestWhoNamesNoneHasOneShardForEachService(t *testing.T) {
	long := strings.Repeat("x", longest+1)
	for _, given := range []map[string][]string{nil, {key: {""}}, {key: {long}}, {"authorization": {"Bearer secret"}}} {
		next := &sink{}
		if err := passed(t, Config{Key: key}, given, next, batch(two)); err != nil {
			t.Fatal(err)
		}
		equal(t, next.calls, []call{{shard("shop#0/1"), []string{"a", "c"}}, {shard("acme/shop#0/1"), []string{"b"}}})
	}
}

func TestACallOfOneServiceStaysWhole(t *testing.T) {
	next := &sink{}
	if err := passed(t, Config{Key: key}, nil, next, batch(map[string][2]string{"a": {"", ""}, "b": {"", ""}})); err != nil {
		t.Fatal(err)
	}
	equal(t, next.calls, []call{{shard(""), []string{"a", "b"}}})
}

func TestWhatIsNoNameIsNoShard(t *testing.T) {
	deep := pmetric.NewMetrics()
	nested := deep.ResourceMetrics().AppendEmpty().Resource().Attributes().PutEmptySlice("service.name")
	for range 100_000 {
		nested = nested.AppendEmpty().SetEmptySlice()
	}
	none := pmetric.NewMetrics()
	none.ResourceMetrics().AppendEmpty()
	long := batch(map[string][2]string{"a": {strings.Repeat("x", nameLimit+1), "shop"}})
	for _, given := range []pmetric.Metrics{deep, none, long} {
		next := &sink{}
		if err := passed(t, Config{Key: key}, nil, next, given); err != nil {
			t.Fatal(err)
		}
		if found := next.calls[0].metadata[key][0]; len(next.calls) != 1 || found != "" {
			t.Errorf("%d calls, the first with %q", len(next.calls), found)
		}
	}
}

func TestWithoutAKeyNothingOfTheMetadataIsLeft(t *testing.T) {
	next := &sink{}
	given := map[string][]string{key: {"shop/3"}, "authorization": {"Bearer secret"}}
	if err := passed(t, Config{}, given, next, batch(two)); err != nil {
		t.Fatal(err)
	}
	equal(t, next.calls, []call{{nil, []string{"a", "b", "c"}}})
}

func TestAnErrorIsTheSenders(t *testing.T) {
	full := errors.New("full")
	next := &sink{err: full}
	if err := passed(t, Config{Key: key}, nil, next, batch(two)); !errors.Is(err, full) {
		t.Errorf("found %v", err)
	}
	if len(next.calls) != 1 {
		t.Errorf("%d calls after an error", len(next.calls))
	}
}

package shards

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// part is what was passed on in one call.
type part struct {
	key   string
	batch pmetric.Metrics
}

// parts are a sink that fails at the call of number failAt, from 1 on.
type parts struct {
	taken  []part
	failAt int
}

var errFull = errors.New("full")

func (*parts) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *parts) ConsumeMetrics(ctx context.Context, batch pmetric.Metrics) error {
	if len(p.taken)+1 == p.failAt {
		return errFull
	}
	p.taken = append(p.taken, part{client.FromContext(ctx).Metadata.Get(key)[0], batch})
	return nil
}

func split(t *testing.T, setting, given string, next *parts, call pmetric.Metrics) error {
	t.Helper()
	config := &Config{Key: key, Split: setting}
	made, err := newProcessor(t.Context(), processortest.NewNopSettings(NewFactory().Type()), config, next)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if given != "" {
		ctx = client.NewContext(ctx, client.Info{Metadata: client.NewMetadata(shard(given))})
	}
	return made.ConsumeMetrics(ctx, call)
}

func process(call pmetric.Metrics, namespace, name, instance string) pmetric.ResourceMetrics {
	made := call.ResourceMetrics().AppendEmpty()
	resource(namespace, name).CopyTo(made.Resource().Attributes())
	if instance != "" {
		made.Resource().Attributes().PutStr("service.instance.id", instance)
	}
	made.Resource().Attributes().PutStr("telemetry.sdk.name", "of its own")
	return made
}

func users(scope pmetric.ScopeMetrics) pmetric.Metric {
	made := scope.Metrics().AppendEmpty()
	made.SetName(metricName)
	made.SetUnit("s")
	made.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	return made
}

// point has the attributes in pairs.
func point(metric pmetric.Metric, end, count int, attributes ...string) pmetric.HistogramDataPoint {
	made := metric.Histogram().DataPoints().AppendEmpty()
	made.SetStartTimestamp(pcommon.Timestamp(end - 1))
	made.SetTimestamp(pcommon.Timestamp(end))
	made.SetCount(uint64(count))
	made.SetSum(float64(count) / 4)
	for at := 0; at < len(attributes); at += 2 {
		made.Attributes().PutStr(attributes[at], attributes[at+1])
	}
	return made
}

func encoded(t *testing.T, batch pmetric.Metrics) string {
	t.Helper()
	made, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(batch)
	if err != nil {
		t.Fatal(err)
	}
	return string(made)
}

// told is each point of a batch as text: the instance, when it ended, the count, whose it is.
func told(batch pmetric.Metrics) (found []string) {
	for _, resource := range batch.ResourceMetrics().All() {
		instance, _ := resource.Resource().Attributes().Get("service.instance.id")
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				for _, each := range metric.Histogram().DataPoints().All() {
					found = append(found, fmt.Sprint(instance.Str(), each.StartTimestamp(), each.Timestamp(), each.Count(),
						each.Sum(), each.Flags(), each.Attributes().AsRaw()))
				}
			}
		}
	}
	return found
}

// wanted is what the documentation says (docs/wire.md, "An export"), shard by shard.
func wanted(call pmetric.Metrics, service string, shards int) [][]string {
	found := make([][]string, shards)
	for shard := range shards {
		part := pmetric.NewMetrics()
		call.CopyTo(part)
		part.ResourceMetrics().RemoveIf(func(resource pmetric.ResourceMetrics) bool {
			return serviceOf(resource.Resource().Attributes()) != service
		})
		for _, resource := range part.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, metric := range scope.Metrics().All() {
					metric.Histogram().DataPoints().RemoveIf(func(point pmetric.HistogramDataPoint) bool {
						if point.Attributes().Len() == 0 {
							if shard > 0 {
								point.SetCount(0)
								point.SetSum(0)
							}
							return false
						}
						own := 0
						if hash, is := point.Attributes().Get("user.hash"); is {
							own, _ = shardOf(hash.Str(), shards)
						}
						return own != shard
					})
				}
			}
		}
		found[shard] = told(part)
	}
	return found
}

// anyPoint is most often a user's, and else an ending or what the processor refuses or sums up.
func anyPoint(random *rand.Rand, metric pmetric.Metric, end int) {
	count := random.IntN(1000)
	hash := fmt.Sprintf("%016x", random.Uint64())
	switch random.IntN(20) {
	case 0:
		point(metric, end, count).SetFlags(pmetric.DataPointFlags(random.IntN(2)))
	case 1:
		point(metric, end, count).Attributes().PutBool("otel.metric.overflow", true)
	case 2:
		point(metric, end, count, "user.hash", strings.ToUpper("f"+hash[1:]))
	case 3:
		point(metric, end, count, "user.hash", hash, "other", "attribute")
	case 4:
		point(metric, end, count, "user.id", "ann")
	case 5:
		point(metric, end, count).Attributes().PutInt("user.hash", int64(count))
	case 6, 7:
		point(metric, end, count, "user.hash", hash, "reduse.policy", "price")
	case 8:
		point(metric, end, count, "reduse.policy", "jobs", "user.hash", hash).Attributes().PutInt("http.response.status_code", 429)
	default:
		point(metric, end, count, "user.hash", hash)
	}
}

func anyCall(random *rand.Rand) pmetric.Metrics {
	made := pmetric.NewMetrics()
	end := 1
	for range random.IntN(8) {
		instance := fmt.Sprint("instance ", random.IntN(3))
		of := process(made, []string{"", "eu"}[random.IntN(2)], []string{"go", "node", "rust"}[random.IntN(3)], instance)
		for range random.IntN(3) {
			scope := of.ScopeMetrics().AppendEmpty()
			for range random.IntN(3) {
				metric := users(scope)
				for range random.IntN(30) {
					end++
					anyPoint(random, metric, end)
				}
			}
		}
	}
	return made
}

func TestEachShardHasItsUsersAndTheEndAndTogetherTheyAreTheCall(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		shares := map[string]int{"go": 1 + random.IntN(8), "eu/node": 2 + random.IntN(255), "rust": mostShards}
		setting := fmt.Sprintf("go=%d,eu/node=%d,rust=%d", shares["go"], shares["eu/node"], shares["rust"])
		call := anyCall(random)
		before := pmetric.NewMetrics()
		call.CopyTo(before)
		next := &parts{}
		if err := split(t, setting, "", next, call); err != nil {
			t.Fatal(err)
		}
		var found, expected []string
		for _, each := range next.taken {
			for _, point := range told(each.batch) {
				found = append(found, each.key+" "+point)
			}
		}
		for _, service := range []string{"go", "node", "rust", "eu/go", "eu/node", "eu/rust"} {
			count := max(1, shares[service])
			for shard, points := range wanted(before, service, count) {
				for _, point := range points {
					expected = append(expected, fmt.Sprintf("%s#%d/%d %s", service, shard, count, point))
				}
			}
		}
		// Their order within a key is the call's.
		byKey := func(a, b string) int {
			return strings.Compare(strings.SplitN(a, " ", 2)[0], strings.SplitN(b, " ", 2)[0])
		}
		slices.SortStableFunc(found, byKey)
		slices.SortStableFunc(expected, byKey)
		if !slices.Equal(found, expected) {
			t.Fatalf("seed %d, %s:\n%s\nwanted\n%s", seed, setting, strings.Join(found, "\n"), strings.Join(expected, "\n"))
		}
		again := &parts{}
		if err := split(t, setting, "", again, before); err != nil {
			t.Fatal(err)
		}
		same := slices.EqualFunc(next.taken, again.taken, func(a, b part) bool {
			return a.key == b.key && encoded(t, a.batch) == encoded(t, b.batch)
		})
		if !same {
			t.Fatalf("seed %d: the call repeated is another", seed)
		}
	}
}

const (
	low  = "00000000000000aa"
	high = "ffff0000000000aa"
)

func export(ending bool) pmetric.Metrics {
	made := pmetric.NewMetrics()
	metric := users(process(made, "eu", "go", "a").ScopeMetrics().AppendEmpty())
	point(metric, 9, 3, "user.hash", high)
	point(metric, 9, 2, "user.hash", low)
	if ending {
		point(metric, 9, 5)
	}
	return made
}

func keys(taken []part) (found []string) {
	for _, each := range taken {
		found = append(found, each.key)
	}
	return found
}

func TestTheLogNamesAServiceWhenItIsSplitFirst(t *testing.T) {
	core, log := observer.New(zap.InfoLevel)
	settings := processortest.NewNopSettings(NewFactory().Type())
	settings.Logger = zap.New(core)
	made, err := newProcessor(t.Context(), settings, &Config{Key: key, Split: "eu/go=2,another=2"}, &parts{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := made.ConsumeMetrics(t.Context(), export(true)); err != nil {
			t.Fatal(err)
		}
	}
	if all := log.All(); len(all) != 1 || all[0].Message != `Users of the service "eu/go" are split into 2 shards` {
		t.Errorf("%v", all)
	}
}

func TestARequestThatEndsNothingMakesPartsForUsersOnly(t *testing.T) {
	next := &parts{}
	if err := split(t, "eu/go=4", "", next, export(false)); err != nil {
		t.Fatal(err)
	}
	if found := keys(next.taken); !slices.Equal(found, []string{"eu/go#0/4", "eu/go#3/4"}) {
		t.Errorf("%v", found)
	}
}

func TestOnlyWhatIsNoShardOfSeveralIsSplit(t *testing.T) {
	all := []string{"eu/go#0/2", "eu/go#1/2"}
	for given, wanted := range map[string][]string{
		"":          all,
		"eu/go#0/1": all,
		"eu/go":     all,
		"eu/go#3/8": {"eu/go#3/8"},
		"eu/go#1/2": {"eu/go#1/2"},
	} {
		next := &parts{}
		if err := split(t, "eu/go=2", given, next, export(true)); err != nil {
			t.Fatal(err)
		}
		if found := keys(next.taken); !slices.Equal(found, wanted) {
			t.Errorf("%q: %v", given, found)
		}
		if len(wanted) == 1 && encoded(t, next.taken[0].batch) != encoded(t, export(true)) {
			t.Errorf("%q is not as it was", given)
		}
	}
	for _, setting := range []string{"", "eu/go=1", "go=2"} {
		next := &parts{}
		if err := split(t, setting, "", next, export(true)); err != nil {
			t.Fatal(err)
		}
		if len(next.taken) != 1 || next.taken[0].key != "eu/go#0/1" || encoded(t, next.taken[0].batch) != encoded(t, export(true)) {
			t.Errorf("%q: %v", setting, keys(next.taken))
		}
	}
}

func TestOthersInTheCallKeepItsKey(t *testing.T) {
	call := export(true)
	users(process(call, "", "other", "b").ScopeMetrics().AppendEmpty())
	next := &parts{}
	if err := split(t, "eu/go=2", "mine#0/1", next, call); err != nil {
		t.Fatal(err)
	}
	if found := keys(next.taken); !slices.Equal(found, []string{"mine#0/1", "eu/go#0/2", "eu/go#1/2"}) {
		t.Errorf("%v", found)
	}
}

func TestOfAResourceEachPartHasWhoItIs(t *testing.T) {
	next := &parts{}
	if err := split(t, "eu/go=2", "", next, export(true)); err != nil {
		t.Fatal(err)
	}
	for _, each := range next.taken {
		found := each.batch.ResourceMetrics().At(0).Resource().Attributes().AsRaw()
		if fmt.Sprint(found) != "map[service.instance.id:a service.name:go service.namespace:eu]" {
			t.Errorf("%v", found)
		}
	}
}

func TestWhatIsRefusedAsAWholeIsInTheFirstShardOnce(t *testing.T) {
	for what, change := range map[string]func(pmetric.ResourceMetrics, pmetric.Metric){
		"another name": func(_ pmetric.ResourceMetrics, metric pmetric.Metric) { metric.SetName("mine") },
		"another type": func(_ pmetric.ResourceMetrics, metric pmetric.Metric) {
			metric.SetEmptyGauge().DataPoints().AppendEmpty()
		},
		"no type":            func(_ pmetric.ResourceMetrics, metric pmetric.Metric) { pmetric.NewMetric().CopyTo(metric) },
		"a long unit":        func(_ pmetric.ResourceMetrics, metric pmetric.Metric) { metric.SetUnit("fortnights") },
		"no instance":        func(of pmetric.ResourceMetrics, _ pmetric.Metric) { of.Resource().Attributes().Remove(instanceKey) },
		"a numeric instance": func(of pmetric.ResourceMetrics, _ pmetric.Metric) { of.Resource().Attributes().PutInt(instanceKey, 7) },
		"a long instance": func(of pmetric.ResourceMetrics, _ pmetric.Metric) {
			of.Resource().Attributes().PutStr(instanceKey, strings.Repeat("é", nameLimit+1))
		},
		"totals": func(_ pmetric.ResourceMetrics, metric pmetric.Metric) {
			metric.Histogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		},
	} {
		call := export(true)
		of := call.ResourceMetrics().At(0)
		metric := of.ScopeMetrics().At(0).Metrics().At(0)
		change(of, metric)
		before := pmetric.NewMetric()
		metric.CopyTo(before)
		next := &parts{}
		if err := split(t, "eu/go=8", "", next, call); err != nil {
			t.Fatal(err)
		}
		if found := keys(next.taken); !slices.Equal(found, []string{"eu/go#0/8"}) {
			t.Errorf("%s: %v", what, found)
			continue
		}
		of = next.taken[0].batch.ResourceMetrics().At(0)
		after := of.ScopeMetrics().At(0).Metrics().At(0)
		if fmt.Sprint(after.Name(), after.Type(), after.Unit()) != fmt.Sprint(before.Name(), before.Type(), before.Unit()) {
			t.Errorf("%s: it is not as it was", what)
		}
		if _, named := of.Resource().Attributes().Get(instanceKey); named && strings.Contains(what, "instance") {
			t.Errorf("%s: the part has one", what)
		}
	}
}

func TestNothingIsPassedOnOfNothing(t *testing.T) {
	call := pmetric.NewMetrics()
	users(process(call, "eu", "go", "a").ScopeMetrics().AppendEmpty())
	next := &parts{}
	if err := split(t, "eu/go=8", "", next, call); err != nil || len(next.taken) != 0 {
		t.Errorf("%v, %v", err, keys(next.taken))
	}
}

func TestACallWhosePartsWouldBeHugeIsRefusedForGood(t *testing.T) {
	endings := func(count int) pmetric.Metrics {
		made := pmetric.NewMetrics()
		for number := range count {
			point(users(process(made, "eu", "go", fmt.Sprint(number)).ScopeMetrics().AppendEmpty()), 9, 1)
		}
		return made
	}
	next := &parts{}
	err := split(t, "eu/go=256", "", next, endings(4096))
	if !consumererror.IsPermanent(err) || status.Code(errors.Unwrap(err)) != codes.InvalidArgument || len(next.taken) != 0 {
		t.Errorf("%v, and %d parts", err, len(next.taken))
	}
	// As many as a collector before this one puts into a call by default, for two dozen shards.
	if err := split(t, "eu/go=24", "", next, endings(8192)); err != nil {
		t.Error(err)
	}
	added := len(encoded(t, next.taken[1].batch)) * 23
	if added > mostAdded {
		t.Errorf("%d bytes were added", added)
	}
}

func TestAnErrorHalfWayIsTheSendersAndEndsTheCall(t *testing.T) {
	next := &parts{failAt: 2}
	if err := split(t, "eu/go=8", "", next, export(true)); !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
	if found := keys(next.taken); !slices.Equal(found, []string{"eu/go#0/8"}) {
		t.Errorf("%v", found)
	}
}

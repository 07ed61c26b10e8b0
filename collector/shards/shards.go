// Package shards is a processor of the agent, where users' points go by Kafka: of what a call has in its metadata it keeps
// the shard, which becomes the key of a record. Who names none has one shard for each service.
//
// The exporters' queues write a call's metadata to disk, and among them may be a token: that is why nothing else is kept.
package shards

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"

	"reduse/collector/identity"
)

// longest is how long a shard may be, in bytes: it is in every record beside what is counted.
const longest = 512

// Config says where the shard is.
type Config struct {
	// Key is the name of the metadata with the shard. Without it a call is left whole, and has no metadata after.
	Key string `mapstructure:"key"`
}

// NewFactory makes the processor `shards`.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		component.MustNewType("shards"),
		func() component.Config { return &Config{} },
		processor.WithMetrics(newProcessor, component.StabilityLevelStable),
	)
}

type shards struct {
	key  string
	next consumer.Metrics
}

func newProcessor(
	_ context.Context, _ processor.Settings, config component.Config, next consumer.Metrics,
) (processor.Metrics, error) {
	chosen, ok := config.(*Config)
	if !ok {
		return nil, errors.New("not a configuration of shards")
	}
	return &shards{key: chosen.Key, next: next}, nil
}

func (*shards) Start(context.Context, component.Host) error { return nil }

func (*shards) Shutdown(context.Context) error { return nil }

func (*shards) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

// ConsumeMetrics passes all on: in one call where there is one shard, else in a call for each. After an error the sender
// sends all of it again, and what was taken of it is known as a repeat.
func (s *shards) ConsumeMetrics(ctx context.Context, batch pmetric.Metrics) error {
	if s.key == "" {
		return s.next.ConsumeMetrics(client.NewContext(ctx, client.Info{}), batch)
	}
	if given := client.FromContext(ctx).Metadata.Get(s.key); len(given) > 0 && given[0] != "" && len(given[0]) <= longest {
		return s.next.ConsumeMetrics(s.within(ctx, given[0]), batch)
	}
	names, parts := byService(batch)
	for _, name := range names {
		if err := s.next.ConsumeMetrics(s.within(ctx, name), parts[name]); err != nil {
			return err
		}
	}
	return nil
}

// within is the context of a call that has this shard in its metadata, and nothing else.
func (s *shards) within(ctx context.Context, shard string) context.Context {
	return client.NewContext(ctx, client.Info{Metadata: client.NewMetadata(map[string][]string{s.key: {shard}})})
}

// byService divides a batch; names are in the order of the batch.
func byService(batch pmetric.Metrics) ([]string, map[string]pmetric.Metrics) {
	var names []string
	found := map[string]pmetric.Metrics{}
	for _, resource := range batch.ResourceMetrics().All() {
		name := service(resource.Resource().Attributes())
		if _, known := found[name]; !known {
			names = append(names, name)
			found[name] = pmetric.NewMetrics()
		}
	}
	if len(names) == 1 {
		return names, map[string]pmetric.Metrics{names[0]: batch}
	}
	for _, resource := range batch.ResourceMetrics().All() {
		resource.MoveTo(found[service(resource.Resource().Attributes())].ResourceMetrics().AppendEmpty())
	}
	return names, found
}

// service is what a store calls the job: the name, with the namespace before it where there is one. Of what is no name
// nobody makes anything, wherever it goes.
func service(of pcommon.Map) string {
	name := text(of, "service.name")
	if namespace := text(of, "service.namespace"); namespace != "" {
		name = namespace + "/" + name
	}
	if len(name) > longest {
		return ""
	}
	return name
}

func text(of pcommon.Map, key string) string {
	value, there := of.Get(key)
	if !there {
		return ""
	}
	found, _ := identity.ValueText(value)
	return found
}

// Package shards is a processor of the agent, where users' points go by Kafka: it gives each call the shard that becomes
// the key of its record, and splits what comes of services that do not split it themselves. Of all else that a call has in
// its metadata nothing is kept.
//
// The exporters' queues write a call's metadata to disk, and among them may be a token: that is why.
package shards

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Config says where the shard is, and who is split here.
type Config struct {
	// Key is the name of the metadata with the shard. Without it a call is left whole, and has no metadata after.
	Key string `mapstructure:"key"`
	// Split says which service is split into how many shards: "billing-go=8,eu/search-node=4".
	Split string `mapstructure:"split"`
}

// Validate says what is wrong with the setting, and what would be right.
func (c *Config) Validate() error {
	_, err := splits(c.Split)
	return err
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
	key    string
	splits map[string]int
	next   consumer.Metrics
	logger *zap.Logger
	// told are the services whose users were split before: the log names each once.
	told sync.Map
}

func newProcessor(
	_ context.Context, settings processor.Settings, config component.Config, next consumer.Metrics,
) (processor.Metrics, error) {
	chosen, ok := config.(*Config)
	if !ok {
		return nil, errors.New("not a configuration of shards")
	}
	splits, err := splits(chosen.Split)
	if err != nil {
		return nil, err
	}
	return &shards{key: chosen.Key, splits: splits, next: next, logger: settings.Logger}, nil
}

func (*shards) Start(context.Context, component.Host) error { return nil }

func (*shards) Shutdown(context.Context) error { return nil }

func (*shards) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

// ConsumeMetrics passes all on: in one call where there is one shard, else in a call for each, always in the same order.
// After an error the sender sends all of it again, and what was taken of it is known as a repeat.
func (s *shards) ConsumeMetrics(ctx context.Context, batch pmetric.Metrics) error {
	if s.key == "" {
		return s.next.ConsumeMetrics(client.NewContext(ctx, client.Info{}), batch)
	}
	given := ""
	if all := client.FromContext(ctx).Metadata.Get(s.key); len(all) > 0 && len(all[0]) <= longest {
		given = all[0]
	}
	if isOneOfSeveral(given) {
		return s.pass(ctx, given, batch)
	}
	divisions, err := s.takeOut(batch)
	if err != nil {
		return err
	}
	if len(divisions) == 0 || batch.ResourceMetrics().Len() > 0 {
		if err := s.passWhole(ctx, given, batch); err != nil {
			return err
		}
	}
	for _, each := range divisions {
		if _, before := s.told.LoadOrStore(each.service, true); !before {
			s.logger.Info(fmt.Sprintf("Users of the service %q are split into %d shards", each.service, each.shards))
		}
		for shard := range each.shards {
			if part, any := each.part(shard); any {
				if err := s.pass(ctx, shardKey(each.service, shard, each.shards), part); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// takeOut takes what is to be split out of a batch, by service and in the order of the batch.
func (s *shards) takeOut(batch pmetric.Metrics) ([]*division, error) {
	if len(s.splits) == 0 {
		return nil, nil
	}
	var order []*division
	found := map[string]*division{}
	batch.ResourceMetrics().RemoveIf(func(resource pmetric.ResourceMetrics) bool {
		service := serviceOf(resource.Resource().Attributes())
		count := s.splits[service]
		if count < 2 {
			return false
		}
		if found[service] == nil {
			found[service] = &division{service: service, shards: count}
			order = append(order, found[service])
		}
		taken := pmetric.NewResourceMetrics()
		resource.MoveTo(taken)
		found[service].add(taken)
		return true
	})
	added := 0
	for _, each := range order {
		if added += each.added; added > mostAdded {
			s.logger.Warn("Users' points are refused: " + each.tooMuch())
			return nil, consumererror.NewPermanent(status.Error(codes.InvalidArgument, each.tooMuch()))
		}
	}
	return order, nil
}

// passWhole passes on what is not split, under the key that it came with, or under that of each service.
func (s *shards) passWhole(ctx context.Context, given string, batch pmetric.Metrics) error {
	if given != "" {
		return s.pass(ctx, given, batch)
	}
	services, parts := byService(batch)
	for _, service := range services {
		key := ""
		if service != "" {
			key = shardKey(service, 0, 1)
		}
		if err := s.pass(ctx, key, parts[service]); err != nil {
			return err
		}
	}
	return nil
}

// pass is a call that has this shard in its metadata, and nothing else.
func (s *shards) pass(ctx context.Context, shard string, batch pmetric.Metrics) error {
	metadata := client.NewMetadata(map[string][]string{s.key: {shard}})
	return s.next.ConsumeMetrics(client.NewContext(ctx, client.Info{Metadata: metadata}), batch)
}

// byService divides a batch; services are in the order of the batch. Of what is no name nobody makes anything, wherever
// it goes.
func byService(batch pmetric.Metrics) ([]string, map[string]pmetric.Metrics) {
	var services []string
	found := map[string]pmetric.Metrics{}
	for _, resource := range batch.ResourceMetrics().All() {
		service := serviceOf(resource.Resource().Attributes())
		if _, known := found[service]; !known {
			services = append(services, service)
			found[service] = pmetric.NewMetrics()
		}
	}
	if len(services) == 1 {
		return services, map[string]pmetric.Metrics{services[0]: batch}
	}
	for _, resource := range batch.ResourceMetrics().All() {
		resource.MoveTo(found[serviceOf(resource.Resource().Attributes())].ResourceMetrics().AppendEmpty())
	}
	return services, found
}

package shards

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"
)

type nowhere struct{}

func (nowhere) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (nowhere) ConsumeMetrics(context.Context, pmetric.Metrics) error { return nil }

// BenchmarkSplit is the cost of splitting a call of 10,000 users; beside it that of reading and of writing the call, which
// an agent does anyway.
func BenchmarkSplit(b *testing.B) {
	const points = 10_000
	random := rand.New(rand.NewPCG(1, 2))
	call := pmetric.NewMetrics()
	metric := users(process(call, "eu", "go", "a").ScopeMetrics().AppendEmpty())
	for range points {
		point(metric, 9, 1, "user.hash", fmt.Sprintf("%016x", random.Uint64()))
	}
	point(metric, 9, 1)
	body, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(call)
	if err != nil {
		b.Fatal(err)
	}
	read := func() pmetric.Metrics {
		made, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(body)
		if err != nil {
			b.Fatal(err)
		}
		return made
	}
	rate := func(b *testing.B) {
		b.ReportMetric(float64(points)*float64(b.N)/b.Elapsed().Seconds(), "points/s")
	}
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			read()
		}
		rate(b)
	})
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(call); err != nil {
				b.Fatal(err)
			}
		}
		rate(b)
	})
	for _, shards := range []int{1, 8, 256} {
		b.Run(fmt.Sprintf("read and split into %d", shards), func(b *testing.B) {
			config := &Config{Key: key, Split: fmt.Sprintf("eu/go=%d", shards)}
			made, err := newProcessor(b.Context(), processortest.NewNopSettings(NewFactory().Type()), config, nowhere{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for range b.N {
				if err := made.ConsumeMetrics(b.Context(), read()); err != nil {
					b.Fatal(err)
				}
			}
			rate(b)
		})
	}
}

package store

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	// Writes and time that finding the guilty points of one batch may take; then all of what is refused of their service
	// is left out.
	isolationWrites = 64
	isolationTime   = 4 * time.Second
)

// isolation writes a batch so that what the store refuses for good costs only the service that sent it.
type isolation struct {
	write func(context.Context, pmetric.Metrics) answer
	// alive writes a sample of our own: whether the store takes anything.
	alive func(context.Context) bool
	// drop is told of what is left out, with the store's answer.
	drop func(part pmetric.Metrics, detail string)
	now  func() time.Time

	suspects *suspects
	writes   int
	until    time.Time
}

// put writes all of a batch, or gives the store's answer when it can be taken later. known is what the store said of the
// whole batch, if it was asked.
func (i *isolation) put(ctx context.Context, batch pmetric.Metrics, known *answer) *answer {
	i.writes, i.until = isolationWrites, i.now().Add(isolationTime)
	if known != nil {
		return i.settle(ctx, batch, i.resolve(ctx, *known))
	}
	apart := i.splitSuspects(batch)
	if later := i.putServices(ctx, batch); later != nil {
		return later
	}
	for _, each := range apart {
		if later := i.putPart(ctx, each); later != nil {
			return later
		}
	}
	return nil
}

func (i *isolation) putServices(ctx context.Context, batch pmetric.Metrics) *answer {
	if batch.ResourceMetrics().Len() == 0 {
		return nil
	}
	return i.settle(ctx, batch, i.judge(ctx, batch))
}

// settle finds the services whose part is refused.
func (i *isolation) settle(ctx context.Context, batch pmetric.Metrics, got answer) *answer {
	switch got.verdict {
	case taken:
		return nil
	case unavailable:
		return &got
	}
	jobs := jobsOf(batch)
	if len(jobs) == 1 {
		return i.divide(ctx, batch, got.detail)
	}
	half := map[string]bool{}
	for _, job := range jobs[:len(jobs)/2] {
		half[job] = true
	}
	rest := takeOut(batch, func(job string) bool { return half[job] })
	if later := i.putServices(ctx, rest); later != nil {
		return later
	}
	return i.putServices(ctx, batch)
}

// putPart writes points of one service.
func (i *isolation) putPart(ctx context.Context, part pmetric.Metrics) *answer {
	got := i.judge(ctx, part)
	switch got.verdict {
	case taken:
		return nil
	case unavailable:
		return &got
	}
	return i.divide(ctx, part, got.detail)
}

// divide finds the guilty points in a refused part of one service.
func (i *isolation) divide(ctx context.Context, part pmetric.Metrics, detail string) *answer {
	for _, job := range jobsOf(part) {
		i.suspects.add(job, i.now())
	}
	left, right, split := halve(part)
	if !split || i.writes <= 0 || i.now().After(i.until) {
		i.drop(part, detail)
		return nil
	}
	if later := i.putPart(ctx, left); later != nil {
		return later
	}
	return i.putPart(ctx, right)
}

func (i *isolation) judge(ctx context.Context, part pmetric.Metrics) answer {
	i.writes--
	return i.resolve(ctx, i.write(ctx, part))
}

// resolve asks whether the store takes anything at all where its answer leaves that open.
func (i *isolation) resolve(ctx context.Context, got answer) answer {
	if got.verdict == doubtful {
		if i.alive(ctx) {
			got.verdict = refused
		} else {
			got.verdict = unavailable
		}
	}
	return got
}

// splitSuspects takes the parts of services that were refused lately out of a batch.
func (i *isolation) splitSuspects(batch pmetric.Metrics) (apart []pmetric.Metrics) {
	for _, job := range i.suspects.current(i.now()) {
		if part := takeOut(batch, func(other string) bool { return other == job }); part.ResourceMetrics().Len() > 0 {
			apart = append(apart, part)
		}
	}
	return apart
}

func jobsOf(batch pmetric.Metrics) (jobs []string) {
	seen := map[string]bool{}
	for _, of := range batch.ResourceMetrics().All() {
		job, _, _ := identify(of.Resource().Attributes())
		if !seen[job] {
			seen[job] = true
			jobs = append(jobs, job)
		}
	}
	return jobs
}

// takeOut moves the resources of some services out of a batch.
func takeOut(batch pmetric.Metrics, wanted func(job string) bool) pmetric.Metrics {
	moved := pmetric.NewMetrics()
	batch.ResourceMetrics().RemoveIf(func(of pmetric.ResourceMetrics) bool {
		job, _, _ := identify(of.Resource().Attributes())
		if !wanted(job) {
			return false
		}
		of.MoveTo(moved.ResourceMetrics().AppendEmpty())
		return true
	})
	return moved
}

// halve splits a batch into two at its outermost level with more than one member; false for a single point.
func halve(batch pmetric.Metrics) (left, right pmetric.Metrics, split bool) {
	left, right = pmetric.NewMetrics(), pmetric.NewMetrics()
	batch.CopyTo(left)
	batch.CopyTo(right)
	return left, right, keepHalf(left, true) && keepHalf(right, false)
}

func keepHalf(batch pmetric.Metrics, former bool) bool {
	resources := batch.ResourceMetrics()
	if resources.Len() != 1 {
		resources.RemoveIf(outside[pmetric.ResourceMetrics](resources.Len(), former))
		return true
	}
	scopes := resources.At(0).ScopeMetrics()
	if scopes.Len() != 1 {
		scopes.RemoveIf(outside[pmetric.ScopeMetrics](scopes.Len(), former))
		return true
	}
	metrics := scopes.At(0).Metrics()
	if metrics.Len() != 1 {
		metrics.RemoveIf(outside[pmetric.Metric](metrics.Len(), former))
		return true
	}
	count := countPoints(metrics.At(0))
	if count < 2 {
		return false
	}
	drop := outside[struct{}](count, former)
	filterPoints(metrics.At(0), func(point) bool { return !drop(struct{}{}) })
	return true
}

// outside says of each of so many members, in their order, whether it is not in the wanted half.
func outside[Member any](count int, former bool) func(Member) bool {
	index := -1
	return func(Member) bool {
		index++
		return (index < count/2) != former
	}
}

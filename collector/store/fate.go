package store

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// After this long without a point of a service its counts are no longer shown.
const fateHolds = 2 * time.Hour

// fate counts what became of the points of each service: received = stored + left out.
type fate struct {
	mutex    sync.Mutex
	services map[string]*tally
}

type tally struct {
	stored  int64
	leftOut map[Reason]int64
	seen    time.Time
}

func newFate(meter metric.Meter) (*fate, error) {
	made := &fate{services: map[string]*tally{}}
	received, err := meter.Int64ObservableCounter("reduse_gateway_points_received",
		metric.WithDescription("Data points of a service that came to their end: stored or left out."))
	if err != nil {
		return nil, err
	}
	stored, err := meter.Int64ObservableCounter("reduse_gateway_points_stored",
		metric.WithDescription("Data points of a service that the store has taken."))
	if err != nil {
		return nil, err
	}
	leftOut, err := meter.Int64ObservableCounter("reduse_gateway_points_left_out",
		metric.WithDescription("Data points of a service that were not written, by reason."))
	if err != nil {
		return nil, err
	}
	_, err = meter.RegisterCallback(func(_ context.Context, observer metric.Observer) error {
		made.mutex.Lock()
		defer made.mutex.Unlock()
		for name, each := range made.services {
			service := attribute.String("service", name)
			total := each.stored
			for reason, count := range each.leftOut {
				total += count
				observer.ObserveInt64(leftOut, count,
					metric.WithAttributes(service, attribute.String("reason", string(reason))))
			}
			observer.ObserveInt64(stored, each.stored, metric.WithAttributes(service))
			observer.ObserveInt64(received, total, metric.WithAttributes(service))
		}
		return nil
	}, received, stored, leftOut)
	return made, err
}

// settled counts a batch that has come to its end; a batch that is sent again is not counted before.
func (f *fate) settled(made *decision, now time.Time) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for service, count := range made.kept {
		f.of(service, now).stored += int64(count)
	}
	for service, reasons := range made.leftOut {
		each := f.of(service, now)
		for reason, lost := range reasons {
			each.leftOut[reason] += int64(lost.count)
		}
	}
}

func (f *fate) of(service string, now time.Time) *tally {
	each := f.services[service]
	if each == nil {
		each = &tally{leftOut: map[Reason]int64{}}
		f.services[service] = each
	}
	each.seen = now
	return each
}

func (f *fate) sweep(now time.Time) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for service, each := range f.services {
		if now.Sub(each.seen) > fateHolds {
			delete(f.services, service)
		}
	}
}

package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

const sweepEvery = 10 * time.Second

// storeExporter is the exporter `prometheus_store`. A call returns when all that it brought has come to its end; with an
// error when the store may take it later, so that the sender keeps it.
type storeExporter struct {
	config    *Config
	telemetry component.TelemetrySettings
	now       func() time.Time
	fate      *fate
	faults    *faults

	writer    *writer
	heartbeat *heartbeat
	notice    *notice

	mutex     sync.Mutex
	admission *admission
	suspects  *suspects

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

func newExporter(config *Config, telemetry component.TelemetrySettings, now func() time.Time) (*storeExporter, error) {
	meter := telemetry.MeterProvider.Meter("reduse/collector/store")
	counts, err := newFate(meter)
	if err != nil {
		return nil, err
	}
	made := &storeExporter{
		config: config, telemetry: telemetry, now: now, fate: counts, faults: newFaults(telemetry.Logger),
		admission: newAdmission(config), suspects: newSuspects(),
	}
	return made, made.observe(meter)
}

func (x *storeExporter) observe(meter metric.Meter) error {
	series, err := meter.Int64ObservableGauge("reduse_gateway_series",
		metric.WithDescription("Series that the store keeps for the services of this gateway."))
	if err != nil {
		return err
	}
	services, err := meter.Int64ObservableGauge("reduse_gateway_services",
		metric.WithDescription("Services that are told apart, of at most services_limit."))
	if err != nil {
		return err
	}
	streams, err := meter.Int64ObservableGauge("reduse_gateway_streams",
		metric.WithDescription("Streams that are remembered, of at most streams_limit."))
	if err != nil {
		return err
	}
	silence, err := meter.Float64ObservableGauge("reduse_gateway_store_silence",
		metric.WithDescription("Seconds for which the store has taken nothing; 0 while that is normal."))
	if err != nil {
		return err
	}
	_, err = meter.RegisterCallback(func(_ context.Context, observer metric.Observer) error {
		x.mutex.Lock()
		total := 0
		for _, each := range x.admission.registry.services {
			total += each.series
		}
		count, remembered := len(x.admission.registry.services), x.admission.registry.streams
		x.mutex.Unlock()
		observer.ObserveInt64(series, int64(total))
		observer.ObserveInt64(services, int64(count))
		observer.ObserveInt64(streams, int64(remembered))
		if x.heartbeat != nil {
			silent, _ := x.heartbeat.silence()
			observer.ObserveFloat64(silence, silent.Seconds())
		}
		return nil
	}, series, services, streams, silence)
	return err
}

// Start begins the heartbeat.
func (x *storeExporter) Start(ctx context.Context, host component.Host) error {
	client, err := x.config.HTTP.ToClient(ctx, host.GetExtensions(), x.telemetry)
	if err != nil {
		return err
	}
	x.writer = newWriter(x.config.HTTP.Endpoint, client, func() int64 {
		return x.now().Add(x.config.NewestSample + time.Minute).UnixMilli()
	})
	x.heartbeat = newHeartbeat(x.writer, x.config.Instance, x.now)
	if x.config.Alertmanager != "" {
		x.notice = newNotice(x.config.Alertmanager, x.config.Runbooks, x.config.Instance)
	}
	running, stop := context.WithCancel(context.Background())
	x.stop = stop
	x.stopped.Add(1)
	go func() {
		defer x.stopped.Done()
		x.keepHouse(running)
	}()
	return nil
}

// Shutdown ends the heartbeat.
func (x *storeExporter) Shutdown(context.Context) error {
	if x.stop != nil {
		x.stop()
	}
	x.stopped.Wait()
	return nil
}

// Capabilities: points are taken out of the batch.
func (*storeExporter) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeMetrics decides on each point of a batch and writes what is left.
func (x *storeExporter) ConsumeMetrics(ctx context.Context, batch pmetric.Metrics) error {
	now := x.now()
	x.mutex.Lock()
	made := x.admission.admit(batch, now)
	x.mutex.Unlock()
	if batch.ResourceMetrics().Len() > 0 {
		if later := x.put(ctx, batch, made); later != nil {
			x.faults.saw("store", "the store does not take what is written; its senders keep it", 1, now,
				zap.String("answer", later.detail))
			return later.error()
		}
		x.faults.ended("store", x.now())
	}
	x.mutex.Lock()
	made.commit()
	x.mutex.Unlock()
	x.fate.settled(made, now)
	x.say(made, now)
	return nil
}

// put writes a batch; nil when all of it has come to its end.
func (x *storeExporter) put(ctx context.Context, batch pmetric.Metrics, made *decision) *answer {
	if x.suspects.some(x.now()) {
		return x.isolate(ctx, batch, made, nil)
	}
	got := x.write(ctx, batch)
	switch got.verdict {
	case taken:
		return nil
	case unavailable:
		return &got
	}
	return x.isolate(ctx, batch, made, &got)
}

func (x *storeExporter) write(ctx context.Context, part pmetric.Metrics) answer {
	got := x.writer.metrics(ctx, part)
	x.heartbeat.heard(got)
	return got
}

func (x *storeExporter) isolate(ctx context.Context, batch pmetric.Metrics, made *decision, known *answer) *answer {
	by := &isolation{
		write: x.write, alive: x.heartbeat.beat, now: x.now, suspects: x.suspects,
		drop: func(part pmetric.Metrics, detail string) { x.drop(part, detail, made) },
	}
	return by.put(ctx, batch, known)
}

// drop counts a part that the store refused as left out.
func (x *storeExporter) drop(part pmetric.Metrics, detail string, made *decision) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	now := x.now()
	for _, of := range part.ResourceMetrics().All() {
		job, instance, _ := identify(of.Resource().Attributes())
		count, metric := 0, ""
		for _, scope := range of.ScopeMetrics().All() {
			for _, each := range scope.Metrics().All() {
				count += countSent(each)
				metric = each.Name()
			}
		}
		if count == 0 {
			// Of what we added ourselves.
			continue
		}
		made.kept[job] -= count
		made.leaveOut(job, StoreRefused, count, metric)
		if found, _ := x.admission.registry.resource(job, instance, now.Unix()); found != nil {
			found.partial = true
		}
		x.faults.saw("refused "+job, "the store refuses points of a service", count, now,
			zap.String("service", job), zap.String("metric", printable(metric)), zap.String("answer", detail))
	}
}

// say puts what was left out into the log, once for each fault.
func (x *storeExporter) say(made *decision, now time.Time) {
	for service, reasons := range made.leftOut {
		for reason, lost := range reasons {
			if reason == StoreRefused {
				continue
			}
			x.faults.saw(fmt.Sprintf("%s %s", reason, service), "points of a service are left out", lost.count, now,
				zap.String("service", service), zap.String("reason", string(reason)),
				zap.String("metric", printable(lost.metric)), zap.String("cure", cures[reason]))
		}
	}
}

// keepHouse beats, tells Alertmanager, and forgets what is old.
func (x *storeExporter) keepHouse(ctx context.Context) {
	beats, sweeps := time.NewTicker(x.config.Heartbeat), time.NewTicker(sweepEvery)
	defer beats.Stop()
	defer sweeps.Stop()
	x.beat(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-beats.C:
			x.beat(ctx)
		case <-sweeps.C:
			x.sweep()
		}
	}
}

func (x *storeExporter) beat(ctx context.Context) {
	x.heartbeat.beat(ctx)
	if ctx.Err() != nil {
		return
	}
	silent, detail := x.heartbeat.silence()
	now := x.now()
	if silent > 0 {
		x.faults.saw("silence", "the store takes nothing", 1, now, zap.String("answer", detail))
	} else {
		x.faults.ended("silence", now)
	}
	if x.notice == nil {
		return
	}
	if err := x.notice.tell(ctx, silent, detail, now); err != nil {
		x.faults.saw("alertmanager", "Alertmanager could not be told", 1, now, zap.Error(err))
	} else {
		x.faults.ended("alertmanager", now)
	}
}

func (x *storeExporter) sweep() {
	now := x.now()
	x.mutex.Lock()
	x.admission.registry.sweep(now.Add(-x.config.Idle).Unix())
	x.mutex.Unlock()
	x.fate.sweep(now)
	x.faults.sweep(now)
}

package store

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/prometheus/prompb"
)

const (
	heartbeatName = "reduse_gateway_heartbeat_seconds"
	heartbeatJob  = "reduse-gateway"
	// Longer than a store needs to be started again.
	patience = 30 * time.Second
	probe    = 2 * time.Second
)

// heartbeat writes the time as a sample of our own: so it is known whether the store takes anything, also when nobody
// sends, and whoever looks at the sample sees that the way from here into the store is open.
type heartbeat struct {
	writer   *writer
	instance string
	now      func() time.Time

	mutex     sync.Mutex
	taken     time.Time
	answer    answer
	lastStamp int64
}

func newHeartbeat(writer *writer, instance string, now func() time.Time) *heartbeat {
	return &heartbeat{writer: writer, instance: instance, now: now, taken: now()}
}

// beat writes one sample; true when the store took it.
func (h *heartbeat) beat(ctx context.Context) bool {
	bounded, cancel := context.WithTimeout(ctx, probe)
	defer cancel()
	now := h.now()
	h.mutex.Lock()
	// Two in one millisecond would contradict each other.
	stamp := max(now.UnixMilli(), h.lastStamp+1)
	h.lastStamp = stamp
	h.mutex.Unlock()
	got := h.writer.send(bounded, &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{
		Labels: []prompb.Label{
			{Name: "__name__", Value: heartbeatName},
			{Name: "instance", Value: h.instance},
			{Name: "job", Value: heartbeatJob},
		},
		Samples: []prompb.Sample{{Timestamp: stamp, Value: float64(stamp) / 1000}},
	}}})
	h.heard(got)
	return got.verdict == taken
}

// heard records what the store said of any write.
func (h *heartbeat) heard(got answer) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if got.verdict == taken {
		h.taken = h.now()
	}
	h.answer = got
}

// silence is for how long the store has taken nothing, when that is longer than it may be, and what it says.
func (h *heartbeat) silence() (time.Duration, string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if length := h.now().Sub(h.taken); length > patience {
		return length, h.answer.detail
	}
	return 0, ""
}

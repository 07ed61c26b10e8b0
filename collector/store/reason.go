package store

// Reason is why a point was left out: the attribute `reason` of reduse_gateway_points_left_out.
type Reason string

const (
	// Untimely points are older than the store takes, or from the future.
	Untimely Reason = "untimely"
	// Clock is for points of a process whose clock was set back: they are behind what it sent before, with more counted.
	Clock Reason = "clock"
	// Repeated points have the time of one that was taken, and another value.
	Repeated Reason = "repeated"
	// NativeHistogram points are exponential histograms, for a store that does not take them.
	NativeHistogram Reason = "native_histogram"
	// Delta points count since the export before; the store keeps totals. The agent makes totals of them.
	Delta Reason = "delta"
	// PerUser points belong to the processor; the store would get a series for each user.
	PerUser Reason = "per_user"
	// Name is for names of metrics or attributes that no series can have.
	Name Reason = "name"
	// NameCollision is for metrics of one resource whose names are the same in the store though their types differ.
	NameCollision Reason = "name_collision"
	// Malformed points contradict themselves: counts that do not add up, bounds out of order, a total that is no number.
	Malformed Reason = "malformed"
	// IdentityConflict is for points of two processes that report under one identity.
	IdentityConflict Reason = "identity_conflict"
	// SeriesLimit is for points of new series of a service that has as many as it may.
	SeriesLimit Reason = "series_limit"
	// ServicesLimit is for points of services beyond those that are told apart.
	ServicesLimit Reason = "services_limit"
	// StreamsLimit is for points of new streams when the gateway remembers as many as it may.
	StreamsLimit Reason = "streams_limit"
	// StoreRefused points were refused by the store itself, for good.
	StoreRefused Reason = "store_refused"
)

// cures say in half a sentence what mends a reason; the runbook of SamplesRefused says more.
var cures = map[Reason]string{
	Untimely:         "look at the clock of its machine, and at how long its agent could not send",
	Clock:            "its clock was set back; its points are taken again when the clock has caught up or the process is restarted",
	Repeated:         "two exports have the same millisecond; look at its clock and its export interval",
	NativeHistogram:  "unset OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION, or set REDUSE_STORE=prometheus-3 where the store takes them",
	Delta:            "send it to the agent, which makes totals of it, or set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative",
	PerUser:          "send it to the agent, which hands it to the processor",
	Name:             "rename the metric or the attribute",
	NameCollision:    "rename one of the two metrics",
	Malformed:        "the library that makes it contradicts itself",
	IdentityConflict: "give each process a service.instance.id of its own",
	SeriesLimit:      "take the attribute without bound (an id, a path) out of its metrics, or raise REDUSE_GATEWAY_SERIES_LIMIT",
	ServicesLimit:    "raise REDUSE_GATEWAY_SERVICES_LIMIT, or give services fewer names",
	StreamsLimit:     "look for who makes so many series (reduse_gateway_points_stored), or raise REDUSE_GATEWAY_STREAMS_LIMIT and the gateway's memory",
	StoreRefused:     "the log of the gateway has the store's answer",
}

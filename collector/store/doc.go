// Package store is the exporter of the gateway: it decides the fate of every data point and writes what is left into
// the store by Prometheus remote write.
//
// A batch goes this way: admission (admission.go) looks at each point by itself (names.go, reduse/collector/soundness) and against
// what its stream sent before (stream.go, registry.go), and leaves out what the store can never take, or what would
// falsify or block the numbers of others. The rest is written (write.go). When the store refuses a write for good, the
// part that it refuses is found and left out (isolation.go). What the store can take later is an error of the call, so
// the sender keeps it and sends it again. Each point that was left out is counted by service and reason and said in the
// log (fate.go). The exporter also writes a heartbeat, by which it knows whether the store takes anything at all
// (heartbeat.go), and tells Alertmanager itself when it does not (notice.go).
package store

// Package reading bounds the time in which a scrape reads.
package reading

import (
	"context"
	"time"
)

// handOver is the part of a scrape's time that is left to hand its points to the next component: the time runs for both,
// and of a scrape that used all of it for reading nothing would arrive, not even that it failed.
const handOver = 10

// Context ends before the scrape's own does; all of it is `timeout` long.
func Context(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, Duration(timeout))
}

// Duration is the part of a scrape's time in which it may read.
func Duration(timeout time.Duration) time.Duration {
	return timeout - timeout/handOver
}

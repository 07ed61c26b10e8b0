package postgresql

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"reduse/collector/receivers/internal/points"
)

const (
	operationName = "operation"
	replayed      = "replay"
	clientName    = "replication_client"
)

var (
	// walDelay is of contrib's receiver, with the standby's application_name as its client: that is what an operator gives
	// a standby, and several of them may come from one address.
	walDelay = &points.Metric{
		Name: "postgresql.wal.delay", Unit: "s",
		Description: "Time between flushing recent WAL and hearing that the standby has replayed it.",
	}
	standbyDelay = &points.Metric{
		Name: "reduse.postgresql.standby.delay", Unit: "s",
		Description: "How old what this standby shows may be: 0 when it has replayed all that its primary has.",
	}
)

// replicationQuery gives a row for each standby that is connected, by its application_name, and one for the instance itself
// when it is a standby.
//
// A standby that has replayed all has no lag after a while, as nothing is measured any more. Who only receives WAL, as a
// backup does, replays none.
//
// Of a standby itself: received and replayed may be all that there is, or all that came before the connection was lost.
// The primary's end of WAL is what it said last.
const replicationQuery = `
SELECT
    false, coalesce(application_name, '')::text,
    max(CASE
        WHEN replay_lag IS NOT NULL THEN extract(epoch FROM replay_lag)::float8
        WHEN replay_lsn >= CASE WHEN pg_catalog.pg_is_in_recovery()
            THEN greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
            ELSE pg_catalog.pg_current_wal_flush_lsn() END THEN 0
    END),
    false
FROM pg_catalog.pg_stat_replication WHERE replay_lsn IS NOT NULL GROUP BY application_name
UNION ALL
SELECT
    true, '',
    extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::float8,
    coalesce(
        r.status = 'streaming'
            AND pg_catalog.pg_last_wal_replay_lsn() >= greatest(pg_catalog.pg_last_wal_receive_lsn(), r.latest_end_lsn),
        false)
FROM (SELECT 1) AS instance LEFT JOIN pg_catalog.pg_stat_wal_receiver r ON true
WHERE pg_catalog.pg_is_in_recovery()`

// replica is what the statistics say of one. Seconds are nil when they cannot be told.
type replica struct {
	itself  bool
	name    string
	seconds *float64
	// current: it has replayed all that its primary has; of `itself` only.
	current bool
}

func readReplicas(ctx context.Context, connection *pgx.Conn) (replicas []replica, err error) {
	err = query(ctx, connection, replicationQuery, func(row pgx.Rows) error {
		var each replica
		err := row.Scan(&each.itself, &each.name, &each.seconds, &each.current)
		each.name = readable(each.name)
		replicas = append(replicas, each)
		return err
	})
	return replicas, err
}

// readReplication puts the delays into the batch. A server that does not answer this, as some that speak PostgreSQL's
// protocol do not, is read all the same: an error is only what costs the connection.
func (s *scrape) readReplication(ctx context.Context, batch *points.Batch, connection *pgx.Conn) error {
	now := time.Now()
	replicas, err := readReplicas(ctx, connection)
	if err != nil {
		if connection.IsClosed() || ctx.Err() != nil {
			return err
		}
		s.replicationFaults.Failed(now, reasonOf(err), err)
		batch.Complete(walDelay, standbyDelay)
		return nil
	}
	s.replicationFaults.Succeeded(now)
	writeReplicas(batch, replicas, &s.standby, now)
	return nil
}

func writeReplicas(batch *points.Batch, replicas []replica, own *standby, now time.Time) {
	all := true
	for _, each := range replicas {
		if each.itself {
			if delay, known := own.delay(each, now); known {
				batch.AddFraction(standbyDelay, delay)
			}
			continue
		}
		if each.seconds == nil {
			all = false
			continue
		}
		batch.AddFraction(
			walDelay, max(*each.seconds, 0), points.Attribute{Name: operationName, Value: replayed},
			points.Attribute{Name: clientName, Value: each.name},
		)
	}
	// Of one that is there the delay is not told for a moment: its series goes on.
	if all {
		batch.Complete(walDelay)
	}
	batch.Complete(standbyDelay)
}

// standby remembers when the instance, where it is one, was last known to be as new as its primary.
type standby struct{ current time.Time }

// delay is how old in seconds what it shows may be. The last transaction that was replayed may be of hours ago, and yet
// the newest that there is: so it is not older than the time at which all was replayed.
func (s *standby) delay(found replica, now time.Time) (float64, bool) {
	if found.current {
		s.current = now
		return 0, true
	}
	since := now.Sub(s.current).Seconds()
	switch {
	case found.seconds == nil && s.current.IsZero():
		return 0, false
	case found.seconds == nil:
		return since, true
	case s.current.IsZero():
		return max(*found.seconds, 0), true
	}
	return max(min(*found.seconds, since), 0), true
}

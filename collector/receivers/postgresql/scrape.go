package postgresql

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"reduse/collector/receivers/internal/faults"
	"reduse/collector/receivers/internal/points"
	"reduse/collector/receivers/internal/reading"
)

const scope = "reduse/collector/receivers/postgresql"

var errNotPermitted = errors.New("the role may not see the sessions of others: GRANT pg_monitor TO it")

// scrape reads one instance again and again.
type scrape struct {
	config   *Config
	instance *instance
	writer   *points.Writer
	faults   *faults.Log
	next     uint32

	replicationFaults *faults.Log
	standby           standby
}

func newScrape(config *Config, instance *instance, logger *zap.Logger) *scrape {
	name := config.Instance
	if name == "" {
		name = config.Endpoint
	}
	return &scrape{
		config:   config,
		instance: instance,
		writer:   points.NewWriter(config.Service, name, scope),
		faults:   faults.NewLog(logger, "reading "+config.Service+" at "+config.Endpoint),

		replicationFaults: faults.NewLog(logger, "reading replication of "+config.Service+" at "+config.Endpoint),
	}
}

// metrics reads the instance. What could not be read has no point, and `up` says why: there is never an error.
func (s *scrape) metrics(ctx context.Context) (pmetric.Metrics, error) {
	now := time.Now()
	ctx, cancel := reading.Context(ctx, s.config.Timeout)
	defer cancel()
	batch := s.writer.Begin(now)
	err := s.instance.use(ctx, func(connection *pgx.Conn) error {
		return s.read(ctx, batch, connection)
	})
	if err != nil {
		reason := reasonOf(err)
		if errors.Is(err, errNotPermitted) {
			reason = ReasonPermission
		}
		s.faults.Failed(now, reason, err)
		batch.Add(up, 0, points.Attribute{Name: reasonName, Value: reason})
	} else {
		s.faults.Succeeded(now)
		batch.Add(up, 1, points.Attribute{Name: reasonName})
	}
	batch.Complete(up)
	return batch.End(), nil
}

func (s *scrape) read(ctx context.Context, batch *points.Batch, connection *pgx.Conn) error {
	databases, limits, permitted, err := readDatabases(ctx, connection)
	if err != nil {
		return err
	}
	batch.Add(connectionMax, limits.maximum)
	batch.Add(connectionReserved, limits.reserved)
	if !permitted {
		return errNotPermitted
	}
	if err := s.readReplication(ctx, batch, connection); err != nil {
		return err
	}
	measured := sizes{
		all:  func(ctx context.Context) (map[uint32]int64, error) { return readSizes(ctx, connection) },
		one:  func(ctx context.Context, oid uint32) (*int64, error) { return readSize(ctx, connection, oid) },
		next: s.next,
	}
	// The last statement has to end before the time for reading does, or the connection would be lost.
	deadline, _ := ctx.Deadline()
	missing := measured.measure(ctx, databases, deadline.Add(-statementTimeout(s.config.Timeout)))
	s.next = measured.next
	batch.Add(unmeasured, int64(missing))
	write(batch, databases, s.config.Databases, s.config.MaxDatabases)
	return nil
}

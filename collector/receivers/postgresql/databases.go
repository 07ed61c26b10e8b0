package postgresql

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// database is what the statistics say of one; what they do not say is nil. Without a name it is of no database:
// connections that belong to none, but take one of those that there are.
type database struct {
	oid                             uint32
	name                            string
	template                        bool
	backends                        int64
	commits, rollbacks, deadlocks   *int64
	blocksHit, blocksRead, tempFile *int64
	size                            *int64
}

// limits of an instance change when it is restarted, which a pooler in between may hide: they are read each time.
type limits struct {
	maximum, reserved int64
}

// statisticsQuery reads all in one statement, so that all is of one moment. Who may not read other roles' sessions sees
// them without their type.
const statisticsQuery = `
SELECT
    coalesce(d.oid, a.datid, 0)::bigint, coalesce(d.datname, '')::text, coalesce(d.datistemplate, false),
    coalesce(a.backends, 0),
    s.xact_commit, s.xact_rollback, s.deadlocks, s.blks_hit, s.blks_read, s.temp_files,
    pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'),
    current_setting('max_connections')::bigint,
    current_setting('superuser_reserved_connections')::bigint
        + coalesce(current_setting('reserved_connections', true)::bigint, 0)
FROM (pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_stat_database s ON s.datid = d.oid)
FULL JOIN (
    SELECT datid, count(*) AS backends FROM pg_catalog.pg_stat_activity
    WHERE backend_type = 'client backend' GROUP BY datid
) a ON a.datid = d.oid
ORDER BY d.oid NULLS LAST`

// readDatabases gives all databases, the oldest first. `permitted`: whether all sessions could be seen.
func readDatabases(
	ctx context.Context, connection *pgx.Conn,
) (databases []database, of limits, permitted bool, err error) {
	err = query(ctx, connection, statisticsQuery, func(row pgx.Rows) error {
		var each database
		var oid int64
		err := row.Scan(
			&oid, &each.name, &each.template, &each.backends, &each.commits, &each.rollbacks, &each.deadlocks,
			&each.blocksHit, &each.blocksRead, &each.tempFile, &permitted, &of.maximum, &of.reserved,
		)
		each.oid, each.name = uint32(oid), readable(each.name)
		databases = append(databases, each)
		return err
	})
	return databases, of, permitted, err
}

const (
	mayBeMeasured = `CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT')
    OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') THEN pg_catalog.pg_database_size(oid) END`
	sizesQuery = "SELECT oid::bigint, " + mayBeMeasured + " FROM pg_catalog.pg_database WHERE NOT datistemplate"
	sizeQuery  = "SELECT " + mayBeMeasured + " FROM pg_catalog.pg_database WHERE oid = "
)

// sizes asks for the size of databases: of all at once, and one by one when that fails, as it does when one is dropped
// meanwhile. One that cannot be measured has no size.
type sizes struct {
	all func(ctx context.Context) (map[uint32]int64, error)
	one func(ctx context.Context, oid uint32) (*int64, error)
	// next is the one to begin with when there was no time for all.
	next uint32
}

// measure sets the sizes that can be had until the deadline, and returns how many could not.
func (s *sizes) measure(ctx context.Context, databases []database, deadline time.Time) (missing int) {
	found, err := s.all(ctx)
	if err != nil {
		found = s.oneByOne(ctx, databases, deadline)
	}
	for position := range databases {
		each := &databases[position]
		if each.name == "" || each.template {
			continue
		}
		if size, there := found[each.oid]; there {
			each.size = &size
		} else {
			missing++
		}
	}
	return missing
}

func (s *sizes) oneByOne(ctx context.Context, databases []database, deadline time.Time) map[uint32]int64 {
	found := map[uint32]int64{}
	begin := 0
	for position, each := range databases {
		if each.oid == s.next {
			begin = position
		}
	}
	for step := range databases {
		each := databases[(begin+step)%len(databases)]
		s.next = each.oid
		if ctx.Err() != nil || time.Now().After(deadline) {
			return found
		}
		if each.name == "" || each.template {
			continue
		}
		if size, err := s.one(ctx, each.oid); err == nil && size != nil {
			found[each.oid] = *size
		}
	}
	return found
}

func readSizes(ctx context.Context, connection *pgx.Conn) (map[uint32]int64, error) {
	found := map[uint32]int64{}
	err := query(ctx, connection, sizesQuery, func(row pgx.Rows) error {
		var oid int64
		var size *int64
		err := row.Scan(&oid, &size)
		if size != nil {
			found[uint32(oid)] = *size
		}
		return err
	})
	return found, err
}

func readSize(ctx context.Context, connection *pgx.Conn, oid uint32) (size *int64, err error) {
	statement := sizeQuery + strconv.FormatUint(uint64(oid), 10)
	err = query(ctx, connection, statement, func(row pgx.Rows) error { return row.Scan(&size) })
	return size, err
}

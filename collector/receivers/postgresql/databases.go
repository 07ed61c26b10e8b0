package postgresql

import (
	"context"
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

// statisticsQuery reads all in one statement, so that all is of one moment. Who may not read other roles' sessions sees
// them without their type.
const statisticsQuery = `
SELECT
    coalesce(d.oid, a.datid, 0)::bigint, coalesce(d.datname, '')::text, coalesce(d.datistemplate, false),
    coalesce(a.backends, 0),
    s.xact_commit, s.xact_rollback, s.deadlocks, s.blks_hit, s.blks_read, s.temp_files,
    pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
FROM (pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_stat_database s ON s.datid = d.oid)
FULL JOIN (
    SELECT datid, count(*) AS backends FROM pg_catalog.pg_stat_activity
    WHERE backend_type = 'client backend' GROUP BY datid
) a ON a.datid = d.oid
ORDER BY d.oid NULLS LAST`

// readDatabases gives all databases, the oldest first. `permitted`: whether all sessions could be seen.
func readDatabases(ctx context.Context, connection *pgx.Conn) (databases []database, permitted bool, err error) {
	rows, err := connection.Query(ctx, statisticsQuery)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var each database
		var oid int64
		if err := rows.Scan(
			&oid, &each.name, &each.template, &each.backends, &each.commits, &each.rollbacks, &each.deadlocks,
			&each.blocksHit, &each.blocksRead, &each.tempFile, &permitted,
		); err != nil {
			return nil, false, err
		}
		each.oid = uint32(oid)
		databases = append(databases, each)
	}
	return databases, permitted, rows.Err()
}

const (
	mayBeMeasured = `CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT')
    OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') THEN pg_catalog.pg_database_size(oid) END`
	sizesQuery = "SELECT oid::bigint, " + mayBeMeasured + " FROM pg_catalog.pg_database WHERE NOT datistemplate"
	sizeQuery  = "SELECT " + mayBeMeasured + " FROM pg_catalog.pg_database WHERE oid = $1"
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
	rows, err := connection.Query(ctx, sizesQuery)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[uint32]int64{}
	for rows.Next() {
		var oid int64
		var size *int64
		if err := rows.Scan(&oid, &size); err != nil {
			return nil, err
		}
		if size != nil {
			found[uint32(oid)] = *size
		}
	}
	return found, rows.Err()
}

func readSize(ctx context.Context, connection *pgx.Conn, oid uint32) (*int64, error) {
	var size *int64
	err := connection.QueryRow(ctx, sizeQuery, oid).Scan(&size)
	return size, err
}

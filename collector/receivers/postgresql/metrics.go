package postgresql

import (
	"slices"

	"reduse/collector/receivers/internal/points"
)

const (
	databaseName = "postgresql.database.name"
	reasonName   = "reason"
	// otherDatabases is what those are summed under that get no points of their own.
	otherDatabases = "(other databases)"
)

// Names, units and kinds are those of contrib's postgresql receiver, except of what it does not have.
var (
	up = &points.Metric{
		Name: "reduse.postgresql.up", Unit: "{status}",
		Description: "1 when the instance could be read, 0 and the reason when it could not.",
	}
	unmeasured = &points.Metric{
		Name: "reduse.postgresql.databases.unmeasured", Unit: "{database}",
		Description: "Databases whose size could not be read.",
	}
	summed = &points.Metric{
		Name: "reduse.postgresql.databases.summed", Unit: "{database}",
		Description: "Databases beyond max_databases: only the sum of their connections and sizes is given.",
	}
	connectionMax = &points.Metric{
		Name: "postgresql.connection.max", Unit: "{connections}",
		Description: "Configured maximum number of client connections, max_connections.",
	}
	connectionReserved = &points.Metric{
		Name: "postgresql.connection.reserved", Unit: "{connections}",
		Description: "Connections of these that only superusers and other privileged roles get.",
	}
	backends = &points.Metric{
		Name: "postgresql.backends", Unit: "1", Kind: points.Level,
		Description: "Client connections, by the database that they are to.",
	}
	size = &points.Metric{
		Name: "postgresql.db_size", Unit: "By", Kind: points.Level, Description: "Disk space of the database.",
	}
	commits = &points.Metric{
		Name: "postgresql.commits", Unit: "1", Kind: points.Counter, Description: "Transactions committed.",
	}
	rollbacks = &points.Metric{
		Name: "postgresql.rollbacks", Unit: "1", Kind: points.Counter, Description: "Transactions rolled back.",
	}
	deadlocks = &points.Metric{
		Name: "postgresql.deadlocks", Unit: "{deadlock}", Kind: points.Counter, Description: "Deadlocks.",
	}
	blocksHit = &points.Metric{
		Name: "postgresql.blks_hit", Unit: "{blks_hit}", Kind: points.Counter,
		Description: "Disk blocks found in PostgreSQL's own cache.",
	}
	blocksRead = &points.Metric{
		Name: "postgresql.blks_read", Unit: "{blks_read}", Kind: points.Counter,
		Description: "Disk blocks asked of the operating system.",
	}
	tempFiles = &points.Metric{
		Name: "postgresql.temp_files", Unit: "{temp_file}", Kind: points.Counter,
		Description: "Temporary files that queries wrote.",
	}
)

// ofDatabases are all metrics that have points for each database.
var ofDatabases = []*points.Metric{
	backends, size, commits, rollbacks, deadlocks, blocksHit, blocksRead, tempFiles,
}

// write puts the databases into the batch: those that are wanted by name, or all when none is, the first `most` of them,
// and the others as sums.
func write(batch *points.Batch, databases []database, wanted []string, most int) {
	named := 0
	var others, beyond int64
	rest := database{name: otherDatabases}
	for _, each := range databases {
		switch {
		case each.name == "":
			if each.backends > 0 {
				batch.Add(backends, each.backends, points.Attribute{Name: databaseName})
			}
		case each.template && each.backends == 0:
			// Nobody works in a template.
		case len(wanted) > 0 && !slices.Contains(wanted, each.name):
			others++
			add(&rest, each, others == 1)
		case named < most:
			named++
			writeDatabase(batch, each)
		default:
			others, beyond = others+1, beyond+1
			add(&rest, each, others == 1)
		}
	}
	if others > 0 {
		writeDatabase(batch, rest)
	}
	batch.Add(summed, beyond)
	batch.Complete(ofDatabases...)
}

// add sums connections and sizes. Of counters there is no sum: it would fall when a database goes.
func add(rest *database, each database, first bool) {
	rest.backends += each.backends
	switch {
	case each.size == nil:
		rest.size = nil
	case first:
		sum := *each.size
		rest.size = &sum
	case rest.size != nil:
		*rest.size += *each.size
	}
}

func writeDatabase(batch *points.Batch, each database) {
	name := points.Attribute{Name: databaseName, Value: each.name}
	batch.Add(backends, each.backends, name)
	for _, pair := range []struct {
		metric *points.Metric
		value  *int64
	}{
		{size, each.size}, {commits, each.commits}, {rollbacks, each.rollbacks}, {deadlocks, each.deadlocks},
		{blocksHit, each.blocksHit}, {blocksRead, each.blocksRead}, {tempFiles, each.tempFile},
	} {
		if pair.value != nil {
			batch.Add(pair.metric, *pair.value, name)
		}
	}
}

package postgresql

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"reduse/collector/receivers/internal/points"
)

func ofNames(names ...string) []database {
	databases := make([]database, 0, len(names))
	for position, name := range names {
		one := int64(1)
		databases = append(databases, database{oid: uint32(position + 1), name: name, backends: 1, commits: &one})
	}
	return databases
}

func TestWhenAllSizesCannotBeReadEachIsReadAlone(t *testing.T) {
	databases := ofNames("a", "dropped", "refused", "b")
	read := sizes{
		all: func(context.Context) (map[uint32]int64, error) { return nil, errors.New("dropped meanwhile") },
		one: func(_ context.Context, oid uint32) (*int64, error) {
			size := int64(oid * 100)
			switch oid {
			case 2:
				return nil, errors.New("does not exist")
			case 3:
				return nil, nil //nolint:nilnil // as the database answers
			}
			return &size, nil
		},
	}
	missing := read.measure(context.Background(), databases, time.Now().Add(time.Hour))
	if missing != 2 || *databases[0].size != 100 || databases[1].size != nil || databases[2].size != nil ||
		*databases[3].size != 400 {
		t.Fatalf("%d missing of %+v", missing, databases)
	}
}

func TestSizesThereWasNoTimeForComeFirstTheNextTime(t *testing.T) {
	databases := ofNames("a", "b", "c")
	var asked []uint32
	deadline := time.Now().Add(time.Hour)
	read := sizes{
		all: func(context.Context) (map[uint32]int64, error) { return nil, errors.New("slow") },
	}
	ctx, cancel := context.WithCancel(context.Background())
	read.one = func(_ context.Context, oid uint32) (*int64, error) {
		asked = append(asked, oid)
		if len(asked) == 2 {
			cancel()
		}
		return nil, errors.New("slow")
	}
	read.measure(ctx, databases, deadline)
	read.measure(context.Background(), databases, deadline)
	if want := []uint32{1, 2, 3, 1, 2}; len(asked) != len(want) || asked[2] != 3 {
		t.Fatalf("%v instead of %v", asked, want)
	}
}

func values(metrics pmetric.Metrics, name string) map[string]int64 {
	found := map[string]int64{}
	all := metrics.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range all.Len() {
		if all.At(i).Name() != name || all.At(i).Type() != pmetric.MetricTypeSum {
			continue
		}
		data := all.At(i).Sum().DataPoints()
		for j := range data.Len() {
			name := ""
			if value, there := data.At(j).Attributes().Get(databaseName); there {
				name = value.Str()
			}
			found[name] = data.At(j).IntValue()
		}
	}
	return found
}

func TestConnectionsToNoDatabaseCountAndTemplatesOnlyWhenSomebodyIsThere(t *testing.T) {
	databases := append(ofNames("a"), database{oid: 7, name: "template1", template: true},
		database{oid: 8, name: "template2", template: true, backends: 2}, database{backends: 3})
	batch := points.NewWriter("db", "host:1", scope).Begin(time.Now())
	write(batch, databases, nil, 10)
	found := values(batch.End(), "postgresql.backends")
	if len(found) != 3 || found["a"] != 1 || found["template2"] != 2 || found[""] != 3 {
		t.Fatalf("%v", found)
	}
}

func TestASumOfSizesOfWhichOneIsNotKnownIsNotKnown(t *testing.T) {
	databases := ofNames("a", "b", "c", "d")
	known := int64(5)
	for _, position := range []int{0, 1, 3} {
		databases[position].size = &known
	}
	batch := points.NewWriter("db", "host:1", scope).Begin(time.Now())
	write(batch, databases, nil, 1)
	metrics := batch.End()
	if found := values(metrics, "postgresql.db_size"); len(found) != 1 || found["a"] != 5 {
		t.Fatalf("%v", found)
	}
	if found := values(metrics, "postgresql.backends"); found[otherDatabases] != 3 {
		t.Fatalf("%v", found)
	}
}

func TestDatabasesThatAreNotAskedForAreSummed(t *testing.T) {
	databases := ofNames("a", "b", "c", "d")
	for position := range databases {
		size := int64(100 * (position + 1))
		databases[position].size = &size
	}
	batch := points.NewWriter("db", "host:1", scope).Begin(time.Now())
	write(batch, databases, []string{"c", "b", "not there"}, 1)
	metrics := batch.End()
	found := values(metrics, "postgresql.db_size")
	if len(found) != 2 || found["b"] != 200 || found[otherDatabases] != 800 {
		t.Fatalf("%v", found)
	}
	if found := values(metrics, "postgresql.backends"); found[otherDatabases] != 3 {
		t.Fatalf("%v", found)
	}
	if found := values(metrics, "postgresql.commits"); len(found) != 1 {
		t.Fatalf("%v", found)
	}
}

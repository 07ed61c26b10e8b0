package shards

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// vectors are what reduse/wire.py says: tests/collector/shard_vectors.py.
type vectors struct {
	Keys []struct {
		Namespace, Name, Key string
		Number, Shards       int
	}
	Several map[string]bool
	Users   []string
	Good    map[string]map[string]int
	Bad     []string
}

func wire(t *testing.T) (found vectors) {
	t.Helper()
	written, err := os.ReadFile("testdata/wire.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(written, &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Keys) == 0 || len(found.Several) == 0 || len(found.Users) == 0 || len(found.Good) == 0 || len(found.Bad) == 0 {
		t.Fatal("there is nothing in the file")
	}
	return found
}

func resource(namespace, name string) pcommon.Map {
	made := pcommon.NewMap()
	made.PutStr("service.name", name)
	if namespace != "" {
		made.PutStr("service.namespace", namespace)
	}
	return made
}

func TestAKeyIsTheOneThatPythonMakes(t *testing.T) {
	for _, each := range wire(t).Keys {
		found := shardKey(serviceOf(resource(each.Namespace, each.Name)), each.Number, each.Shards)
		if found != each.Key {
			t.Errorf("%q and %q: %s, wanted %s", each.Namespace, each.Name, found, each.Key)
		}
		if len(found) > longest {
			t.Errorf("a key of %d bytes would not be taken from a service", len(found))
		}
	}
	name := strings.Repeat("\U0010ffff", nameLimit)
	if key := shardKey(serviceOf(resource(name, name)), 255, 256); len(key) != longest {
		t.Errorf("the longest key has %d bytes, not %d", len(key), longest)
	}
}

func TestAKeyIsOfOneOfSeveralShardsWherePythonSaysSo(t *testing.T) {
	for key, several := range wire(t).Several {
		if isOneOfSeveral(key) != several {
			t.Errorf("%q: %v", key, !several)
		}
	}
}

func TestAUserIsInTheShardThatPythonSays(t *testing.T) {
	for _, each := range wire(t).Users {
		var hash string
		var shards, shard int
		if _, err := fmt.Sscan(each, &hash, &shards, &shard); err != nil {
			t.Fatal(err)
		}
		if found, well := shardOf(hash, shards); found != shard || !well {
			t.Errorf("%s of %d: %d, wanted %d", hash, shards, found, shard)
		}
	}
}

func TestWhatIsNoHashIsInTheFirstShard(t *testing.T) {
	for _, each := range []string{
		"", "ffff", "fffffffffffffff", "fffffffffffffffff", "FFFFFFFFFFFFFFFF", "fffffffffffffffg", "ffffffffffffffé",
		"ffff ffffffffff:", "/fffffffffffffff", "`fffffffffffffff",
	} {
		if shard, well := shardOf(each, 8); well || shard != 0 {
			t.Errorf("%q is taken for a hash", each)
		}
	}
}

func TestASettingIsReadAsPythonReadsIt(t *testing.T) {
	for setting, wanted := range wire(t).Good {
		if found, err := splits(setting); err != nil || !maps.Equal(found, wanted) {
			t.Errorf("%q: %v, %v", setting, found, err)
		}
	}
	for _, setting := range wire(t).Bad {
		err := (&Config{Split: setting}).Validate()
		if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("REDUSE_AGENT_USER_SHARDS=%q: ", setting)) {
			t.Errorf("%q: %v", setting, err)
		}
	}
}

func TestAServiceIsNamedAsTheProcessorNamesIt(t *testing.T) {
	long := strings.Repeat("é", nameLimit+1)
	for _, each := range []struct{ namespace, name, service string }{
		{"", "shop", "shop"}, {"eu", "shop", "eu/shop"}, {"eu", "", ""}, {"", "", ""}, {long, "shop", ""}, {"", long, ""},
		{"\xff", "shop", ""}, {"", "\xff", ""}, {"", long[2:], long[2:]},
	} {
		if found := serviceOf(resource(each.namespace, each.name)); found != each.service {
			t.Errorf("%q and %q: %q", each.namespace, each.name, found)
		}
	}
	number := pcommon.NewMap()
	number.PutInt("service.name", 7)
	if found := serviceOf(number); found != "" {
		t.Errorf("a number is the name %q", found)
	}
}

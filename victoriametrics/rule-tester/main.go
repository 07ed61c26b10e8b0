// rule-tester runs files of rule tests, as `vmalert-tool unittest --disableAlertgroupLabel` does, but for one cache.
//
// The storage remembers that there was no series of a name, and forgets that when a new one is flushed into its index: at
// once where the tool flushes it, but up to ten seconds later where the storage's own flush, once a second, came in
// between. For so long a rule would ask for what is there and get nothing. vmalert-tool has no flag for it.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert-tool/unittest"
)

func main() {
	if err := flag.Set("storage.cacheSizeIndexDBTagFilters", "1"); err != nil {
		log.Fatal(err)
	}
	if unittest.UnitTest(os.Args[1:], true, nil, "", "", "") {
		os.Exit(1)
	}
}

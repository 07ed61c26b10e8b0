package shards

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// splits reads into how many shards which service is split: "billing-go=8,eu/search-node=4". A service is written as it is, or
// percent-encoded as in a key: so a comma, a percent sign and an equals sign can be in it.
func splits(setting string) (map[string]int, error) {
	found := map[string]int{}
	if strings.TrimSpace(setting) == "" {
		return found, nil
	}
	for entry := range strings.SplitSeq(setting, ",") {
		name, number, _ := strings.Cut(strings.TrimSpace(entry), "=")
		service, err := url.PathUnescape(name)
		if err != nil || service == "" || !utf8.ValidString(service) {
			return nil, wrong(setting, entry, "names no service")
		}
		shards, err := strconv.ParseUint(number, 10, 16)
		if err != nil || shards < 1 || shards > mostShards {
			return nil, wrong(setting, entry, fmt.Sprintf("has no number from 1 to %d", mostShards))
		}
		if _, twice := found[service]; twice {
			return nil, wrong(setting, entry, "names a service once more")
		}
		found[service] = int(shards)
	}
	return found, nil
}

func wrong(setting, entry, what string) error {
	return fmt.Errorf("REDUSE_AGENT_USER_SHARDS=%q: %q %s: write SERVICE=SHARDS or NAMESPACE/SERVICE=SHARDS, each service "+
		"once, with commas between, such as billing-go=8,eu/search-node=4, and percent-encode %%, comma and = in a name",
		setting, strings.TrimSpace(entry), what)
}

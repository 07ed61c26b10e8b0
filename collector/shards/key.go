package shards

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// What is here is in reduse/wire.py too, and both are held to testdata/wire.json.

const (
	// mostShards of a service, wire.MOST_SHARDS.
	mostShards = 256
	// hashDigits of a user, wire.HASH_DIGITS.
	hashDigits = 16
	// nameLimit is how many characters a service's name, its namespace and its instance may have.
	nameLimit = 256
	// longest is how long a key may be, in bytes: that of a service whose name and namespace are as long as they may be.
	// It is in every record beside what is counted.
	longest = (2*nameLimit)*3*utf8.UTFMax + len("/#255/256")
)

var numbered = regexp.MustCompile(`#([0-9]{1,3})/([0-9]{1,3})\z`)

// isOneOfSeveral tells whether a key is of one of several shards; any other is of a whole service (wire.shard_number).
func isOneOfSeveral(key string) bool {
	found := numbered.FindStringSubmatch(key)
	if found == nil {
		return false
	}
	number, _ := strconv.Atoi(found[1])
	shards, _ := strconv.Atoi(found[2])
	return shards > 1 && number < shards && shards <= mostShards
}

// shardKey names a shard of a service (wire.shard_key).
func shardKey(service string, number, shards int) string {
	return fmt.Sprintf("%s#%d/%d", quoted(service), number, shards)
}

// quoted is percent-encoded as in a path: all but letters, digits and "_.-~/" of ASCII (RFC 3986, section 2.3).
func quoted(text string) string {
	const digits = "0123456789ABCDEF"
	var made strings.Builder
	for at := range len(text) {
		each := text[at]
		switch {
		case 'a' <= each && each <= 'z', 'A' <= each && each <= 'Z', '0' <= each && each <= '9',
			strings.IndexByte("_.-~/", each) >= 0:
			made.WriteByte(each)
		default:
			made.WriteByte('%')
			made.WriteByte(digits[each>>4])
			made.WriteByte(digits[each&15])
		}
	}
	return made.String()
}

// shardOf is the number of a user's shard, by the first 16 bits of the hash (wire.shard_of); false for what is no hash.
func shardOf(hash string, shards int) (int, bool) {
	if len(hash) != hashDigits {
		return 0, false
	}
	bits := 0
	for at := range hashDigits {
		digit := 0
		switch each := hash[at]; {
		case '0' <= each && each <= '9':
			digit = int(each - '0')
		case 'a' <= each && each <= 'f':
			digit = int(each-'a') + 10
		default:
			return 0, false
		}
		if at < 4 {
			bits = bits<<4 | digit
		}
	}
	return bits * shards >> 16, true
}

// serviceOf is what a store calls the job: the name, with the namespace before it where there is one. It is empty where
// the processor finds no name, and takes nothing.
func serviceOf(resource pcommon.Map) string {
	name, _ := nameIn(resource, "service.name")
	namespace, proper := nameIn(resource, "service.namespace")
	switch {
	case name == "" || !proper:
		return ""
	case namespace != "":
		return namespace + "/" + name
	default:
		return name
	}
}

// nameIn is an attribute that names something, empty where it is not there; false for one that cannot be a name.
func nameIn(of pcommon.Map, key string) (string, bool) {
	value, there := of.Get(key)
	if !there || value.Type() != pcommon.ValueTypeStr {
		return "", true
	}
	name := value.Str()
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > nameLimit {
		return "", false
	}
	return name, true
}

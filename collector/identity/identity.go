// Package identity makes keys of what tells streams of points apart.
package identity

import (
	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Text is the key of a name.
func Text(text string) uint64 { return xxhash.Sum64String(text) }

// Attributes is the key of attributes, whatever their order. Values are those that labels have: 1 and "1" are the same.
func Attributes(attributes pcommon.Map) (sum uint64) {
	for key, value := range attributes.All() {
		hash := xxhash.New()
		_, _ = hash.WriteString(key)
		_, _ = hash.Write([]byte{0xff})
		_, _ = hash.WriteString(value.AsString())
		sum += hash.Sum64()
	}
	return sum
}

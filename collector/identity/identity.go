// Package identity makes keys of what tells streams of points apart.
package identity

import (
	"math/bits"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Text is the key of a name.
func Text(text string) uint64 { return xxhash.Sum64String(text) }

// Attributes is the key of attributes, whatever their order. Values are those that labels have: 1 and "1" are the same.
func Attributes(attributes pcommon.Map) (sum uint64) {
	for key, value := range attributes.All() {
		text, _ := ValueText(value)
		sum += Attribute(key, text)
	}
	return sum
}

// Attribute is the share of one attribute in the key of all.
func Attribute(name, text string) uint64 {
	return Mix(Text(name), Text(text))
}

// Mix makes one key of two; their order matters. Source: the finalizer of MurmurHash3.
func Mix(key, other uint64) uint64 {
	key = bits.RotateLeft64(key, 27)*0x9e3779b97f4a7c15 ^ other
	key = (key ^ key>>33) * 0xff51afd7ed558ccd
	key = (key ^ key>>33) * 0xc4ceb9fe1a85ec53
	return key ^ key>>33
}

// levels is how deep arrays and maps may lie in each other. To write one as text takes stack for each level, and a
// process whose stack is full cannot be saved.
const levels = 16

// ValueText is the value as labels have it; false when it is nested too deep to be one.
func ValueText(value pcommon.Value) (string, bool) {
	if !shallow(value, levels) {
		return "", false
	}
	return value.AsString(), true
}

func shallow(value pcommon.Value, left int) bool {
	switch value.Type() {
	case pcommon.ValueTypeSlice:
		for _, each := range value.Slice().All() {
			if left == 0 || !shallow(each, left-1) {
				return false
			}
		}
	case pcommon.ValueTypeMap:
		for _, each := range value.Map().All() {
			if left == 0 || !shallow(each, left-1) {
				return false
			}
		}
	}
	return true
}

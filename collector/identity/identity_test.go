package identity

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// nested is an array in an array, and so on.
func nested(depth int) pcommon.Value {
	outermost := pcommon.NewValueSlice()
	inner := outermost
	for range depth {
		inner = inner.Slice().AppendEmpty()
		inner.SetEmptySlice()
	}
	return outermost
}

func TestAValueThatIsNestedTooDeepIsNotWrittenAsText(t *testing.T) {
	if text, fits := ValueText(nested(3)); !fits || text != "[[[[]]]]" {
		t.Errorf("%q, %v", text, fits)
	}
	if text, fits := ValueText(nested(1_000_000)); fits || text != "" {
		t.Errorf("%d bytes, %v", len(text), fits)
	}
}

func TestAttributesHaveOneKeyWhateverTheirOrderAndTypes(t *testing.T) {
	one, other := pcommon.NewMap(), pcommon.NewMap()
	one.PutStr("a", "1")
	one.PutStr("b", "2")
	other.PutInt("b", 2)
	other.PutInt("a", 1)
	if Attributes(one) != Attributes(other) {
		t.Error("two keys")
	}
	other.PutInt("a", 2)
	if Attributes(one) == Attributes(other) {
		t.Error("one key for other values")
	}
}

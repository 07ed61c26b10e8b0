package soundness

import (
	"math"
	"testing"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

func TestAnExponentialHistogramIsSoundWhereItsCountsAddUpAndTheStoreHasRoomForThem(t *testing.T) {
	for name, test := range map[string]struct {
		change func(pmetric.ExponentialHistogramDataPoint)
		sound  bool
	}{
		"as it is":           {func(pmetric.ExponentialHistogramDataPoint) {}, true},
		"another count":      {func(p pmetric.ExponentialHistogramDataPoint) { p.SetCount(7) }, false},
		"too coarse":         {func(p pmetric.ExponentialHistogramDataPoint) { p.SetScale(-5) }, false},
		"far away":           {func(p pmetric.ExponentialHistogramDataPoint) { p.Positive().SetOffset(math.MaxInt32) }, false},
		"a sum that is none": {func(p pmetric.ExponentialHistogramDataPoint) { p.SetSum(math.NaN()) }, false},
		"no signed number": {func(p pmetric.ExponentialHistogramDataPoint) {
			p.Positive().BucketCounts().FromRaw([]uint64{math.MaxUint64})
			p.SetCount(math.MaxUint64)
		}, false},
		"counts beyond all": {func(p pmetric.ExponentialHistogramDataPoint) {
			p.Positive().BucketCounts().FromRaw([]uint64{math.MaxUint64, 7})
			p.SetCount(6)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			point := pmetric.NewExponentialHistogramDataPoint()
			point.SetCount(6)
			point.Positive().BucketCounts().FromRaw([]uint64{1, 2, 3})
			test.change(point)
			if Exponential(point) != test.sound {
				t.Error("not as it should be")
			}
		})
	}
}

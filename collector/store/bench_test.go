package store

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// BenchmarkAdmission is the cost of deciding on a batch of 600 points.
func BenchmarkAdmission(b *testing.B) {
	config := defaultConfig().(*Config)
	made := newAdmission(config)
	template := pmetric.NewMetrics()
	for service := range 5 {
		var fill []func(pmetric.ScopeMetrics)
		for route := range 60 {
			fill = append(fill, counter(fmt.Sprintf("c%d", route), -10, 1, 5, "http.route", "/a"))
			fill = append(fill, histogram(fmt.Sprintf("h%d", route), -10, 1, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, make([]uint64, 15)))
		}
		of(fmt.Sprint(service), fill...).ResourceMetrics().MoveAndAppendTo(template.ResourceMetrics())
	}
	b.ReportAllocs()
	for b.Loop() {
		batch := pmetric.NewMetrics()
		template.CopyTo(batch)
		made.admit(batch, begin.Add(2e9)).commit()
	}
}

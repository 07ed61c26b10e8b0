package translation

import (
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/prometheus/prometheus/prompb"
)

// seriesSet finds the series of some labels.
type seriesSet struct {
	all []*prompb.TimeSeries
	// By the hash of their labels; several of one hash are told apart by comparing.
	byHash map[uint64][]*prompb.TimeSeries
}

func newSeriesSet() *seriesSet { return &seriesSet{byHash: map[uint64][]*prompb.TimeSeries{}} }

// of gives the series with these labels, which it sorts, and makes it when there is none yet.
func (s *seriesSet) of(labels []prompb.Label) *prompb.TimeSeries {
	slices.SortFunc(labels, byName)
	sum := hash(labels)
	for _, each := range s.byHash[sum] {
		if slices.EqualFunc(each.Labels, labels, equal) {
			return each
		}
	}
	made := &prompb.TimeSeries{Labels: labels}
	s.byHash[sum] = append(s.byHash[sum], made)
	s.all = append(s.all, made)
	return made
}

// add puts a sample into the series with these labels, which it gives.
func (s *seriesSet) add(labels []prompb.Label, timestamp int64, value float64) *prompb.TimeSeries {
	series := s.of(labels)
	series.Samples = append(series.Samples, prompb.Sample{Timestamp: timestamp, Value: value})
	return series
}

func hash(labels []prompb.Label) uint64 {
	bytes := make([]byte, 0, 1024)
	for _, label := range labels {
		bytes = append(bytes, label.Name...)
		bytes = append(bytes, 0xff)
		bytes = append(bytes, label.Value...)
		bytes = append(bytes, 0xff)
	}
	return xxhash.Sum64(bytes)
}

func equal(a, b prompb.Label) bool { return a.Name == b.Name && a.Value == b.Value }

package store

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// A fault that goes on is said again after this long, and has ended when it was not seen for twice as long.
	faultRepeats = time.Minute
	faultsLimit  = 1_000
)

// faults says in the log when a fault begins, how often it was seen once in a while, and when it has ended.
type faults struct {
	mutex  sync.Mutex
	logger *zap.Logger
	open   map[string]*fault
}

type fault struct {
	message           string
	fields            []zap.Field
	count, said       int
	seen, last, begun time.Time
}

func newFaults(logger *zap.Logger) *faults {
	return &faults{logger: logger, open: map[string]*fault{}}
}

// saw records so many occurrences of a fault, which is known by its key.
func (f *faults) saw(key, message string, count int, now time.Time, fields ...zap.Field) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	of := f.open[key]
	if of == nil {
		if len(f.open) >= faultsLimit {
			return
		}
		of = &fault{message: message, begun: now, last: now}
		f.open[key] = of
		f.logger.Warn(message, append(fields, zap.Int("count", count))...)
		of.said = count
	}
	of.count += count
	of.seen, of.fields = now, fields
	f.repeat(of, now)
}

func (f *faults) repeat(of *fault, now time.Time) {
	if of.count > of.said && now.Sub(of.last) >= faultRepeats {
		f.logger.Warn(of.message+" (it goes on)",
			append(of.fields, zap.Int("count", of.count-of.said), zap.Duration("for", now.Sub(of.begun)))...)
		of.said, of.last = of.count, now
	}
}

// ended says the end of a fault that is known to be over.
func (f *faults) ended(key string, now time.Time) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if of := f.open[key]; of != nil {
		f.end(key, of, now)
	}
}

func (f *faults) end(key string, of *fault, now time.Time) {
	f.logger.Info(of.message+" (it has ended)",
		append(of.fields, zap.Int("count", of.count), zap.Duration("after", now.Sub(of.begun)))...)
	delete(f.open, key)
}

// sweep says the end of faults that were not seen any more.
func (f *faults) sweep(now time.Time) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for key, of := range f.open {
		f.repeat(of, now)
		if now.Sub(of.seen) > 2*faultRepeats {
			f.end(key, of, now)
		}
	}
}

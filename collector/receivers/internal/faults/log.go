// Package faults says in the log when a fault begins, changes and ends, and once in a while that it lasts.
package faults

import (
	"time"

	"go.uber.org/zap"
)

// Repeat is after how long a fault that lasts is said again.
const Repeat = 10 * time.Minute

// Log is of one thing that can be faulty. It is used by one scrape at a time.
type Log struct {
	logger *zap.Logger
	what   string
	reason string
	since  time.Time
	said   time.Time
	times  int
}

// NewLog says faults of what is named, such as "reading the database".
func NewLog(logger *zap.Logger, what string) *Log {
	return &Log{logger: logger, what: what}
}

// Failed is called each time that it fails.
func (l *Log) Failed(now time.Time, reason string, err error) {
	if l.reason == "" {
		l.since, l.times = now, 0
	}
	l.times++
	if reason == l.reason && now.Sub(l.said) < Repeat {
		return
	}
	l.reason, l.said = reason, now
	// A warning comes without a stack trace, which would say nothing.
	l.logger.Warn(l.what+" fails", zap.String("reason", reason), zap.Int("times", l.times),
		zap.Time("since", l.since), zap.Error(err))
}

// Succeeded is called each time that it does not.
func (l *Log) Succeeded(now time.Time) {
	if l.reason == "" {
		return
	}
	l.logger.Info(l.what+" works again", zap.String("reason", l.reason), zap.Int("times", l.times),
		zap.Duration("after", now.Sub(l.since)))
	l.reason = ""
}

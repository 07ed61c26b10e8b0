package store

import (
	"sync"
	"time"
)

// How long a service whose points were refused is written apart from the others.
const suspectHolds = time.Minute

// suspects are the services whose points the store refused of late. They are among those that are told apart, so their
// number is bounded.
type suspects struct {
	mutex sync.Mutex
	until map[string]time.Time
}

func newSuspects() *suspects { return &suspects{until: map[string]time.Time{}} }

func (s *suspects) add(job string, now time.Time) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.until[job] = now.Add(suspectHolds)
}

func (s *suspects) some(now time.Time) bool { return len(s.current(now)) > 0 }

func (s *suspects) current(now time.Time) (jobs []string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for job, until := range s.until {
		if now.After(until) {
			delete(s.until, job)
			continue
		}
		jobs = append(jobs, job)
	}
	return jobs
}

package store

import "go.opentelemetry.io/collector/pdata/pmetric"

// service is all that reports under one job.
type service struct {
	name      string
	resources map[string]*resource
	series    int
	limit     int
}

// registry remembers what the streams of all services sent last. Its bounds are the number of services, and of series
// for each; what was silent for a while is forgotten.
type registry struct {
	services      map[string]*service
	servicesLimit int
	limitOf       func(job string) int
}

func newRegistry(config *Config) *registry {
	return &registry{
		services:      map[string]*service{},
		servicesLimit: config.ServicesLimit,
		limitOf: func(job string) int {
			if limit, given := config.SeriesLimits[job]; given {
				return limit
			}
			return config.SeriesLimit
		},
	}
}

// resource finds or begins one; nil when there are too many services.
func (r *registry) resource(job, instance string, now int64) *resource {
	found := r.services[job]
	if found == nil {
		if len(r.services) >= r.servicesLimit {
			return nil
		}
		found = &service{name: job, resources: map[string]*resource{}, limit: r.limitOf(job)}
		r.services[job] = found
	}
	of := found.resources[instance]
	if of == nil {
		of = &resource{
			service: found, streams: map[uint64]*stream{}, claims: map[string]pmetric.MetricType{},
		}
		found.resources[instance] = of
	}
	of.seen = now
	return of
}

// stream finds or begins one; nil when its service has as many series as it may.
func (r *resource) stream(key uint64, series int, now int64) *stream {
	found := r.streams[key]
	if found == nil {
		if r.service.series+series > r.service.limit {
			return nil
		}
		found = &stream{series: series}
		r.streams[key] = found
		r.service.series += series
	}
	found.seen = now
	return found
}

func (r *resource) forget(key uint64) {
	if found := r.streams[key]; found != nil {
		r.service.series -= found.series
		delete(r.streams, key)
	}
}

// sweep forgets what was silent since before that time, in seconds.
func (r *registry) sweep(before int64) {
	for job, each := range r.services {
		for instance, of := range each.resources {
			if of.seen < before {
				for _, gone := range of.streams {
					each.series -= gone.series
				}
				delete(each.resources, instance)
				continue
			}
			for key, candidate := range of.streams {
				if candidate.ended || candidate.seen < before {
					of.partial = of.partial || candidate.taken.known && !candidate.ended
					of.forget(key)
				}
			}
		}
		if len(each.resources) == 0 {
			delete(r.services, job)
		}
	}
}

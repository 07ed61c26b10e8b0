package store

import "go.opentelemetry.io/collector/pdata/pmetric"

// service is all that reports under one job.
type service struct {
	name      string
	resources map[string]*resource
	series    int
	limit     int
}

// registry remembers what the streams of all services sent last. Its bounds are the number of services, of series for
// each, and of streams in all, by which its memory is bounded; what was silent for a while is forgotten.
type registry struct {
	services      map[string]*service
	streams       int
	servicesLimit int
	streamsLimit  int
	limitOf       func(job string) int
}

func newRegistry(config *Config) *registry {
	return &registry{
		services:      map[string]*service{},
		servicesLimit: config.ServicesLimit,
		streamsLimit:  config.StreamsLimit,
		limitOf: func(job string) int {
			if limit, given := config.SeriesLimits[job]; given {
				return limit
			}
			return config.SeriesLimit
		},
	}
}

// seriesOfResource are those that the gateway writes of each: how often it exports, and since when its totals count.
const seriesOfResource = 2

// resource finds or begins one, or says which bound is reached. Each is a stream too: that of its own series.
func (r *registry) resource(job, instance string, now int64) (*resource, Reason) {
	found := r.services[job]
	if found == nil {
		if len(r.services) >= r.servicesLimit {
			return nil, ServicesLimit
		}
		found = &service{name: job, resources: map[string]*resource{}, limit: r.limitOf(job)}
		r.services[job] = found
	}
	of := found.resources[instance]
	if of == nil {
		if reason := r.take(found, seriesOfResource); reason != "" {
			return nil, reason
		}
		of = &resource{
			service: found, registry: r, streams: map[uint64]*stream{}, claims: map[string]pmetric.MetricType{},
		}
		found.resources[instance] = of
	}
	of.seen = now
	return of, ""
}

// take reserves room for a stream of so many series.
func (r *registry) take(of *service, series int) Reason {
	switch {
	case of.series+series > of.limit:
		return SeriesLimit
	case r.streams >= r.streamsLimit:
		return StreamsLimit
	}
	of.series += series
	r.streams++
	return ""
}

func (r *registry) giveBack(of *service, series int) {
	of.series -= series
	r.streams--
}

// stream finds or begins one, or says which bound is reached.
func (r *resource) stream(key uint64, series int, now int64) (*stream, Reason) {
	found := r.streams[key]
	if found == nil {
		if reason := r.registry.take(r.service, series); reason != "" {
			return nil, reason
		}
		found = &stream{series: series}
		r.streams[key] = found
	}
	found.seen = now
	return found, ""
}

func (r *resource) forget(key uint64) {
	if found := r.streams[key]; found != nil {
		r.registry.giveBack(r.service, found.series)
		delete(r.streams, key)
	}
}

// sweep forgets what was silent since before that time, in seconds.
func (r *registry) sweep(before int64) {
	for job, each := range r.services {
		for instance, of := range each.resources {
			if of.seen < before {
				for key := range of.streams {
					of.forget(key)
				}
				r.giveBack(each, seriesOfResource)
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

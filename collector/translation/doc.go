// Package translation makes series of Prometheus remote write 1.0 of OTLP metrics.
//
// It is OpenTelemetry Collector Contrib's pkg/translator/prometheusremotewrite 0.160.0 (Apache-2.0, Copyright The
// OpenTelemetry Authors) with the settings that the gateway has, and gives the same series. That package needs one
// function of a package of Prometheus, and with it Prometheus' configuration, service discovery and the libraries of
// three clouds: a third of what was compiled for the collector.
package translation

// Package json is what other modules use of goccy/go-json, by the standard library, whose interface that one has. It is
// faster at work and takes a minute of CPU time to compile; where it is used, in functions of transform that parse JSON,
// nothing that reduse configures goes.
package json

import "encoding/json"

// Number is a number as it is written.
type Number = json.Number

var (
	// Marshal is that of encoding/json; so are the others.
	Marshal    = json.Marshal
	Unmarshal  = json.Unmarshal
	NewDecoder = json.NewDecoder
)

package rabbitmq

import (
	"encoding/json"
	"math"
)

// optional is a number that may not be there: the API leaves out what it does not know, which is not 0.
type optional struct {
	value int64
	known bool
}

// UnmarshalJSON takes a number, and anything else for not known: the API also writes null, "" and "undefined".
func (o *optional) UnmarshalJSON(text []byte) error {
	var number float64
	if json.Unmarshal(text, &number) != nil || string(text) == "null" {
		return nil
	}
	if whole := math.Trunc(number); whole >= math.MinInt64 && whole < math.MaxInt64 {
		*o = optional{int64(whole), true}
	}
	return nil
}

func (o optional) plus(other optional) optional {
	return optional{o.value + other.value, o.known && other.known}
}

// flag is a truth value that may not be there.
type flag struct{ optional }

// UnmarshalJSON takes true and false, and anything else for not known.
func (f *flag) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "true":
		f.optional = optional{1, true}
	case "false":
		f.optional = optional{0, true}
	}
	return nil
}

// table is a JSON object; the API writes an empty one as a list.
type table map[string]json.RawMessage

// UnmarshalJSON takes an object, and anything else for an empty one.
func (t *table) UnmarshalJSON(text []byte) error {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) == nil {
		*t = object
	}
	return nil
}

// text is the string of this name.
func (t table) text(name string) (string, bool) {
	var found string
	raw, there := t[name]
	if !there || json.Unmarshal(raw, &found) != nil {
		return "", false
	}
	return found, true
}

func (t table) has(name string) bool {
	raw, there := t[name]
	return there && string(raw) != "null"
}

// elements reads a JSON list one by one, so that only what is kept takes memory.
func elements[T any](decoder *json.Decoder, each func(T)) error {
	opening, err := decoder.Token()
	if err != nil {
		return err
	}
	if opening != json.Delim('[') {
		return &json.UnmarshalTypeError{Value: "no list"}
	}
	for decoder.More() {
		var element T
		if err := decoder.Decode(&element); err != nil {
			return err
		}
		each(element)
	}
	_, err = decoder.Token()
	return err
}

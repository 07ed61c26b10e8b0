package rabbitmq

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestWhatIsNotThereIsNotZero(t *testing.T) {
	for text, want := range map[string]optional{
		`{}`:                                      {},
		`{"messages_ready": null}`:                {},
		`{"messages_ready": ""}`:                  {},
		`{"messages_ready": "undefined"}`:         {},
		`{"messages_ready": [1]}`:                 {},
		`{"messages_ready": 0}`:                   {0, true},
		`{"messages_ready": 7.0}`:                 {7, true},
		`{"messages_ready": 9007199254740993}`:    {9007199254740992, true},
		`{"messages_ready": 1e300}`:               {},
		`{"messages_ready": 3, "consumers": "x"}`: {3, true},
	} {
		var found queue
		if err := json.Unmarshal([]byte(text), &found); err != nil || found.Ready != want || found.Consumers.known {
			t.Errorf("%s: %+v, %v", text, found.Ready, err)
		}
	}
}

func TestAnAlarmIsTrueFalseOrUnknown(t *testing.T) {
	for text, want := range map[string]optional{
		`{}`: {}, `{"mem_alarm": true}`: {1, true}, `{"mem_alarm": false}`: {0, true}, `{"mem_alarm": "x"}`: {},
	} {
		var found node
		if err := json.Unmarshal([]byte(text), &found); err != nil || found.MemoryAlarm.optional != want {
			t.Errorf("%s: %+v, %v", text, found.MemoryAlarm, err)
		}
	}
}

func TestAnEmptyObjectMayBeAList(t *testing.T) {
	for _, text := range []string{`{"arguments": []}`, `{"arguments": {}}`, `{"arguments": null}`, `{}`} {
		var found queue
		if err := json.Unmarshal([]byte(text), &found); err != nil || len(found.Arguments) != 0 {
			t.Errorf("%s: %+v, %v", text, found.Arguments, err)
		}
	}
}

func TestAListThatIsNoneOrIsCutIsAnError(t *testing.T) {
	for _, text := range []string{`{}`, `"x"`, ``, `[{"name": "a"}`, `[1]`} {
		err := elements(json.NewDecoder(strings.NewReader(text)), func(node) {})
		if err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestASumIsKnownWhenAllOfItIs(t *testing.T) {
	if sum := (optional{1, true}).plus(optional{2, true}); sum != (optional{3, true}) {
		t.Errorf("%+v", sum)
	}
	if sum := (optional{1, true}).plus(optional{}); sum.known {
		t.Errorf("%+v", sum)
	}
}

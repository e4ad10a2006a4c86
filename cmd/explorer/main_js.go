package main

import (
	"encoding/json"
	"syscall/js"

	"github.com/golafs/mutable/cmd/explorer/session"
)

// main gives the page's worker an object called explorer, and waits for calls.
func main() {
	var s session.Session
	methods := map[string]func(args []js.Value) (any, error){
		// add takes a name and a Uint8Array.
		"add": func(args []js.Value) (any, error) {
			b := make([]byte, args[1].Length())
			js.CopyBytesToGo(b, args[1])
			s.Add(args[0].String(), b)
			return nil, nil
		},
		// use takes a capability, or "".
		"use": func(args []js.Value) (any, error) { return nil, s.Use(args[0].String()) },
		// share takes the index of a file.
		"share":  func(args []js.Value) (any, error) { return s.Share(args[0].Int()), nil },
		"report": func([]js.Value) (any, error) { return s.Report(), nil },
		// recover takes a version's root hash, and a function that is called with a Uint8Array
		// for each part of the plaintext.
		"recover": func(args []js.Value) (any, error) { return nil, s.Recover(args[0].String(), sink(args[1])) },
	}
	explorer := js.Global().Get("Object").New()
	for name, method := range methods {
		explorer.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any { return answer(method(args)) }))
	}
	js.Global().Set("explorer", explorer)
	select {}
}

// answer returns {"value": …} or {"error": …} as JSON: a Go function cannot throw.
func answer(value any, err error) string {
	text := ""
	if err != nil {
		text = err.Error()
	}
	b, err := json.Marshal(struct {
		Value any    `json:"value"`
		Error string `json:"error,omitempty"`
	}{value, text})
	if err != nil {
		panic("explorer: " + err.Error()) // all that is given has a JSON form
	}
	return string(b)
}

// A sink is a function in JavaScript that takes bytes.
type sink js.Value

func (s sink) Write(b []byte) (int, error) {
	part := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(part, b)
	js.Value(s).Invoke(part)
	return len(b), nil
}

// Command explorer is the library compiled to WebAssembly, for the page in docs/explorer. It
// hands bytes from the page to package session, and what that says back as JSON.
//
// "go run ./docs/explorer/build" builds it. On other systems than js it does nothing.
package main

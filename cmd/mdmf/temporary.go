package main

import (
	"os"
	"sync"
)

// temporaries are the files that must not outlive the program, also when it is interrupted:
// unfinished output, and copies of plaintext.
var temporaries = struct {
	sync.Mutex
	paths map[string]bool
}{paths: map[string]bool{}}

// keepTrack remembers a temporary file until release.
func keepTrack(path string) {
	temporaries.Lock()
	defer temporaries.Unlock()
	temporaries.paths[path] = true
}

// release forgets a temporary file that was renamed or removed.
func release(path string) {
	temporaries.Lock()
	defer temporaries.Unlock()
	delete(temporaries.paths, path)
}

// removeTemporaries removes all temporary files. No more can be made afterwards: the lock
// is kept, because the program is about to end.
func removeTemporaries() {
	temporaries.Lock()
	for path := range temporaries.paths {
		os.Remove(path)
	}
}

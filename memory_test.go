package mutable_test

import (
	"bytes"
	"sync"
)

// memory is a file in memory, for several goroutines at once.
type memory struct {
	mu sync.Mutex
	b  []byte
}

func (m *memory) WriteAt(b []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if end := int(off) + len(b); end > len(m.b) {
		m.b = append(m.b, make([]byte, end-len(m.b))...)
	}
	return copy(m.b[off:], b), nil
}

func (m *memory) ReadAt(b []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.NewReader(m.b).ReadAt(b, off)
}

func (m *memory) Size() (int64, error) { return int64(len(m.b)), nil }

func (m *memory) Close() error { return nil }

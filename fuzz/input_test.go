package fuzz

// An input is fuzz bytes that a target takes its choices from. Behind its end there are zeros.
type input []byte

// bytes returns the next n bytes, or those that are left.
func (in *input) bytes(n int) []byte {
	n = min(n, len(*in))
	b := (*in)[:n:n]
	*in = (*in)[n:]
	return b
}

// below returns a number from 0 to n-1, of one byte for n up to 256, or else of two.
func (in *input) below(n int) int {
	got := in.number(1)
	if n > 256 {
		got = got<<8 | in.number(1)
	}
	return got % n
}

// number returns the next bytes as a number.
func (in *input) number(bytes int) int {
	got := 0
	for _, b := range in.bytes(bytes) {
		got = got<<8 | int(b)
	}
	return got
}

// flag returns the lowest bit of the next byte.
func (in *input) flag() bool { return in.number(1)&1 != 0 }

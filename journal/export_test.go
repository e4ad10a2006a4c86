package journal

// The fields of a log.
var (
	HeaderSpans = header.Spans()
	RecordSpans = record.Spans()
)

// Layers returns how many places a read of r looks at.
func Layers(r *Reader) int { return len(r.index) }

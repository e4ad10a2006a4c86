package picture

import "strings"

// ascii has a sign of ASCII for each other sign that pictures are made of.
var ascii = func() *strings.Replacer {
	var pairs []string
	for from, to := range map[string]string{
		"│┃╵╷": "|", "╏": "!", "┋": ":", "┇": ";", "║": "H", "─╴╶": "-", "╌": "~", "┌┐└┘├┤┬┴┼": "+", "▲": "^", "▼": "v", "◄←": "<", "►→": ">", "…": "~",
		"×": "x", "÷": "/", "−–": "-", "₂": "2", "⌈": "[", "⌉": "]", "‖": "|", "“”": `"`, "⊕": "^", "·": ".", "●": "*", "○": "o", "◉": "@", "◆": "#", "≥": ">", "≤": "<",
	} {
		for _, r := range from {
			pairs = append(pairs, string(r), to)
		}
	}
	return strings.NewReplacer(pairs...)
}()

// ASCII returns the picture's text form in nothing but ASCII.
func (p *Picture) ASCII() string { return ascii.Replace(p.PlainText()) }

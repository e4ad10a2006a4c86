// Package explorer tests the page in this directory in a real browser.
package explorer

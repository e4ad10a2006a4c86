package encoding

// The field GF(2^8), as powers of α = 2.
var exp, log = func() (exp [255]byte, log [256]int) {
	x := 1
	for i := range exp {
		exp[i], log[x] = byte(x), i
		if x <<= 1; x > 0xff {
			x ^= 0x11d
		}
	}
	return
}()

// point returns x_r, where share r evaluates the polynomial.
func point(r int) byte {
	if r == 0 {
		return 0
	}
	return exp[r-1]
}

// parity returns rows k to n-1 of the encoding matrix by Lagrange interpolation: the weight
// of primary block j in share r is Π (x_r + x_m) / (x_j + x_m) over all m < k but j. No
// factor is zero, because the points differ; so logarithms add up the product.
func parity(k, n int) [][]byte {
	rows := make([][]byte, n-k)
	for i := range rows {
		rows[i] = make([]byte, k)
		for j := range k {
			sum := 0
			for m := range k {
				if m != j {
					sum += log[point(k+i)^point(m)] + 255 - log[point(j)^point(m)]
				}
			}
			rows[i][j] = exp[sum%255]
		}
	}
	return rows
}

package gemm

import "fmt"

// Matrix is a view of Rows × Cols values: element (i, j) is
// Data[i·RowStride + j·ColStride].
type Matrix struct {
	Data                             []float32
	Rows, Cols, RowStride, ColStride int
}

// Dense is a row-major matrix without gaps.
func Dense(data []float32, rows, cols int) Matrix {
	return Matrix{data, rows, cols, cols, 1}
}

// T is the transpose, a view.
func (m Matrix) T() Matrix {
	return Matrix{m.Data, m.Cols, m.Rows, m.ColStride, m.RowStride}
}

// Slice is a view of rows [r0, r1) and columns [c0, c1).
func (m Matrix) Slice(r0, r1, c0, c1 int) Matrix {
	if r0 < 0 || r1 < r0 || r1 > m.Rows || c0 < 0 || c1 < c0 || c1 > m.Cols {
		panic(fmt.Sprintf("gemm: slice [%d:%d, %d:%d] of a %d×%d matrix", r0, r1, c0, c1, m.Rows, m.Cols))
	}
	s := m
	s.Rows, s.Cols = r1-r0, c1-c0
	if s.Rows == 0 || s.Cols == 0 {
		s.Data = nil
		return s
	}
	s.Data = m.Data[r0*m.RowStride+c0*m.ColStride:]
	return s
}

// At is element (i, j).
func (m Matrix) At(i, j int) float32 { return m.Data[i*m.RowStride+j*m.ColStride] }

// check panics if the data do not reach to the last element: kernels do not look
// at bounds.
func (m Matrix) check(name string) {
	if m.Rows < 0 || m.Cols < 0 || m.RowStride < 0 || m.ColStride < 0 {
		panic(fmt.Sprintf("gemm: %s has a negative size or stride: %d×%d, strides %d, %d", name, m.Rows, m.Cols, m.RowStride, m.ColStride))
	}
	if m.Rows == 0 || m.Cols == 0 {
		return
	}
	if last := (m.Rows-1)*m.RowStride + (m.Cols-1)*m.ColStride; last >= len(m.Data) {
		panic(fmt.Sprintf("gemm: %s is %d×%d with strides %d, %d and needs %d values, has %d",
			name, m.Rows, m.Cols, m.RowStride, m.ColStride, last+1, len(m.Data)))
	}
}

package cuda

import "cogumi/kernels/cuda/driver"

// constant is memory that holds data as long as the executable lives.
func (c *compiler) constant(what string, data []byte) driver.Ptr {
	if c.dry || c.err != nil {
		return fake
	}
	places, err := c.d.memory.take(what+" of "+c.e.name, int64(len(data)))
	if err != nil {
		c.fail(err)
		return fake
	}
	c.e.constants = append(c.e.constants, places[0])
	c.fail(c.d.stream.Upload(places[0].ptr, data))
	return places[0].ptr
}

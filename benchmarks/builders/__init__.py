"""The networks of `nets/` in a framework's words, shared by the contestants that speak them."""

"""Lists that are read a page at a time, and sums over them."""

"""Benchmarks that anybody can run: `make bench`. Ratios within one run; no test depends on them."""

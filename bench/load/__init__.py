"""What benchmarks run on: a MongoDB and servers of their own, wrk, and what is counted."""

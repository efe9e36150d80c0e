"""The real write path in a made-up world: seeded threads, a clock and a MongoDB that stand in."""

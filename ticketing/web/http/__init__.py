"""What pages have to do with HTTP: who asks, from where, and what a browser is told."""

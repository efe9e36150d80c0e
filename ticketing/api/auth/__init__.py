"""Who is asking, whether they may, and how often."""

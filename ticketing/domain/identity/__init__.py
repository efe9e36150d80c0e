"""Who is who: customers, users, and who asks."""

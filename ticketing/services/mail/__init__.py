"""Mail: what it says, and how it gets to a server once what it is about has been committed."""

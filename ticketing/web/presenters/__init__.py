"""How the service's values look on a page: pure functions, no request, no database."""

"""The routes: a view reads the request, makes one call and shapes the answer."""

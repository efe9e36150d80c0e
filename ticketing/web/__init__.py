"""The pages: speaks HTML as `api` speaks JSON, and calls the same services."""

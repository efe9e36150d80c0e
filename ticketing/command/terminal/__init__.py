"""What a person sees who types: rows in columns, and how far it is."""

"""The clients of the briefs: delete this folder and they are gone."""

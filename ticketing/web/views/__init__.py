"""The pages, by the same nouns as the API's views."""

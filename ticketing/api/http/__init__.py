"""HTTP and JSON: parsing, problems, responses, the OpenAPI document."""

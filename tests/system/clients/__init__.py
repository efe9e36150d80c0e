"""What others make of the OpenAPI document: examples, a Postman collection, clients."""

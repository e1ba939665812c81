"""What all of the HTTP applications share: listeners, access, envelope, operations and their OpenAPI document."""

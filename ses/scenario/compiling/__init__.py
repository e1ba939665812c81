"""From models to a `Program`: definitions, messages, and steps lowered to flat operations."""

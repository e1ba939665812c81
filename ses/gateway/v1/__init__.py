"""The OpenAI-compatible API of the language model: `/v1/…`, its callers and its errors."""

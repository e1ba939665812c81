"""Where conversations are kept: the store's protocol and the stores that fulfil it."""

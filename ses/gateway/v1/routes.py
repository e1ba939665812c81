"""The routes of `/v1`, of the users' methods and of the chat page, known without what serves them."""

from __future__ import annotations

V1 = (
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/embeddings"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/{model:.+}"),
)
USERS = (
    ("POST", "/token"),
    ("GET", "/users/me"),
    ("GET", "/get_user_info"),
    ("POST", "/create_user"),
    ("POST", "/disable_by_email"),
    ("POST", "/disable_by_token"),
    ("POST", "/disable_all_expired"),
    ("POST", "/delete_by_email"),
    ("POST", "/delete_by_token"),
    ("POST", "/delete_all_disabled"),
)
CHAT = (
    ("GET", "/chat"),
    ("GET", "/chat/v-{version:[0-9a-f]+}/{file}"),
    ("GET", "/chat/settings"),
    ("POST", "/chat/session"),
    ("DELETE", "/chat/session"),
    ("GET", "/chat/v1/models"),
    ("POST", "/chat/v1/chat/completions"),
)
USERS_PATHS = frozenset(path for _, path in USERS)
FLAT_BELOW = ("/v1/", "/chat/v1/", "/chat/session", "/chat/settings")
"""Where failures are the flat object, beside the users' methods."""

"""The routes of `/v1` and of the users' methods, known without what serves them."""

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
USERS_PATHS = frozenset(path for _, path in USERS)

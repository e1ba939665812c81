"""The user methods of the administrator's guide: `/token`, `/users/me`, `/create_user` and the others."""

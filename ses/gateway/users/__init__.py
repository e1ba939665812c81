"""The user methods: `/token`, `/users/me`, `/create_user` and the others."""

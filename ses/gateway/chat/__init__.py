"""The page at `/chat`: its files, the ways to sign in, and the `/v1` it uses; `docs/chat.md` is for those who use it."""

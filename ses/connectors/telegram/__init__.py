"""Telegram bots. python-telegram-bot's `Bot` speaks to the Bot API; receiving is a loop of our own, because an update must
be on disk before its offset moves."""

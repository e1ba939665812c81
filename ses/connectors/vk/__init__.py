"""VK communities: Bots Long Poll or Callback API in, `messages.send` out, through vk-api.

What VK's administrator sets up is described in `docs/vk.md`.
"""

"""SES's own connectors are made of the configuration, as those of packages are."""

from __future__ import annotations

from ses.clock import VirtualClock
from ses.config.connectors import Connectors, Telegram, Vk
from ses.connectors.contract import no_recording
from ses.daemon.channels import BUILT_IN, make_connector

TELEGRAM = Telegram.model_validate(
    {
        "token": "1:a",
        "robot": "pizzeria",
        "variables": {"city": "Бердск"},
        "timers": {"getUpdates": 7},
        "whitelist": [5],
        "activators": ["робот"],
        "mode": "webhook",
        "webhook_url": "https://bots.example",
        "secret_token": "s",
        "api": "http://127.0.0.1:1",
    }
)
VK = Vk.model_validate(
    {
        "token": "a",
        "robot": "pizzeria",
        "group_id": 9,
        "whitelist": [5],
        "activators": ["робот"],
        "variables": {"city": "Бердск"},
        "mode": "callback",
        "confirmation": "c",
        "secret": "s",
        "api": "http://127.0.0.1:1",
    }
)


def made(kind, settings):
    return make_connector(kind, "shop", settings, lambda robot: None, no_recording, VirtualClock(0))


async def test_a_telegram_bot_has_all_that_its_entry_says():
    bot = made("telegram", TELEGRAM)
    assert bot.name == "telegram.shop"
    got = bot.settings
    assert (got.token, got.robot, got.variables) == ("1:a", "pizzeria", {"city": "Бердск"})
    assert (got.poll, got.whitelist, got.activators) == (7, (5,), ("робот",))
    assert (got.mode, got.webhook_url, got.secret_token) == (
        "webhook",
        "https://bots.example/hook/telegram/shop",
        "s",
    )
    assert got.api == "http://127.0.0.1:1"


async def test_a_vk_community_has_all_that_its_entry_says():
    community = made("vk", VK)
    assert community.name == "vk.shop"
    got = community.settings
    assert (got.token, got.robot, got.group_id) == ("a", "pizzeria", 9)
    assert (got.variables, got.whitelist, got.activators) == ({"city": "Бердск"}, (5,), ("робот",))
    assert (got.mode, got.confirmation, got.secret) == ("callback", "c", "s")
    assert got.api == "http://127.0.0.1:1"


def test_every_kind_of_the_configuration_but_websites_is_made_here():
    assert Connectors.model_fields.keys() - {"web"} == BUILT_IN.keys()

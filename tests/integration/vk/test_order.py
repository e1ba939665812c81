"""The whole daemon, the demo robot and VK: a pizza is ordered, whatever happens meanwhile."""

from __future__ import annotations

ANNA = 1001


async def test_an_order_by_buttons(daemon, vk):
    await daemon()
    await vk.write(ANNA, "Начать", payload='{"command":"start"}')
    said = 1
    await vk.said(ANNA, said)
    for label in ("Заказать пиццу", "Пепперони", "Большая", "Пропустить", "Самовывоз"):
        press = await vk.press(ANNA, label)
        said += 1
        await vk.said(ANNA, said)
        await vk.until(lambda press=press: press.answers == [None])
    await vk.write(ANNA, "+7 913 123-45-67")
    assert "Всё верно?" in (await vk.said(ANNA, said + 1))[-1]
    await vk.press(ANNA, "Да")
    texts = await vk.said(ANNA, said + 3)
    assert "Здравствуйте! Это пиццерия «Печь»." in texts[0]
    assert "принят!" in texts[-1]


async def test_killed_in_mid_dialogue_nothing_is_lost_and_nothing_shown_twice(daemon, vk):
    daemon = await daemon()
    await vk.write(ANNA, "хочу большую маргариту на Ленина 5")
    assert "Что-нибудь добавить?" in (await vk.said(ANNA, 1))[-1]
    await daemon.kill()
    await vk.write(ANNA, "грибы")  # nobody listens now; VK keeps it
    await daemon.start()
    assert "телефон" in (await vk.said(ANNA, 2))[-1]
    await daemon.kill()
    await daemon.start()
    await vk.write(ANNA, "8 913 123-45-67")
    assert "Всё верно?" in (await vk.said(ANNA, 3))[-1]
    await vk.write(ANNA, "да")
    assert "принят!" in (await vk.said(ANNA, 5))[-1]
    assert len(vk.texts(ANNA)) == 5

"""What connectors share: cutting texts, laying out buttons, feeling addressed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses.clock import VirtualClock
from ses.connectors.groups import Activators, Whitelist
from ses.connectors.keyboards import pages, rows
from ses.connectors.texts import split_text
from ses.messages import Button


def buttons(count: int, letters: int = 3) -> list[Button]:
    return [Button("x" * letters, str(number)) for number in range(count)]


class TestTexts:
    @pytest.mark.parametrize(
        ("text", "limit", "pieces"),
        [
            ("", 10, []),
            ("коротко", 10, ["коротко"]),
            ("Раз два три. Четыре пять", 16, ["Раз два три.", "Четыре пять"]),
            ("Раз. Два\n\nТри четыре", 12, ["Раз. Два", "Три четыре"]),
            ("одно длинное предложение без точки", 15, ["одно длинное", "предложение без", "точки"]),
            ("нетпробелавовсе", 5, ["нетпр", "обела", "вовсе"]),
        ],
    )
    def test_a_text_is_cut_where_a_reader_pauses(self, text, limit, pieces):
        assert split_text(text, limit) == pieces

    @given(st.text(), st.integers(min_value=20, max_value=60))
    def test_nothing_but_space_is_lost_and_no_piece_is_too_long(self, text, limit):
        pieces = split_text(text, limit)
        assert all(0 < len(piece) <= limit for piece in pieces)
        assert "".join("".join(pieces).split()) == "".join(text.split())


class TestKeyboards:
    def test_short_labels_share_a_row(self):
        assert [len(row) for row in rows(buttons(5, 4), across=5, most=6)] == [4, 1]
        assert [len(row) for row in rows(buttons(3, 30), across=5, most=6)] == [1, 1, 1]

    @given(st.integers(1, 10), st.integers(1, 40))
    def test_rows_keep_the_limits_whatever_the_labels(self, count, letters):
        laid = rows(buttons(count, letters), across=5, most=6)
        assert len(laid) <= 6
        assert all(len(row) <= 5 for row in laid)
        assert [button.id for row in laid for button in row] == [str(number) for number in range(count)]

    def test_pages_leave_room_for_turning_them(self):
        assert [len(page) for page in pages(buttons(10), 10)] == [10]
        assert [len(page) for page in pages(buttons(20), 10)] == [8, 8, 4]
        assert pages([], 10) == []


class TestGroups:
    def test_a_word_wakes_the_robot_and_it_listens_for_a_while(self):
        clock = VirtualClock(0.0)
        activators = Activators(["пицц*", "эй бот"], clock, awake=300)
        assert not activators.wakes("chat:1", "всем привет", addressed=False)
        assert activators.wakes("chat:1", "Хочу ПИЦЦУ!", addressed=False)
        assert activators.wakes("chat:1", "большую", addressed=False)
        assert not activators.wakes("chat:2", "большую", addressed=False)
        clock.advance(301)
        assert not activators.wakes("chat:1", "большую", addressed=False)
        assert activators.wakes("chat:1", "эй  бот", addressed=False)
        assert not activators.wakes("chat:3", "эй боты", addressed=False)
        assert activators.wakes("chat:3", "что?", addressed=True)

    def test_without_words_every_message_is_for_the_robot(self):
        assert Activators([], VirtualClock(0.0)).wakes("chat:1", "что угодно", addressed=False)

    def test_a_whitelist_names_users_and_chats(self):
        assert Whitelist([]).admits(1)
        assert Whitelist([1, "2000000001", "@Anna"]).admits(7, 2000000001)
        assert Whitelist(["@Anna"]).admits(5, "anna")
        assert not Whitelist([1]).admits(2, 3)

"""One USSD turn after the other: repeated, late, lost, at once, with stars, and with parts away."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import func, select

from menus.loader import load_menu
from sms_service.domain.texts import septets
from sms_service.gateways.base import UssdRequest
from sms_service.runtime import Runtime
from sms_service.services.dialogues.actions import ACTIONS
from sms_service.services.dialogues.conversations import Conversations
from sms_service.services.dialogues.lists import build_lists
from sms_service.services.subscribers import person as subscribers
from sms_service.store.engine import Store
from sms_service.store.models import Message, Registration
from tests.answering import NOW, Answering

NUMBER = "+6281200000001"
REGISTER = "4*2*1*1*1"  # events, everywhere, the first, register, yes


@pytest.fixture
def talk(answering: Answering) -> Talk:
    return Talk(answering.conversations)


class Talk:
    """Sends turns as the gateway does: the whole text each time."""

    def __init__(self, conversations: Conversations) -> None:
        self.conversations = conversations

    def __call__(self, text: str, session: str = "s1", number: str = NUMBER) -> str:
        return self.conversations.answer(UssdRequest("console", session, number, "*123*62#", text))[0]

    def steps(self, text: str, session: str = "s1", number: str = NUMBER) -> list[str]:
        """Dial and send the text token by token; return every screen."""
        tokens = text.split("*")
        return [self("*".join(tokens[:n]), session, number) for n in range(len(tokens) + 1)]


def registrations(answering: Answering) -> int:
    with answering.store.read() as tx:
        return tx.scalar(select(func.count(Registration.id))) or 0


def texts(answering: Answering) -> int:
    with answering.store.read() as tx:
        return tx.scalar(select(func.count(Message.id))) or 0


def test_every_action_that_the_menu_asks_for_is_supplied() -> None:
    nodes = load_menu().nodes.values()
    wanted = {name for node in nodes for name in (node.action, node.source, node.data) if name}
    assert wanted == set(ACTIONS)


def test_the_first_screen_is_the_root_in_indonesian_in_the_agreed_order(talk: Talk) -> None:
    lines = talk("").splitlines()
    assert lines[0].startswith("CON ")
    assert [line[0] for line in lines[1:8]] == list("1234567")
    assert "Cek" in lines[1]
    assert "Pengaturan" in lines[7]


def test_a_repeated_turn_gets_the_same_screen_and_moves_nothing(talk: Talk) -> None:
    first = talk.steps("5*1")
    assert talk("5*1") == first[-1]
    assert talk("5*1*1") == talk("5*1*1")


def test_a_registration_repeated_three_times_at_once_is_one(answering: Answering, talk: Talk) -> None:
    talk.steps(REGISTER.rpartition("*")[0])
    screens: list[str] = []
    threads = [threading.Thread(target=lambda: screens.append(talk(REGISTER))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(screens)) == 1
    assert "terdaftar" in screens[0].lower()
    assert (registrations(answering), texts(answering)) == (1, 1)


def test_a_late_turn_of_before_gets_its_screen_again_and_does_not_move_the_call_back(talk: Talk) -> None:
    screens = talk.steps("5*1*1")
    assert talk("5") == screens[1]
    assert talk("5*1*1*0") == screens[2]


def test_a_deep_dial_walks_from_the_root(talk: Talk) -> None:
    walked = talk.steps("5*1", session="walked")
    assert talk("5*1", session="dialled") == walked[-1]


@pytest.mark.parametrize("text", ["5", "5*1", "5*1*1*9", REGISTER])
def test_a_call_whose_session_is_lost_goes_on_as_if_it_were_not(
    answering: Answering, redis: Redis, talk: Talk, text: str
) -> None:
    expected = talk.steps(f"{text}*0", session="kept")[-1]
    talk.steps(text, session="lost", number="+6281200000002")
    redis.flushall()
    assert talk(f"{text}*0", session="lost", number="+6281200000002") == expected


def test_a_replay_of_a_whole_call_registers_nobody_twice(
    answering: Answering, redis: Redis, talk: Talk
) -> None:
    talk.steps(REGISTER)
    for n in range(3):
        redis.flushall()
        talk(f"{REGISTER}{'*x' * n}")
    assert (registrations(answering), texts(answering)) == (1, 1)


def test_without_redis_every_turn_is_answered_from_its_text(
    answering: Answering, runtime: Runtime, talk: Talk
) -> None:
    expected = talk.steps("6*1*1*0*00*5*2", session="with")
    away = Redis(unix_socket_path="/nowhere/redis.sock", socket_connect_timeout=0.2)
    without = replace(answering.runtime, redis=away, sessions=type(runtime.sessions)(away, 300))
    screens = Talk(Conversations(without, answering.lists)).steps("6*1*1*0*00*5*2", session="without")
    assert screens == expected


def test_without_the_database_information_is_read_and_an_act_is_politely_put_off(
    answering: Answering, redis: Redis
) -> None:
    store = Store("sqlite:////nowhere/at/all.sqlite3", answering.store.vault)
    talk = Talk(Conversations(replace(answering.runtime, store=store), answering.lists))
    assert "Umur paling kurang 18 tahun" in talk.steps("5*1*1")[-1]
    assert talk.steps("6*1", session="s2")[-1].startswith("CON ")
    assert "CONTOH" in talk.steps("4*2*1", session="s3")[-1]
    put_off = talk.steps(REGISTER, session="s4")[-1]
    assert put_off.startswith("CON Maaf")
    assert talk(f"{REGISTER}*0", session="s4").startswith("CON Daftar CONTOH")


def test_a_process_that_starts_without_the_database_still_informs(runtime: Runtime) -> None:
    store = Store("sqlite:////nowhere/at/all.sqlite3", runtime.store.vault)
    alone = replace(runtime, store=store)
    talk = Talk(Conversations(alone, build_lists(alone)))
    assert talk.steps("6*1*1")[-1].startswith("CON ")
    assert "daftar" in talk.steps("1*PT CONTOH", session="s2")[-1].lower()


def test_a_star_in_free_text_is_joined_again(talk: Talk) -> None:
    talk.steps("1")
    talk("1*PT*MAJU*JAYA")
    assert talk("1*PT*MAJU*JAYA*00").startswith("CON Jalur Aman")


def test_a_star_where_it_makes_no_sense_is_asked_again_politely(talk: Talk) -> None:
    talk.steps("3*1")  # asks for the age
    asked = talk("3*1*x*y")
    assert "bintang" in asked
    assert "Umur" in asked
    assert "Umur" not in talk("3*1*x*y*20")


def test_two_choices_typed_at_once_are_two_choices(talk: Talk) -> None:
    walked = talk.steps("5*1", session="walked")[-1]
    talk("", session="typed")
    assert talk("5*1", session="typed") == walked


@pytest.mark.parametrize(
    "text", ["*", "**", "5*", "5**1", "*5", "0*0*0*0", "x" * 4000, "*" * 4000, "1*" + "\x00" * 9]
)
def test_odd_texts_of_an_unknown_session_get_a_screen(talk: Talk, text: str) -> None:
    screen = talk(text)
    assert screen.startswith(("CON ", "END "))
    assert septets(screen) <= 160


def test_another_number_with_the_same_session_id_sees_nothing_of_it(talk: Talk) -> None:
    talk.steps("1*PT CONTOH RAHASIA")
    assert talk("1*PT CONTOH RAHASIA*00", number="+6281200000009").startswith("CON Jalur Aman")
    assert "RAHASIA" not in talk("", session="s1", number="+6281200000009")


def test_after_a_drop_the_redial_offers_to_go_on_and_does(answering: Answering, talk: Talk) -> None:
    dropped = talk.steps("5*1*1")[-1]
    redialled = talk("", session="s2")
    assert "9 Lanjutkan" in redialled
    assert talk("9", session="s2") == dropped
    back = talk("9*0", session="s2")
    assert back.startswith("CON ")
    assert back != dropped


def test_the_offer_is_gone_after_half_an_hour_and_after_an_ending(
    answering: Answering, redis: Redis, talk: Talk
) -> None:
    talk.steps("5*1*1")
    answering.runtime.sessions.write()
    place = next(key for key in redis.scan_iter("c:*"))
    assert 1700 < redis.ttl(place) <= 1800
    redis.delete(place)
    assert "9 " not in talk("", session="s2")
    talk.steps("5*00*0", session="s3")
    assert "9 " not in talk("", session="s4")


def test_going_on_at_a_place_that_is_lost_says_so(redis: Redis, talk: Talk) -> None:
    talk.steps("5*1*1")
    talk("", session="s2")
    redis.flushall()
    assert "9" not in talk("9", session="s2").splitlines()[-1]
    assert talk("9*5", session="s2").startswith("CON ")


def test_a_changed_menu_starts_again_at_the_root_politely(answering: Answering, talk: Talk) -> None:
    talk.steps("5*1")
    changed = replace(answering.runtime, menu=replace(answering.runtime.menu, version="another", cache={}))
    again = Talk(Conversations(changed, answering.lists))("5*1*1")
    assert "Menu" in again.splitlines()[0]
    assert "1 Cek" in again


def test_the_language_is_switched_for_the_call_and_kept_for_whom_we_know(
    answering: Answering, talk: Talk
) -> None:
    assert "1 Check" in talk.steps("8")[-1]
    assert "1 Cek" in talk("", session="s2")
    with answering.store.transaction() as tx:
        subscribers.get_or_create(tx, NUMBER, NOW)
    talk.steps("8", session="s3")
    assert "1 Check" in talk("", session="s4")


def test_a_turn_whose_neighbour_was_never_saved_is_not_lost(answering: Answering, talk: Talk) -> None:
    """Redis failed while one turn was saved: the next brings two new inputs."""
    expected = talk.steps("5*1*1", session="whole")[-1]
    talk.steps("5", session="gap")
    assert talk("5*1*1", session="gap") == expected


def test_two_hundred_callers_at_once_see_only_their_own_screens(answering: Answering, talk: Talk) -> None:
    wrong: list[str] = []

    def caller(n: int) -> None:
        name = f"Zq{n:04d}x"
        number = f"+62812000010{n:02d}"
        dice = random.Random(n)
        text = "1"
        talk("", f"c{n}", number)
        talk(text, f"c{n}", number)
        for _ in range(5):
            text += f"*PT {name}"
            if "Tidak ada" not in talk(text, f"c{n}", number):
                wrong.append("look-up")
            for _ in range(dice.randrange(3)):
                talk(text, f"c{n}", number)
            text += "*3"
            if not talk(text, f"c{n}", number).startswith("CON Ketik nama"):
                wrong.append("prompt")

    threads = [threading.Thread(target=caller, args=(n,)) for n in range(200)]
    for start in range(0, 200, 40):
        for thread in threads[start : start + 40]:
            thread.start()
        for thread in threads[start : start + 40]:
            thread.join()
    assert wrong == []


def test_a_session_takes_less_than_600_bytes(answering: Answering, redis: Redis, talk: Talk) -> None:
    for n, text in enumerate(["3*1*20*4*2*3*1*1", "4*2*1*1*1", "1*" + "y" * 60, "6*4*1*1", "7*2*belu"]):
        talk.steps(text, session=f"size{n}")
    answering.runtime.sessions.write()
    sizes = [len(redis.get(key) or b"") for key in redis.scan_iter("s:*")]
    assert max(sizes) < 600


def test_the_clock_may_jump_in_mid_call(answering: Answering, talk: Talk) -> None:
    talk.steps("4*2")
    answering.clock.shift += timedelta(days=365)
    assert talk("4*2*1").startswith("CON ")
    answering.clock.shift -= timedelta(days=800)
    assert talk("4*2*1*0").startswith("CON ")


def test_a_remembered_screen_is_of_today_and_of_the_content_as_it_is(
    answering: Answering, talk: Talk
) -> None:
    def job(session: str) -> str:
        return talk.steps("3*3*1*1", session)[-1]

    today = job("a")
    assert job("b") == today  # from memory
    answering.clock.shift += timedelta(days=400)  # every job is past its date by then
    assert job("c") != today
    answering.clock.shift -= timedelta(days=400)
    assert job("d") == today


def test_what_is_of_one_caller_is_never_remembered_for_another(answering: Answering, talk: Talk) -> None:
    talk.steps(REGISTER, "a")
    mine = talk.steps("4*3", "b")[-1]
    theirs = talk.steps("4*3", "c", number="+6281200000002")[-1]
    assert "CONTOH" in mine
    assert "CONTOH" not in theirs

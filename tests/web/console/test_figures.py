"""Figures and the tree of menus: what is counted, what is hidden, and that it cannot be worked out."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from menus.loader import load_menu
from sms_service.domain import statuses
from sms_service.domain.districts import DISTRICTS
from sms_service.gateways.base import UssdRequest
from sms_service.services.figures import calls as figures
from sms_service.services.figures import menu_tree, tallies
from sms_service.services.figures.statistics import SMALLEST
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts.messages import TABLE
from sms_service.store.engine import Store
from sms_service.store.models import DistrictCount, RecruiterMiss, TurnCount, UnknownWord
from sms_service.ussd_sessions import LEFT
from sms_service.web.console import tile_map
from tests.answering import NOW, Answering
from tests.services.outbox import put, text
from tests.web.console.conftest import Desk
from tests.web.console.queries import MOST, counted

TODAY = date(2026, 11, 21)


def local_day(desk: Desk) -> date:
    return datetime.now(UTC).astimezone(desk.runtime.settings.zone).date()


def count(
    store: Store, day: date, node: str, number: int, outcome: str = "ok", channel: str = "ussd"
) -> None:
    with store.transaction() as tx:
        tx.add(TurnCount(day=day, channel=channel, node=node, outcome=outcome, language="id", count=number))


def table(desk: Desk, name: str, who: str = "viewer") -> list[dict[str, str]]:
    answer = desk.browser(who).get(f"/figures/{name}.csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].endswith('.csv"')
    return list(csv.DictReader(io.StringIO(answer.text)))


# --- where calls end: counted from real calls


def dial(answering: Answering, session: str, *texts: str) -> None:
    for typed in texts:
        request = UssdRequest("console", session, "+6281200000001", "*123#", typed)
        answering.conversations.answer(request)


def test_a_screen_that_callers_leave_is_told_from_one_where_they_stop(answering: Answering) -> None:
    for n in range(8):
        dial(answering, f"stops-{n}", "", "1")
    for n in range(6):
        dial(answering, f"goes-on-{n}", "", "1", "1*PT CONTOH", "1*PT CONTOH")
    answering.runtime.sessions.close()
    tallies.drain(answering.store, answering.runtime.redis, TODAY, NOW)
    with answering.store.read() as tx:
        counts = figures.count_nodes(tx, TODAY, TODAY)
    assert counts["root"] == (14, 14)
    assert counts["check.ask"] == (14, 6)
    figure = figures.node_figure(counts, "check.ask")
    assert (figure.shown, figure.ended, figure.ended_percent) == (14, 8, 57)
    assert [node for node, _ in figures.endings(counts, [])] == ["check.ask"]


def test_what_was_left_is_not_counted_as_shown(desk: Desk) -> None:
    today = local_day(desk)
    count(desk.runtime.store, today, "root", 20)
    count(desk.runtime.store, today, "root", 12, outcome=LEFT)
    (day,) = [row for row in table(desk, "calls") if row["day"] == today.isoformat()]
    assert day["calls"] == "20"
    (screen,) = table(desk, "screens")
    assert (screen["shown"], screen["went_no_further"], screen["of_100"]) == ("20", "8", "40")


# --- small counts


@pytest.mark.parametrize(("seen", "left"), [(20, 17), (4, 0), (20, 20), (20, 0)])
def test_few_callers_who_stopped_are_not_told(seen: int, left: int) -> None:
    figure = figures.node_figure({"a": (seen, left)}, "a")
    assert figure.ended is None
    assert figure.ended_percent is None
    assert figure.shown == (seen if seen >= SMALLEST else None)


def test_names_and_words_that_few_used_are_not_shown(desk: Desk) -> None:
    today = local_day(desk)
    with desk.runtime.store.transaction() as tx:
        for name, times in (("contoh palsu", 7), ("nama orang", 2), ("#0f", 6)):
            tx.add(RecruiterMiss(day=today, normalised=name, count=times, last_at=datetime.now(UTC)))
        tx.add(UnknownWord(day=today, word="halo", count=9))
        tx.add(UnknownWord(day=today, word="rahasia", count=4))
    page = desk.browser("viewer").get("/figures").text
    assert "contoh palsu" in page
    assert "a phone number (kept unreadable)" in page
    assert "halo" in page
    for hidden in ("nama orang", "rahasia", "0f<"):
        assert hidden not in page
    assert {row["asked"] for row in table(desk, "unanswered")} == {"contoh palsu", "#", "halo"}


def test_a_district_alone_under_the_line_takes_another_with_it(desk: Desk) -> None:
    store = desk.runtime.store
    with store.transaction() as tx:
        for n, district in enumerate(["53.04"] * 9 + ["53.21"] * 6 + ["53.03"] * 2):
            number = f"+628120000{n:04d}"
            subscribers.set_district(tx, number, district, datetime.now(UTC))
            subscribers.set_news(tx, number, True, "ussd", datetime.now(UTC))
    with store.read() as tx:
        counts = figures.subscribers_by_district(tx)
    assert counts["53.04"] == 9
    assert counts["53.21"] is None
    assert counts["53.03"] is None
    rows = {row["code"]: row["subscribers"] for row in table(desk, "districts")}
    assert (rows["53.04"], rows["53.21"], rows["53.03"]) == ("9", "", "")


# --- calls by district


def test_a_call_counts_in_the_district_that_was_chosen_in_it_once(answering: Answering) -> None:
    chosen = ("", "4", "4*1", "4*1*Sabu")  # events near me; there are none
    for n in range(6):
        dial(answering, f"call-{n}", *chosen, chosen[-1])  # the last request twice
    dial(answering, "another-district", *chosen, "4*1*Sabu*2", "4*1*Sabu*2*Belu")
    dial(answering, "none", "", "1", "1*PT CONTOH")
    answering.runtime.sessions.close()
    for _again in range(2):
        tallies.drain(answering.store, answering.runtime.redis, TODAY, NOW)
    with answering.store.read() as tx:
        counts = figures.calls_by_district(tx, TODAY, TODAY)
        turns = figures.count_nodes(tx, TODAY, TODAY)
    assert {code: count for code, count in counts.items() if count} == {"53.20": 7}
    assert not any(node.startswith("53.") for node in turns)


def test_a_walk_by_text_counts_in_its_district(answering: Answering) -> None:
    number = "+6281200000001"
    answering.conversations.open_walk(number, "id", 1, NOW)
    for n, typed in enumerate(("4", "1", "Sabu", "0"), start=2):
        answering.conversations.walk(number, typed, n, NOW)
    answering.runtime.sessions.close()
    tallies.drain(answering.store, answering.runtime.redis, TODAY, NOW)
    with answering.store.read() as tx:
        rows = tx.execute(select(DistrictCount.channel, DistrictCount.count)).all()
    assert [tuple(row) for row in rows] == [("sms", 1)]


def test_few_calls_of_a_district_are_not_told(desk: Desk) -> None:
    today = local_day(desk)
    with desk.runtime.store.transaction() as tx:
        for district, number in (("53.04", 40), ("53.21", 4), ("53.03", 12)):
            for channel in ("ussd", "sms"):
                share = number // 2
                tx.add(DistrictCount(day=today, channel=channel, district=district, count=share))
        tx.add(DistrictCount(day=today - timedelta(days=60), channel="ussd", district="53.21", count=99))
    rows = {row["code"]: row["calls"] for row in table(desk, "districts")}
    assert (rows["53.04"], rows["53.03"], rows["53.21"]) == ("40", "12", "")
    page = desk.browser("viewer").get("/figures?map=calls").text
    assert re.search(r'id="d-53.04">.*?<td class="number">40</td>', page)
    assert re.search(r'id="d-53.21">.*?<td class="number">&lt;5</td>', page)


# --- texts by operator


def test_texts_are_told_by_operator_from_the_newest_settled_ones(desk: Desk) -> None:
    store, now = desk.runtime.store, datetime.now(UTC)
    late = now + timedelta(hours=3)
    ids = put(store, *(text(n, expires_at=late) for n in range(12)), now=now)
    with store.transaction() as tx:
        tx.execute(update(TABLE).where(TABLE.c.id.in_(ids[:8])).values(status=statuses.DELIVERED))
        tx.execute(update(TABLE).where(TABLE.c.id.in_(ids[8:10])).values(status=statuses.FAILED))
    with store.read() as tx:
        (one,) = figures.deliveries(tx)
    assert one.operator == "Telkomsel"
    assert one.by_status == {"sent": None, "delivered": 8, "failed": None, "unknown": None}


# --- the page, the map, the tree


def test_every_district_has_a_tile_of_its_own() -> None:
    assert set(tile_map.PLACES) == {district.code for district in DISTRICTS}
    assert len(set(tile_map.PLACES.values())) == len(DISTRICTS)
    found = {tile.district.code: tile for tile in tile_map.tiles({"53.04": 100, "53.21": 5, "53.71": 60})}
    assert [found[code].step for code in ("53.04", "53.71", "53.21", "53.01")] == [5, 3, 1, 0]


def test_the_map_links_each_tile_to_its_row(desk: Desk) -> None:
    page = desk.browser("viewer").get("/figures?map=subscribers").text
    linked = re.findall(r'<a href="#(d-53\.\d\d)"', page)
    assert len(linked) == len(DISTRICTS)
    assert all(f'id="{anchor}"' in page for anchor in linked)
    assert "style=" not in page


def test_a_way_is_told_step_by_step(desk: Desk) -> None:
    today = local_day(desk)
    for node, number in (("root", 50), ("report.start", 20), ("report.receipt", 3)):
        count(desk.runtime.store, today, node, number)
    steps = {(row["way"], row["step"]): row["count"] for row in table(desk, "funnels")}
    assert steps["report", "menu"] == "50"
    assert steps["report", "begun"] == "20"
    assert steps["report", "filed"] == ""


def test_every_node_of_the_funnels_is_in_the_menu() -> None:
    nodes = load_menu().nodes
    for steps in figures.FUNNELS.values():
        assert all(node in nodes for _, reached in steps for node in reached)


def flat(branches: list[menu_tree.Branch]) -> list[menu_tree.Branch]:
    return [one for branch in branches for one in (branch, *flat(list(branch.branches)))]


def test_the_tree_draws_every_screen_once_and_points_at_it_elsewhere() -> None:
    menu = load_menu()
    for language in menu.languages:
        drawn = flat(menu_tree.draw(menu, language, {"root": (40, 30)}))
        here = [branch.node for branch in drawn if not branch.is_elsewhere]
        assert len(here) == len(set(here))
        assert set(here) == {name for name, node in menu.nodes.items() if node.kind != "do"}
        assert {branch.node for branch in drawn} == set(here)
        assert drawn[0].figure.ended_percent == 25


def test_the_tree_shows_figures_of_the_period_asked_for(desk: Desk) -> None:
    today = local_day(desk)
    count(desk.runtime.store, today - timedelta(days=10), "root", 30)
    officer = desk.browser("officer")
    assert "shown 30 times" in officer.get("/menus").text
    assert "shown 30 times" not in officer.get("/menus?days=7").text


def test_a_table_that_is_none_is_not_found(desk: Desk) -> None:
    assert desk.browser("viewer").get("/figures/secrets.csv").status_code == 404


@pytest.mark.parametrize("path", ["/figures", "/figures?map=subscribers&days=90", "/menus"])
def test_the_pages_ask_the_database_little(desk: Desk, path: str) -> None:
    officer = desk.browser("officer")
    with counted(desk.runtime.store) as asked:
        assert officer.get(path).status_code == 200
    assert len(asked) <= MOST, asked


def test_the_tree_stays_light(desk: Desk) -> None:
    assert len(desk.browser("officer").get("/menus").data) < 75_000

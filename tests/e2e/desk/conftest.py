"""People at the desk, in a real browser on the running service: two widths, two languages, axe everywhere."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import update

from sms_service.services.staff import accounts as staff
from sms_service.settings import Settings, load
from sms_service.store.engine import Store
from sms_service.store.models import Staff
from sms_service.store.vault import Vault
from tests.e2e.service import Service

PASSWORD = "kata sandi contoh"
WIDTHS = {"phone": 360, "desk": 1280}
# No quiet hours, for stories are told at night too; slow enough to watch a broadcast go.
AS_SET = {
    "QUIET_HOURS": "",
    "QUIET_SUNDAY": "",
    "CANARY_SECONDS": "4",
    "SMS_SEGMENTS_PER_SECOND": "20",
    "SMS_SEGMENT_PRICE": "350",
}
_STEP = 30


@dataclass
class Office:
    """The running service, its people, and a browser for each of them."""

    service: Service
    browser: Browser
    secrets: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.service.port}"

    def hire(self, name: str, role: str) -> None:
        with self.store.transaction() as tx:
            staff.create_staff(tx, name, role, PASSWORD, datetime.now(UTC))

    def seat(
        self, role: str, width: int = 1280, language: str = "id", community: int | None = None
    ) -> Visitor:
        """Somebody of a role, hired and signed in at the first time; later the same person in one more
        browser: sign-ins from one address are throttled."""
        name = f"{role}-{language}-{community}" if community else f"{role}-{language}"
        if name not in self.cookies:
            self.hire(name, role)
            if community:
                with self.store.transaction() as tx:
                    tx.execute(update(Staff).where(Staff.name == name).values(community_id=community))
            visitor = self.enter(name, width, language)
            self.cookies[name] = visitor.page.context.storage_state()
            return visitor
        size = {"width": width, "height": 900}
        page = self.browser.new_context(viewport=size, storage_state=self.cookies[name]).new_page()
        return Visitor(self, name, page)

    @cached_property
    def settings(self) -> Settings:
        """As the service has them."""
        return load({**self.service.environ})

    @cached_property
    def store(self) -> Store:
        """The service's own database: to put much into it, and to look at what pages do not tell."""
        vault = Vault(self.settings.data_key, self.settings.secret_key)
        return Store(self.settings.effective_database_url, vault, pool_size=1)

    def enter(self, name: str, width: int = 1280, language: str = "id") -> Visitor:
        """Somebody signs in, with the second factor where the role needs one."""
        page = self.browser.new_context(viewport={"width": width, "height": 900}).new_page()
        visitor = Visitor(self, name, page)
        visitor.go(f"/console/sign-in?language={language}")
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        page.click("main form button[type=submit]")
        if page.url.endswith("/second-factor"):
            visitor.give_code()
        assert "/sign-in" not in page.url, page.inner_text("main")
        if language == "en":
            visitor.go("/console/account")
            page.select_option("[name=language]", "en")
            page.click("form[action='/console/account/language'] button")
        return visitor


@dataclass
class Visitor:
    """One person in one browser."""

    office: Office
    name: str
    page: Page

    def go(self, path: str) -> None:
        answer = self.page.goto(urljoin(self.office.address, path))
        assert answer is not None
        assert answer.status < 400, f"{path}: {answer.status} {self.page.inner_text('main')}"

    def give_code(self) -> None:
        """Set the second factor up at the first time; else give a code that was not used yet."""
        secrets, page = self.office.secrets, self.page
        if page.locator(".secret").count():
            secrets[self.name] = page.inner_text(".secret").strip()
            page.fill("[name=code]", pyotp.TOTP(secrets[self.name]).now())
            page.click("main form button[type=submit]")
            page.click("main a.button")
            return
        # A code is good once: the next one, which the service takes up to half a minute early.
        page.fill("[name=code]", pyotp.TOTP(secrets[self.name]).at(int(time.time()) + _STEP))
        page.click("main form button[type=submit]")

    def text(self) -> str:
        return self.page.inner_text("main")

    def check_access(self) -> None:
        """Nothing serious for a keyboard or a screen reader, and nothing wider than the screen."""
        found = Axe().run(self.page, options={"resultTypes": ["violations"]})
        serious = [
            f"{one['id']}: {one['help']} {[node['html'][:120] for node in one['nodes'][:3]]}"
            for one in found.response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == [], f"{self.page.url}: {serious}"
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"
        )
        assert not wide, f"{self.page.url} is wider than the screen"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium cannot be had here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def office(chromium: Browser) -> Iterator[Office]:
    """The service, started once for all stories; `admin` is the person of the first run."""
    folder = Path(tempfile.mkdtemp(prefix="desk-"))
    service = Service(folder / "var", folder, **AS_SET)
    try:
        service.wait_until_ready()
        assert re.search(r"password\s+\S+", service.printed())
        office = Office(service, chromium)
        yield office
        office.store.close()
        assert "Traceback" not in service.printed()
    finally:
        service.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=list(WIDTHS))
def width(request: pytest.FixtureRequest) -> int:
    """The width of a phone, and of a desk's screen."""
    return WIDTHS[str(request.param)]

"""`make tour`: a picture of every page of the desk in both widths, into docs/tour, of a furnished office.

WebP, for it is the lightest that a browser writes by itself. What stands on the pictures is made up.
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.desk.addresses import every_page
from tests.e2e.desk.browser_phone import BrowserPhone
from tests.e2e.desk.conftest import AS_SET, WIDTHS, Office, Visitor
from tests.e2e.service import ROOT, Service
from tests.furnishing import furnish

FOLDER = ROOT / "docs" / "tour"
LARGEST, LARGEST_IN_ALL = 80_000, 4_000_000  # bytes
TALLEST = {"phone": 1500, "desk": 1200}  # pixels: what is further down looks the same
QUALITIES = (40, 25, 15)
NUMBER = "+6281200000062"
_ALIKE = ("account-password", "broadcasts-one-reject")  # other pages, shown again after a refusal


def main() -> int:
    """Start a service, furnish it, take the pictures; 1 where one is too heavy."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.stderr.write("Chromium cannot be had here: apt-get install chromium\n")
        return 1
    folder = Path(tempfile.mkdtemp(prefix="tour-"))
    service = Service(folder / "var", folder, **AS_SET)
    try:
        service.wait_until_ready()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=path, args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
            )
            sizes = _tour(Office(service, browser), os.environ.get("TOUR_LANGUAGE", "id"))
            browser.close()
    finally:
        service.end()
        shutil.rmtree(folder, ignore_errors=True)
    in_all = sum(sizes.values())
    sys.stdout.write(f"{len(sizes)} pictures, {in_all / 1e6:.1f} MB, in {FOLDER.relative_to(ROOT)}\n")
    heavy = {name: size for name, size in sizes.items() if size > LARGEST}
    if heavy or in_all > LARGEST_IN_ALL:
        sys.stderr.write(f"too heavy: {heavy or 'all of them together'}\n")
        return 1
    return 0


def _tour(office: Office, language: str) -> dict[str, int]:
    made = furnish(office.store, office.settings)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    sizes = {}
    for kind, width in WIDTHS.items():
        sizes |= _of_a_stranger(office.browser, office, kind, width, language)
        admin = office.seat("admin", width, language)
        for address in (one for one in every_page(admin, made) if one.name not in _ALIKE):
            admin.go(f"/console{address.path}")
            if address.name == "phone":
                _call(admin, office, language)
            sizes |= _take(admin, f"{address.name}-{kind}.webp", kind)
    return sizes


def _of_a_stranger(browser: Browser, office: Office, kind: str, width: int, language: str) -> dict[str, int]:
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    stranger = Visitor(office, "", page)
    stranger.go(f"/console/sign-in?language={language}")
    return _take(stranger, f"sign-in-{kind}.webp", kind)


def _call(admin: Visitor, office: Office, language: str) -> None:
    """A call under way, and a text that has arrived."""
    phone = BrowserPhone(admin.page, office.address, NUMBER, language)
    phone.take()
    phone.dial("4", "2", "1", "1", "1")
    phone.await_text("CONTOH")
    phone.drop()
    phone.dial("1", "PT CONTOH")


def _take(visitor: Visitor, name: str, kind: str) -> dict[str, int]:
    """One picture, in the best quality that is light enough."""
    page = visitor.page
    page.evaluate("document.activeElement && document.activeElement.blur()")
    tall = min(int(page.evaluate("document.documentElement.scrollHeight")), TALLEST[kind])
    clip = {"x": 0, "y": 0, "width": WIDTHS[kind], "height": tall, "scale": 1}
    session = page.context.new_cdp_session(page)
    for quality in QUALITIES:
        wanted = {"format": "webp", "quality": quality, "clip": clip, "captureBeyondViewport": True}
        picture = base64.b64decode(session.send("Page.captureScreenshot", wanted)["data"])
        if len(picture) <= LARGEST:
            break
    session.detach()
    (FOLDER / name).write_bytes(picture)
    return {name: len(picture)}


if __name__ == "__main__":
    sys.exit(main())

"""The study's page in a real, headless Chromium: a whole session, a reload, two raters, the keyboard."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright
from serving import serving

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def begin(page, address):
    """Open the study and press its first button."""
    page.goto(address)
    page.get_by_role("button", name="Start").click()


def ready(page, position):
    """Wait until the pair number `position` can be answered."""
    expect(page.locator("#count")).to_have_text(f"{position} of 9", timeout=30_000)
    expect(page.get_by_role("button", name="left")).to_be_enabled(timeout=30_000)


def sources(page):
    return [page.locator(f"#{side}").get_attribute("src") for side in ("left", "right")]


def answers(database):
    with sqlite3.connect(database) as file:
        return [row[0] for row in file.execute("SELECT answer FROM answers ORDER BY at").fetchall()]


def test_a_whole_session_with_a_reload_and_the_keyboard(browser, study, tmp_path):
    database = tmp_path / "answers.sqlite"
    with serving(study, database) as (address, _):
        page = browser.new_context().new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        expect(page.get_by_role("heading")).to_have_text("Which video looks more realistic?")
        expect(page.get_by_role("button", name="Start")).to_be_focused()
        page.keyboard.press("Enter")
        ready(page, 1)
        expect(page.get_by_role("heading")).to_have_text("Which video looks more realistic?")
        for side in ("left", "right"):
            assert page.locator(f"#{side}").evaluate("video => video.loop && video.muted && !video.paused")
            page.wait_for_function("id => document.getElementById(id).currentTime > 0", arg=side)
        page.get_by_role("button", name="left").click()
        ready(page, 2)
        page.keyboard.press("ArrowRight")
        ready(page, 3)
        shown = sources(page)
        page.reload()
        ready(page, 3)
        assert sources(page) == shown, "the same pair, the same sides"
        page.keyboard.press("ArrowDown")
        for position in range(4, 10):
            ready(page, position)
            page.keyboard.press("ArrowLeft")
        expect(page.locator("#end")).to_be_visible(timeout=30_000)
        expect(page.locator("#end")).to_contain_text("all 9 pairs")
        page.reload()
        expect(page.locator("#end")).to_be_visible(timeout=30_000)
        assert errors == []
    assert answers(database) == ["left", "right", "similar"] + ["left"] * 6


def test_two_raters_at_once(browser, study, tmp_path):
    database = tmp_path / "answers.sqlite"
    with serving(study, database) as (address, _):
        pages = [browser.new_context().new_page() for _ in range(2)]
        for page in pages:
            begin(page, address)
        for position in range(1, 10):
            for page, key in zip(pages, ("ArrowLeft", "ArrowRight"), strict=True):
                ready(page, position)
                page.keyboard.press(key)
        for page in pages:
            expect(page.locator("#end")).to_be_visible(timeout=30_000)
    assert sorted(answers(database)) == ["left"] * 9 + ["right"] * 9


def test_a_server_that_goes_away_and_comes_back(browser, study, tmp_path):
    """The page says so and goes on by itself; no answer is lost, none is taken twice."""
    database = tmp_path / "answers.sqlite"
    with serving(study, database) as (address, process):
        page = browser.new_context().new_page()
        begin(page, address)
        ready(page, 1)
        process.kill()
        process.wait()
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#trouble")).to_contain_text("Trying again", timeout=30_000)
    assert answers(database) == []
    assert Path(study).is_dir()


def test_a_browser_that_starts_no_video_by_itself_says_so(browser, study, tmp_path):
    with serving(study, tmp_path / "answers.sqlite") as (address, _):
        page = browser.new_context().new_page()
        page.add_init_script("""
            const play = HTMLMediaElement.prototype.play;
            HTMLMediaElement.prototype.play = function () {
                return window.touched ? play.call(this) : Promise.reject(new DOMException("", "NotAllowedError"));
            };""")
        begin(page, address)
        expect(page.locator("#trouble")).to_have_text("Press play on both videos.", timeout=30_000)
        assert page.locator("#left").evaluate("video => video.controls")
        page.evaluate("window.touched = true; document.querySelectorAll('video').forEach((video) => video.play())")
        ready(page, 1)

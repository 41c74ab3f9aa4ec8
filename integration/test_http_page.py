"""The live page in a real browser: Debian's Chromium, headless, driven over its own protocol."""

import shutil

import pytest

from hadyn.observe.http import HttpServer
from tests.observe.shop_view import ShopView

BROWSER = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
WAIT_SECONDS = 20
HOSTILE = "<img src=x onerror=document.title='broken'>"

NO_SELENIUM = "the browser tests need selenium (pip install --group browser)"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)

webdriver = pytest.importorskip("selenium.webdriver", reason=NO_SELENIUM)
keys = pytest.importorskip("selenium.webdriver.common.keys", reason=NO_SELENIUM).Keys
waiting = pytest.importorskip("selenium.webdriver.support.ui", reason=NO_SELENIUM).WebDriverWait
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="the browser tests need chromium and chromedriver (apt install chromium-driver)"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def view():
    return ShopView(backends=2)


@pytest.fixture
def page(browser, view, tmp_path):
    """The page of ``view``, open in the browser."""
    with HttpServer(view, bind="127.0.0.1:0", control_socket=tmp_path / "control.sock") as server:
        browser.get("http://{}:{}/".format(*server.address))
        until(browser, "document.querySelectorAll('.slots .slot').length > 0")
        yield browser
        browser.get("about:blank")


def until(browser, condition):
    """Wait until a condition in JavaScript holds."""
    waiting(browser, WAIT_SECONDS, poll_frequency=0.05).until(
        lambda driver: driver.execute_script(f"return Boolean({condition})"), condition
    )


def texts(browser, selector):
    return browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((found) => found.textContent)", selector
    )


def press(browser, key):
    browser.switch_to.active_element.send_keys(getattr(keys, key, key))


def focused(browser):
    return browser.execute_script("return document.activeElement.dataset.label || document.activeElement.id")


def test_the_page_shows_who_sits_in_which_slot(page):
    assert texts(page, "tbody th button") == ["shop_web0000_80", "shop_web0001_80"]
    assert "shop/web-6865546d4-1" in texts(page, "#detail-shop_web0000_80 td")
    assert "10.0.0.1:8080" in texts(page, "#detail-shop_web0000_80 td")
    assert len(page.find_elements("css selector", "#backends .slot.ready")) == 4
    assert len(page.find_elements("css selector", "#backends .slot.drain")) == 2
    assert len(page.find_elements("css selector", "#backends .slot.free")) == 14


def test_the_head_tells_haproxy_last_cycle_and_reloads_by_reason(page):
    until(page, "document.getElementById('haproxy').textContent.startsWith('2.8.25')")

    assert texts(page, "#sentence") == ["shop/web0: 1 endpoint came"]
    assert texts(page, "#reloads") == ["1 · NEW_BACKEND 1"]


def test_a_slot_that_changes_is_seen_without_a_new_page(page, view):
    view.add("shop_api_80", "shop/api:80", 7)
    view.sentence = "shop/api: 3 endpoints came"

    until(page, "document.querySelectorAll('tbody th button').length === 3")
    until(page, "document.getElementById('sentence').textContent.includes('shop/api')")


def test_an_open_detail_and_the_focus_survive_an_update(page, view):
    page.execute_script("document.querySelector('.slots .slot').focus()")
    view.add("shop_web0000_80", "shop/web0000:80", 0, pod="shop/api-")

    until(page, "document.querySelector('#detail-shop_web0000_80').textContent.includes('shop/api-1')")

    assert page.find_element("id", "detail-shop_web0000_80").is_displayed()
    assert focused(page).startswith("s1: ready")


def test_a_name_from_a_pod_is_shown_as_text_and_never_run(page, view):
    view.add("shop_web0000_80", f"shop/{HOSTILE}:80", 0, pod=HOSTILE)
    view.complain("web", HOSTILE)

    until(page, "document.getElementById('problem-list').textContent.includes('onerror')")

    assert page.find_elements("css selector", "img") == []
    assert page.title == "hadyn: slots"
    assert any(HOSTILE in text for text in texts(page, "tbody th small"))


def test_the_browser_had_nothing_to_complain_about(page):
    until(page, "document.getElementById('version').textContent === '0.1.0'")

    assert [entry["message"] for entry in page.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


def test_every_slot_has_a_name_for_those_who_cannot_see_it(page):
    names = page.execute_script(
        "return [...document.querySelectorAll('.slots .slot')].map((slot) => slot.getAttribute('aria-label'))"
    )

    assert names[0].startswith("s1: ready for")
    assert "shop/web-6865546d4-1" in names[0]
    assert "1 session" in names[0]
    assert all(names)


def test_slots_can_be_walked_with_the_arrow_keys(page):
    page.execute_script("document.querySelector('.slots .slot').focus()")

    press(page, "ARROW_RIGHT")
    press(page, "ARROW_DOWN")

    assert focused(page).startswith("s2: ready")
    assert "10.0.1.2:8080" in texts(page, "#tip")[0]


def test_a_slash_leads_to_the_search(page):
    press(page, "/")

    assert focused(page) == "search"


def test_a_haproxy_that_is_gone_is_told_and_what_was_shown_stays(page, view):
    view.haproxy_answers = False

    until(page, "!document.getElementById('lost').hidden")

    assert "cannot reach HAProxy" in texts(page, "#lost")[0]
    assert len(texts(page, "tbody th button")) == 2

    view.haproxy_answers = True
    until(page, "document.getElementById('lost').hidden")


class TestAThousandBackends:
    @pytest.fixture
    def view(self):
        return ShopView(backends=1000)

    def test_they_come_in_pages(self, page):
        assert texts(page, "#range") == ["1 to 25 of 1,000"]

        page.find_element("id", "next").click()

        until(page, "document.getElementById('range').textContent === '26 to 50 of 1,000'")
        assert texts(page, "tbody th button")[0] == "shop_web0025_80"

    def test_a_search_finds_one_of_them(self, page):
        page.find_element("id", "search").send_keys("shop/web0777")

        until(page, "document.getElementById('range').textContent === '1 to 1 of 1'")
        assert texts(page, "tbody th button") == ["shop_web0777_80"]

    def test_a_search_for_nobody_says_so(self, page):
        page.find_element("id", "search").send_keys("nobody")

        until(page, "!document.getElementById('nothing').hidden")

    def test_an_address_with_a_search_can_be_handed_on(self, page):
        page.get(page.current_url + "?search=web077&offset=0")

        until(page, "document.getElementById('range').textContent === '1 to 10 of 10'")

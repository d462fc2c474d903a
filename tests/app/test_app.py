"""The page to try photographs on: what it takes and refuses, its queue, and a visit in a real Chromium."""

import io
import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pillow_heif
import pytest
import requests
from PIL import Image
from playwright.sync_api import expect, sync_playwright
from serving import listening

from cmm.app import uploads
from cmm.app.uploads import decoded
from cmm.app.workshop import MOST_RESULTS, MOST_WAITING, Busy, Workshop
from cmm.core.errors import UserError
from cmm.datasets.actors.make_actors import Settings, render_clip

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUICK = {"method": "cmm_mesh", "modes": 1, "frames": 4}


def written(picture, kind="PNG", **options):
    """Bytes of a picture."""
    target = io.BytesIO()
    Image.fromarray(picture).save(target, kind, **options)
    return target.getvalue()


@pytest.fixture(scope="module")
def face():
    return render_clip(3, "posed", Settings(size=256, fps=12))[0][0]


@pytest.fixture(scope="module")
def two(face):
    return np.hstack([face, face[:, ::-1]])


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("app")
    with listening(["app"], folder) as (address, _):
        yield address
    assert not [*folder.iterdir()], "nothing is written"


def ask(address, data, **words):
    return requests.post(f"{address}/smiles", params=QUICK | words, data=data, timeout=120)


def test_a_picture_gives_films_animations_and_stills_that_say_what_they_are(address, face):
    answer = ask(address, written(face))
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert made["sequences"] == ["conditional", "mode 1"]
    assert (made["width"], made["height"], made["notes"]) == (256, 256, [])
    at = f"{address}/smiles/{made['result']}"
    for sequence, width in (("mode 1", 256), ("all", 2 * 384)):
        film = requests.get(f"{at}/{sequence}.mp4", timeout=30)
        assert film.headers["Cache-Control"] == "no-store"
        with av.open(io.BytesIO(film.content)) as container:
            assert '"synthetic": true' in container.metadata["comment"]
            assert container.streams.video[0].width == width
            assert len([*container.decode(video=0)]) == 4
    for kind in ("gif", "webp", "png"):
        with Image.open(io.BytesIO(requests.get(f"{at}/mode 1.{kind}", timeout=30).content)) as image:
            assert image.format == kind.upper()
            image.load()
            if kind == "png":
                assert "trainedAlgorithmicMedia" in image.info["XML:com.adobe.xmp"]
    measured = requests.get(f"{at}/measured", timeout=60).json()
    assert len(measured["curves"]["AU12"]["mode 1"]) == 4
    assert measured["meshes"].keys() == {"conditional", "mode 1"}
    assert requests.get(f"{at}/mode 7.mp4", timeout=30).status_code == 422
    assert requests.get(f"{address}/smiles/unknown/all.mp4", timeout=30).json()["detail"].endswith("generate it again")


def test_of_several_faces_one_is_chosen(address, two, face):
    answer = ask(address, written(two))
    assert answer.status_code == 409
    told = answer.json()
    assert len(told["faces"]) == 2
    assert told["faces"][0][2] < 0.5 < told["faces"][1][0], "from left to right"
    assert told["picture"].startswith("data:image/jpeg;base64,")
    assert ask(address, written(two), face=2).json()["width"] == 512
    assert ask(address, written(two), face=3).json()["detail"] == "--face 3: the picture shows 2 faces"


def test_what_cannot_be_is_one_line_and_the_next_is_served(address, face):
    blank = written(np.full((64, 64, 3), 120, np.uint8))
    said = {
        "no face found in the picture": ask(address, blank),
        "this is no picture that can be read": ask(address, b"#!/bin/sh\necho hello"),
        "the picture is damaged": ask(address, written(face)[:4000]),
        "no picture came": ask(address, b""),
        "the picture has more than 25 MB": ask(address, bytes(uploads.MOST_BYTES + 1)),
        "the picture has 9000 x 9000 pixels: at most 60 million": ask(address, huge()),
        "cmm_mesh has not learned 'grin'": ask(address, b"x", expression="grin"),
        "strength 7.0 is not between": ask(address, b"x", strength=7),
        "frames 500: at most 128 on this page": ask(address, b"x", frames=500),
        "no method 'other'": ask(address, b"x", method="other"),
    }
    for message, answer in said.items():
        assert answer.status_code == 422, answer.text
        assert message in answer.json()["detail"]
    other = {"Origin": "http://elsewhere.example"}
    assert requests.post(f"{address}/smiles", params=QUICK, data=b"x", headers=other, timeout=30).status_code == 403
    assert requests.get(address, headers={"Host": "elsewhere.example"}, timeout=30).status_code == 400
    assert ask(address, written(face)).status_code == 200


def huge():
    """A small file whose picture would be large."""
    return written(np.zeros((9000, 9000), np.uint8))


def test_ten_at_once_are_served_one_after_the_other_each_with_its_own(address, face):
    sizes = [200 + 8 * i for i in range(10)]
    data = [written(np.asarray(Image.fromarray(face).resize((size, size)))) for size in sizes]
    with ThreadPoolExecutor(10) as pool:
        answers = [*pool.map(lambda one: ask(address, one), data)]
    assert [answer.status_code for answer in answers] == [200] * 10
    assert [answer.json()["width"] for answer in answers] == sizes
    assert len({answer.json()["result"] for answer in answers}) == 10


def test_the_queue_has_an_end_and_an_order():
    workshop, go = Workshop({}), threading.Event()
    futures = [workshop.submit(str(i), go.wait) for i in range(MOST_WAITING)]
    assert [workshop.before(str(i)) for i in (0, 1, MOST_WAITING - 1)] == [0, 1, MOST_WAITING - 1]
    with pytest.raises(Busy):
        workshop.submit("late", go.wait)
    with pytest.raises(Busy):
        workshop.check_room()
    go.set()
    assert all(future.result() for future in futures)
    workshop.submit("again", go.wait).result()
    assert workshop.before("none") is None


def test_a_ticket_stands_for_one_place_in_the_queue():
    workshop, go = Workshop({}), threading.Event()
    workshop.submit("mine", go.wait)
    with pytest.raises(UserError, match="waits already"):
        workshop.submit("mine", go.wait)
    go.set()


def test_the_oldest_results_go(monkeypatch):
    from cmm.app import workshop as module

    workshop = Workshop({})
    names = [workshop._keep(module.Result("m", {}, {}, [], 0.0, (1, 1))) for _ in range(MOST_RESULTS + 1)]
    workshop.result(names[-1])
    with pytest.raises(UserError, match="not kept any more"):
        workshop.result(names[0])
    monkeypatch.setattr(module, "SECONDS", -1)
    workshop.forget()
    assert not workshop.results, "without that anybody asks"


@pytest.mark.parametrize("kind", ["JPEG", "HEIF"])
def test_pictures_of_telephones_come_upright(kind):
    """Turned by their EXIF; the top is red."""
    pillow_heif.register_heif_opener()
    upright = np.zeros((96, 64, 3), np.uint8)
    upright[:30, :, 0] = 250
    exif = Image.Exif()
    exif[274] = 6  # to be turned clockwise
    turned = np.ascontiguousarray(np.rot90(upright))
    picture = decoded(written(turned, kind, exif=exif.tobytes(), quality=95), 1280)
    assert picture.shape == (96, 64, 3)
    assert picture[:24, :, 0].mean() > 200
    assert picture[40:].mean() < 30


def test_what_is_transparent_lies_on_white_and_large_ones_are_made_small():
    clear = np.zeros((40, 80, 4), np.uint8)
    assert decoded(written(clear), 1280).min() == 255
    assert decoded(written(np.zeros((400, 800), np.uint8)), 200).shape == (100, 200, 3)


def test_odd_pictures_are_read_or_refused_in_one_line(face):
    deep = (face[..., 0].astype(np.uint16)) * 257
    target = io.BytesIO()
    Image.fromarray(deep).save(target, "PNG")
    np.testing.assert_allclose(decoded(target.getvalue(), 1280)[..., 0], face[..., 0], atol=1)
    exif = Image.Exif()
    exif[274] = 6
    whole, rng = written(face[:64, :64], "JPEG", exif=exif.tobytes()), np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for place in rng.integers(2, len(data), 3):
            data[place] = rng.integers(256)
        try:
            assert decoded(bytes(data), 1280).ndim == 3
        except UserError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017 - either is right


def test_without_the_extra_heic_is_told_so(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    with pytest.raises(UserError, match="pip install pillow-heif; or save it as JPEG"):
        decoded(b"\0\0\0\x18ftypheic" + bytes(100), 1280)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)")
def test_a_visit(tmp_path, face, two):
    """Upload, generate, play, measure, download; several faces; what is no picture; the server gone."""
    (tmp_path / "me.png").write_bytes(written(face))
    (tmp_path / "two.png").write_bytes(written(two))
    (tmp_path / "text.png").write_bytes(b"no picture")
    with listening(["app"], tmp_path) as (address, server), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(accept_downloads=True).new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        go = page.get_by_role("button", name="smile", exact=True)
        expect(go).to_be_disabled()
        page.set_input_files("#file", tmp_path / "me.png")
        page.fill("#frames", "6")
        go.click()
        videos = page.locator("#films video")
        expect(videos).to_have_count(4, timeout=60_000)
        page.wait_for_function(
            "() => [...document.querySelectorAll('#films video')].every(v => v.currentTime > 0 && !v.loop)"
        )
        expect(page.locator("#state")).to_contain_text("4 smiles of 256 x 256 pixels")
        with page.expect_download() as download:
            page.get_by_role("link", name="gif").nth(1).click()
        assert download.value.suggested_filename == "me_smile_2.gif"
        assert Image.open(download.value.path()).format == "GIF"
        with page.expect_download() as download:
            page.get_by_role("link", name="mp4").nth(0).click()
        assert download.value.suggested_filename == "me_smile_1.mp4"
        gone = {"detail": "this result is not kept any more: generate it again"}
        page.route("**/*.gif", lambda route: route.fulfill(status=422, json=gone))
        page.get_by_role("link", name="gif").nth(0).click()
        expect(page.locator("#trouble")).to_contain_text(gone["detail"])
        page.evaluate("document.querySelector('#films video').addEventListener('ended', () => (window.once = 1))")
        page.wait_for_function("() => window.once && !document.querySelector('#films video').ended")  # and once more
        page.get_by_role("button", name="show mesh and action units").click()
        expect(page.locator("#curves svg")).to_have_count(2, timeout=60_000)
        page.get_by_role("button", name="hide them").click()
        expect(page.locator("#curves svg")).to_have_count(0)

        with page.expect_response(lambda response: "smiles?" in response.url):
            go.click()
            page.set_input_files("#file", tmp_path / "two.png")  # while the other is painted
        expect(go).to_be_enabled()
        expect(videos).to_have_count(0)
        go.click()
        page.get_by_role("button", name="face 2").click(timeout=60_000)
        expect(page.locator("#state")).to_contain_text("512 x 256 pixels", timeout=60_000)

        page.set_input_files("#file", tmp_path / "text.png")
        go.click()
        expect(page.locator("#trouble")).to_contain_text("this is no picture", timeout=60_000)
        server.send_signal(signal.SIGKILL)
        server.wait(timeout=30)
        go.click()
        expect(page.locator("#trouble")).to_contain_text("does not answer", timeout=60_000)
        assert not errors
        browser.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["me.png", "text.png", "two.png"], "nothing is left"

"""Who may ask: this machine's own page and programs, or whoever has the token."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from yarl import URL

from server.access import Access, OpenToAll, is_loopback, make_token
from server.refusals import Refused

TOKEN = "a-token-that-is-long-enough"


def status(access: Access, method: str = "GET", upgrade: bool = False, cookies=None, token=None, **headers: str) -> int:
    """What a request is answered with: 200 where it is let in."""
    given_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        access.check(method, {"Host": "127.0.0.1:8188"} | given_headers, token, cookies or {}, upgrade)
    except Refused as error:
        return error.status
    return 200


@pytest.mark.parametrize("host", ["127.0.0.1:8188", "localhost", "LOCALHOST:1", "[::1]:8188", "localhost.:80"])
def test_a_program_on_this_machine_needs_nothing(host):
    assert status(Access(), "POST", Host=host) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8188", "", "localhost@evil.example", "[::1", "0.0.0.0"]
)
def test_another_name_that_was_pointed_here_is_refused(host):
    assert status(Access(), Host=host) == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8188", "https://127.0.0.1:8188"])
def test_our_own_page_may_post(origin):
    assert status(Access(), "POST", Origin=origin, Sec_Fetch_Site="same-origin") == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://localhost:8188", "http://127.0.0.1:3000", "", "://", "http://[::1"],
)
@pytest.mark.parametrize("upgrade", [False, True])
def test_another_page_may_neither_post_nor_listen(origin, upgrade):
    assert status(Access(), "GET" if upgrade else "POST", upgrade, Origin=origin) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_not_show_our_pictures_either(site):
    assert status(Access(), Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image") == 403


def test_a_link_from_another_page_may_be_followed_but_not_framed():
    visit = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert status(Access(), **visit, Sec_Fetch_Dest="document") == 200
    assert status(Access(), **visit, Sec_Fetch_Dest="iframe") == 403
    assert status(Access(), "POST", **visit, Sec_Fetch_Dest="document") == 403


@pytest.mark.parametrize("listen", ["0.0.0.0", "::", "192.168.1.4", "example.org", ""])
def test_listening_to_others_needs_a_token(listen):
    with pytest.raises(OpenToAll, match="--token"):
        Access(listen=listen)
    assert status(Access(listen=listen, token=TOKEN)) == 401


@pytest.mark.parametrize("listen", ["127.0.0.1", "localhost", "::1", "127.3.2.1", "[::1]"])
def test_listening_to_oneself_needs_none(listen):
    assert is_loopback(listen) and Access(listen=listen)


def test_a_token_that_can_be_guessed_is_refused():
    with pytest.raises(OpenToAll, match="16"):
        Access(token="short")
    assert len({make_token() for _ in range(50)}) == 50


def test_the_token_opens_by_header_by_address_and_by_cookie():
    access = Access(listen="0.0.0.0", token=TOKEN)
    assert status(access, Host="box.example", Authorization=f"Bearer {TOKEN}") == 200
    assert status(access, Host="box.example", Authorization=f"bearer  {TOKEN} ") == 200
    assert status(access, Host="box.example", token=TOKEN) == 200
    assert status(access, Host="box.example", cookies={access.cookie: access.cookie_value}) == 200


@given(some.text(), some.text())
def test_nothing_else_opens(guess, cookie):
    access = Access(listen="0.0.0.0", token=TOKEN)
    assert status(access, token=guess, Authorization=f"Bearer {guess}", cookies={access.cookie: cookie}) == 401


def test_the_cookie_does_not_tell_the_token_and_is_another_for_another_token():
    one, other = Access(token=TOKEN), Access(token=TOKEN + "!")
    assert TOKEN not in one.cookie + one.cookie_value
    assert one.cookie != other.cookie and one.cookie_value != other.cookie_value


def test_a_token_does_not_let_another_page_in():
    access = Access(listen="0.0.0.0", token=TOKEN)
    assert status(access, "POST", Host="box", Origin="http://evil", cookies={access.cookie: access.cookie_value}) == 403


def test_an_address_with_the_token_becomes_a_cookie_and_is_shown_without_it(served, run):
    access = Access(token=TOKEN)

    async def ask():
        async with served(access=access) as client:
            stranger = await client.get("/api/v1/queue")
            health = await client.get("/health")
            wrong = await client.get("/?token=wrong-but-just-as-long-as-it", allow_redirects=False)
            visit = await client.get(f"/?token={TOKEN}&a=1", allow_redirects=False)
            astray = URL(f"{client.make_url('/')}/elsewhere/?token={TOKEN}", encoded=True)
            led = await client.session.get(astray, allow_redirects=False)
            again = await client.get("/api/v1/queue", cookies={access.cookie: access.cookie_value})
            return stranger, health, wrong, visit, led, again

    stranger, health, wrong, visit, led, again = run(ask())
    assert led.headers["Location"] == "/elsewhere/", "not //elsewhere/, which is another server"
    assert (stranger.status, health.status, wrong.status, visit.status, again.status) == (401, 200, 401, 303, 200)
    assert "Bearer" in stranger.headers["WWW-Authenticate"]
    assert visit.headers["Location"] == "/?a=1"
    cookie = visit.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and TOKEN not in cookie

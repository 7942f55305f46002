"""Other systems are told of moves once, signed, whatever they answer and whatever the workers do."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import socket
import ssl
import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from hbreview import clock
from hbreview.acts.telling_machines import add_webhook, end_webhook, retry_delivery
from hbreview.config import Settings, SettingsError
from hbreview.extensions import db
from hbreview.model import Entry, Submission, Webhook, WebhookDelivery
from hbreview.notices import webhook_sending, webhooks
from hbreview.words import MailState
from hbreview.workflow.errors import HiddenError, InvalidError
from hbreview.workflow.journal import Deed
from tests.desks.machines import origin_of
from tests.notices.addressed import enter
from tests.notices.hook_server import HookServer, hook_server
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HERE = ("127.0.0.1",)


def tell(world: World, server: HookServer, *events: str) -> str:
    """The server is told of these acts; its secret."""
    settings = world.app.config["SETTINGS"]
    world.app.config["SETTINGS"] = dataclasses.replace(settings, webhook_hosts=HERE)
    by = origin_of(world, "admin")
    with world.app.app_context():
        return add_webhook(f"{server.url}/hook?to=us", events or webhooks.EVENTS, allowed=HERE, origin=by)


def deliveries(world: World) -> list[WebhookDelivery]:
    with world.app.app_context():
        return list(db.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))


def withdraw(world: World) -> Submission:
    submission = world.submission("submitted")
    assert world.fire(world.enterprise(submission), submission, "withdraw").status_code == 303
    return submission


def later(minutes: int) -> time_machine.travel:
    return time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True)


@only_sqlite
def test_a_move_is_told_once_signed_and_with_nobodys_name(world: World) -> None:
    with hook_server() as server:
        secret = tell(world, server)
        submission = withdraw(world)
        assert webhooks.turn(world.app) > 0 and webhooks.turn(world.app) == 0
        ((headers, body),) = server.told
    said = json.loads(body)
    assert (said["event"], said["submission"], said["state"]) == ("withdraw", submission.public_id, "draft")
    assert set(said) == {"id", "event", "at", "round", "submission", "state"}
    assert (headers["X-Hbreview-Event"], headers["X-Hbreview-Delivery"]) == ("withdraw", said["id"])
    stamped, _comma, given = headers["X-Hbreview-Signature"].partition(",")
    moment = stamped.removeprefix("t=")
    wanted = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert given == f"v1={wanted}" and abs(int(moment) - int(clock.now().timestamp())) < 60
    assert [(one.state, one.tries) for one in deliveries(world)] == [(MailState.SENT, 1)]


@only_sqlite
def test_only_what_was_chosen_is_told_and_only_what_went_through(world: World) -> None:
    with hook_server() as server:
        tell(world, server, "round_close")
        withdraw(world)
        enter(world, Deed(act="round_close", result="refused"), login="province")
        with pytest.raises(ZeroDivisionError):
            enter(world, Deed(act="round_close"), login="province", fails=True)
        assert webhooks.turn(world.app) == 0
        with world.app.app_context():
            assert db.session.scalars(select(Webhook.cursor)).one() == db.session.scalar(
                select(Entry.sequence).order_by(Entry.sequence.desc())
            )
        enter(world, Deed(act="round_close"), login="province")
        webhooks.turn(world.app)
        assert [body["event"] for body in server.bodies()] == ["round_close"]


@only_sqlite
@pytest.mark.parametrize("answer", [500, 404, 302, 307, 0])
def test_what_is_not_taken_is_told_again_later_and_no_redirect_followed(world: World, answer: int) -> None:
    with hook_server() as server:
        server.answers = [answer, 200]
        tell(world, server, "withdraw")
        withdraw(world)
        webhooks.turn(world.app)
        (one,) = deliveries(world)
        assert (one.state, one.tries, len(server.told)) == (MailState.WAITING, 1, 1)
        assert one.fault == f"HTTP {answer}" if answer else one.fault
        assert webhooks.turn(world.app) == 0  # not before a minute has passed
        with later(2):
            webhooks.turn(world.app)
            webhooks.turn(world.app)
        (one,) = deliveries(world)
        assert (one.state, one.tries, one.fault) == (MailState.SENT, 2, "")
        assert len({json.dumps(body) for body in server.bodies()}) == 1 and len(server.told) == 2


@only_sqlite
def test_it_is_given_up_after_eight_tries_and_tried_once_more_when_somebody_asks(world: World) -> None:
    with hook_server() as server:
        server.answers = [503]
        tell(world, server, "withdraw")
        withdraw(world)
        for hours in range(12):
            with later(61 * hours):
                webhooks.turn(world.app)
        (one,) = deliveries(world)
        assert (one.state, one.tries, len(server.told)) == (MailState.FAILED, 8, 8)
        server.answers = [200]
        by = origin_of(world, "admin")
        with world.app.app_context():
            hook = db.session.scalars(select(Webhook.public_id)).one()
            retry_delivery(hook, str(one.sequence), origin=by)
            with pytest.raises(HiddenError):
                retry_delivery(hook, "999999", origin=by)
        webhooks.turn(world.app)
        assert [found.state for found in deliveries(world)] == [MailState.SENT]
        with world.app.app_context():
            retry_delivery(hook, str(one.sequence), origin=by)
        assert webhooks.turn(world.app) == 0


@only_sqlite
def test_an_address_that_is_ill_does_not_keep_others_waiting(world: World) -> None:
    with hook_server() as ill, hook_server() as well:
        ill.answers = [500]
        tell(world, ill, "withdraw", "submit")
        tell(world, well, "withdraw", "submit")
        for act in ("submit", "withdraw", "submit"):
            enter(world, Deed(act=act), login="province")
        webhooks.turn(world.app)
        assert (len(ill.told), len(well.told)) == (1, 3)


@only_sqlite
def test_an_address_that_was_taken_out_is_told_nothing_more(world: World) -> None:
    with hook_server() as server:
        server.answers = [500]
        tell(world, server, "withdraw")
        withdraw(world)
        webhooks.turn(world.app)
        by = origin_of(world, "admin")
        with world.app.app_context():
            end_webhook(db.session.scalars(select(Webhook.public_id)).one(), origin=by)
        enter(world, Deed(act="withdraw"), login="province")
        with later(5):
            webhooks.turn(world.app)
        assert len(server.told) == 1
        assert [(one.state, one.fault) for one in deliveries(world)] == [(MailState.FAILED, webhooks.ENDED)]


@only_sqlite
def test_a_worker_that_dies_before_it_sends_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class DiedError(BaseException):
        pass

    def die(*_given: Any, **_more: Any) -> int:
        raise DiedError

    with hook_server() as server:
        tell(world, server, "withdraw")
        withdraw(world)
        with monkeypatch.context() as patched:
            patched.setattr(webhooks, "post", die)
            with pytest.raises(DiedError):
                webhooks.turn(world.app)
        assert webhooks.turn(world.app) == 0 and server.told == []  # it is still that worker's
        with later(3):
            webhooks.turn(world.app)
        assert len(server.told) == 1 and deliveries(world)[0].state is MailState.SENT


def test_two_workers_tell_each_move_once(world: World) -> None:
    with hook_server() as server:
        tell(world, server, "withdraw", "submit")
        for place in range(12):
            enter(world, Deed(act=("withdraw", "submit")[place % 2]), login="province")
        start = threading.Barrier(2)
        faults: list[BaseException] = []

        def work() -> None:
            start.wait()
            try:
                for _turn in range(3):
                    webhooks.turn(world.app)
            except BaseException as fault:
                faults.append(fault)

        threads = [threading.Thread(target=work) for _worker in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert sorted(body["id"] for body in server.bodies()) == sorted({body["id"] for body in server.bodies()})
        assert len(server.told) == len(deliveries(world)) == 12
    assert world.faults() == []


@pytest.mark.parametrize(
    ("url", "means", "message"),
    [
        ("https://hooks.example/x", "93.184.215.14", ""),
        ("https://hooks.example:8443/x?y=1", "2606:2800:220:1::1", ""),
        ("http://hooks.example/x", "93.184.215.14", "must begin with https"),
        ("https://u:p@hooks.example/", "93.184.215.14", "no user"),
        ("https://hooks.example/#x", "93.184.215.14", "no user"),
        ("ftp://hooks.example/", "93.184.215.14", "no address"),
        ("https:///x", "93.184.215.14", "no address"),
        ("https://hooks.example:0/", "93.184.215.14", "no address"),
        ("https://hooks.example:99999/", "93.184.215.14", "no address"),
        ("https://hooks.example/ x", "93.184.215.14", "no address"),
        ("https://hooks.example\\@inside/", "93.184.215.14", "no address"),
        ("", "", "no address"),
        ("https://hooks.example/" + "x" * 500, "93.184.215.14", "no address"),
        ("https://nowhere.example/", "", "cannot be found"),
        *((f"https://{host}/", host, "private network") for host in (
            "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
            "224.0.0.1",
        )),
        *(("https://hooks.example/", address, "private network") for address in (
            "10.0.0.1", "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1",
        )),
        ("https://inside.example/", "10.0.0.1", ""),
        ("http://inside.example/", "10.0.0.1", ""),
    ],
)  # fmt: skip
def test_addresses_that_may_be_told(url: str, means: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(_host: str, port: int, **_more: Any) -> list[Any]:
        if not means:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (means, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    fault = webhook_sending.address_fault(url, allowed=("inside.example",))
    assert (fault is None) is (message == "") and (fault is None or message in fault.message), fault


def test_a_name_that_comes_to_mean_a_machine_inside_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    with hook_server() as server:
        port = int(server.url.rpartition(":")[2])
        moved = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_more: moved)
        with pytest.raises(webhook_sending.AddressRefusedError):
            webhook_sending.post(f"http://hooks.example:{port}/", b"{}", headers={}, allowed=())
        assert server.told == []
        status = webhook_sending.post(f"http://hooks.example:{port}/", b"{}", headers={}, allowed=("hooks.example",))
        assert status == 204 and len(server.told) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_answers_too_slowly_is_left(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_sending, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            talk, _address = server.accept()
            with talk:
                for _byte in range(40):
                    try:
                        talk.sendall(b"H" if scheme == "http" else b"\x16")
                    except OSError:
                        return
                    threading.Event().wait(0.05)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        began = clock.now()
        with pytest.raises((OSError, webhooks.HTTPException, ssl.SSLError)):
            webhook_sending.post(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/", b"{}", headers={}, allowed=HERE)
        assert clock.now() - began < timedelta(seconds=1.5)


@only_sqlite
def test_what_cannot_be_added(world: World) -> None:
    by = origin_of(world, "admin")
    with world.app.app_context():
        for url, events, fields in (
            ("http://127.0.0.1/", ("submit",), ["url"]), ("https://127.0.0.1/", ("submit",), ["url"]),
            ("https://127.0.0.1/", (), ["url", "events"]), ("x", ("comment",), ["url", "events"]),
        ):  # fmt: skip
            with pytest.raises(InvalidError) as refused:
                add_webhook(url, events, allowed=(), origin=by)
            assert [reason.field for reason in refused.value.reasons] == fields
        assert db.session.scalars(select(Webhook)).all() == []


def test_hosts_inside_are_named_by_the_operator(tmp_path: Any) -> None:
    env = {"HBREVIEW_INSTANCE": str(tmp_path)}
    assert Settings.read(env).webhook_hosts == ()
    found = Settings.read(env | {"HBREVIEW_WEBHOOK_HOSTS": "Data.hebei.local, 10.1.2.3"})
    assert found.webhook_hosts == ("data.hebei.local", "10.1.2.3")
    with pytest.raises(SettingsError):
        Settings.read(env | {"HBREVIEW_WEBHOOK_HOSTS": "https://x/"})

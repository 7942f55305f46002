"""The smallest pages that do the same work over the same tables: login, queue, submission, comment, approval.

No policy, no CSRF, no translations, no guards beyond state and version. One file on purpose: it is a yardstick.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, g, redirect, render_template, request, session
from jinja2 import DictLoader
from sqlalchemy import Connection, Engine, MetaData, create_engine, event, func, insert, select, update
from werkzeug.wrappers import Response as Answer

PAGE = 50
PAGES = {
    "layout": """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>bare</title>
<link rel="stylesheet" href="/static/x.css"></head><body><nav>{{ g.person.name }}</nav>
<main>{% block main %}{% endblock %}
</main></body></html>""",
    "queue": """{% extends "layout" %}{% block main %}<h1>Submissions</h1>
<form><input name="q" value="{{ args.q }}"><select name="city">{% for key, name in labels.regions.items() %}
<option value="{{ key }}"{{ " selected" if args.city == key }}>{{ name }}</option>{% endfor %}</select></form>
<p>{% for state, count in counts %}<a href="?state={{ state }}">{{ state }} {{ count }}</a> {% endfor %}</p>
<table>{% for row in rows %}<tr><td><a href="/submissions/{{ row.public_id }}">{{ row.name }}</a></td>
<td>{{ labels.regions[row.region] }}</td><td>{{ row.programme }}</td><td>{{ row.state }}</td>
<td>{{ row.moved_at.strftime("%Y-%m-%d") }}</td></tr>{% endfor %}</table>
{% if more %}<a href="?after={{ more }}">Next</a>{% endif %}{% endblock %}""",
    "submission": """{% extends "layout" %}{% block main %}<h1>{{ row.organisation_name }}</h1><p>{{ row.state }}</p>
{% for name, fields in labels.sections %}<section><h2>{{ name }}</h2>{% for key, label, unit in fields %}
<div id="field-{{ key }}"><label>{{ label }}</label><output>{{ answers.get(key, "") }} {{ unit }}</output>
{% for file in files.get(key, ()) %}<a href="/attachments/{{ file.public_id }}">{{ file.name }}</a>{% endfor %}</div>
{% endfor %}</section>{% endfor %}
<ol>{% for entry in course %}<li>{{ entry.act }} {{ entry.actor }} {{ entry.at }}</li>{% endfor %}</ol>
{% if opinion %}<p>{{ opinion.opinion }}</p>{% endif %}
{% for order, label, weight in labels.indicators %}<details><summary>{{ order }} {{ label }} {{ weight }}</summary>
{% with comments = threads.get(order, ()) %}{% include "thread" %}{% endwith %}</details>{% endfor %}
<form method="post" action="/submissions/{{ row.public_id }}/approve"><textarea name="opinion"></textarea></form>
{% endblock %}""",
    "thread": """<div id="thread-{{ order }}">{% for comment in comments %}
<article id="comment-{{ comment.public_id }}">
<p>{{ comment.role }} {{ comment.created_at.strftime("%Y-%m-%d %H:%M") }} {{ "blocking" if comment.blocking }}</p>
<p>{{ comment.body }}</p>
<form method="post" action="/comments/{{ comment.public_id }}/resolve"><button>Resolve</button></form>
<form method="post" action="{{ here }}/{{ order }}/comments">
<input type="hidden" name="parent" value="{{ comment.public_id }}">
<textarea name="body"></textarea><button>Reply</button></form></article>{% endfor %}
<form method="post" action="{{ here }}/{{ order }}/comments">
<textarea name="body"></textarea><button>Comment</button></form>
</div>""",
}


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def set_up(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            for line in ("busy_timeout = 15000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {line}")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            writing = connection.get_execution_options().get("writing")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def create_bare(url: str, labels_file: Path) -> Flask:  # noqa: C901, PLR0915 - views as closures, as small as can be
    """The bare application; its engine is in ``app.config["ENGINE"]``."""
    app, engine = Flask(__name__, static_folder=None), _engine(url)
    app.secret_key = "bare"
    app.jinja_loader = DictLoader(PAGES)
    app.config["ENGINE"] = engine
    labels = json.loads(labels_file.read_text(encoding="utf-8"))
    metadata = MetaData()
    metadata.reflect(engine)
    t = metadata.tables
    submissions, organisations, comments, people = t["submissions"], t["organisations"], t["comments"], t["people"]
    sign_ins, journal, head = t["sign_ins"], t["journal"], t["journal_head"]

    @app.before_request
    def door() -> Answer | None:
        if request.endpoint in {"alive", "enter"}:
            return None
        g.connection = engine.connect()
        digest = hashlib.sha256(session.get("token", "").encode()).hexdigest()
        g.person = g.connection.execute(
            select(people, sign_ins.c.seen_at)
            .join(sign_ins, sign_ins.c.person_id == people.c.id)
            .where(sign_ins.c.token_digest == digest, sign_ins.c.ended_at.is_(None))
        ).first()
        return None if g.person else redirect("/login/x")

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        if "connection" in g:
            g.connection.close()

    @app.get("/healthz")
    def alive() -> str:
        return "ok"

    @app.get("/login/<token>")
    def enter(token: str) -> str:
        session["token"] = token
        return "ok"

    def seen() -> list[Any]:
        return [submissions.c.region == g.person.region] if g.person.region else []

    @app.get("/submissions")
    def queue() -> str:
        args = request.args
        where = [submissions.c.round_id == 1, *seen()]
        for name, column in (("city", submissions.c.region), ("programme", submissions.c.programme)):
            if args.get(name):
                where.append(column == args[name])
        if args.get("q"):
            found = select(organisations.c.id).where(organisations.c.search_name.like(f"%{args['q']}%"))
            where.append(submissions.c.organisation_id.in_(found))
        counts = g.connection.execute(select(submissions.c.state, func.count()).where(*where).group_by("state")).all()
        c = submissions.c
        query = select(c.id, c.public_id, c.programme, c.region, c.state, c.moved_at, organisations.c.name)
        query = query.join(organisations, organisations.c.id == c.organisation_id).where(*where)
        if args.get("state"):
            query = query.where(c.state == args["state"])
        if args.get("after"):
            query = query.where(c.id > int(args["after"]))
        rows = g.connection.execute(query.order_by(c.id).limit(PAGE + 1)).all()
        more = rows[PAGE - 1].id if len(rows) > PAGE else None
        return render_template("queue", rows=rows[:PAGE], counts=counts, more=more, args=args, labels=labels)

    def one(public_id: str, *, lock: bool = False) -> Any:
        query = select(submissions).where(submissions.c.public_id == public_id, *seen())
        return g.connection.execute(query.with_for_update() if lock else query).first() or abort(404)

    def thread(submission: Any, order: int | None = None) -> list[Any]:
        c = comments.c
        query = select(c.public_id, c.indicator, c.body, c.blocking, c.created_at, people.c.role).join(
            people, people.c.id == c.person_id
        )
        query = query.where(c.submission_id == submission.id).order_by(c.id)
        return list(g.connection.execute(query if order is None else query.where(c.indicator == order)))

    @app.get("/submissions/<public_id>")
    def submission(public_id: str) -> str:
        row = one(public_id)
        answers, attachments, opinions = t["answers"], t["attachments"], t["opinions"]
        ask = g.connection.execute
        given = dict(
            ask(select(answers.c.key, answers.c.value).where(answers.c.submission_id == row.id)).tuples().all()
        )
        files: dict[str, list[Any]] = {}
        for file in ask(select(attachments).where(attachments.c.submission_id == row.id)):
            files.setdefault(file.field, []).append(file)
        threads: dict[int, list[Any]] = {}
        for comment in thread(row):
            threads.setdefault(comment.indicator, []).append(comment)
        opinion = ask(select(opinions.c.opinion).where(opinions.c.submission_id == row.id)).first()
        course = ask(
            select(journal.c.act, journal.c.actor, journal.c.at)
            .where(journal.c.submission_id == row.id)
            .order_by(journal.c.sequence)
        ).all()
        return render_template(
            "submission", row=row, answers=given, files=files, threads=threads, opinion=opinion, course=course,
            labels=labels, here=f"/submissions/{public_id}/indicators",
        )  # fmt: skip

    def write() -> None:
        g.connection.close()
        g.connection = engine.connect().execution_options(writing=True)

    def record(row: Any, act: str, **more: Any) -> None:
        ask, now = g.connection.execute, datetime.now(UTC)
        last = ask(select(head).with_for_update()).one()
        facts = {
            "sequence": last.sequence + 1, "person_id": g.person.id, "actor": g.person.name, "role": g.person.role,
            "scope": "", "act": act, "submission_id": row.id, "round_id": row.round_id, "target": row.public_id,
            "data": {}, "result": "done", "address": "127.0.0.1", "request_id": secrets.token_hex(8),
            "previous": last.hash, **more,
        }  # fmt: skip
        digest = hashlib.sha256(json.dumps({**facts, "at": now.isoformat()}).encode()).hexdigest()
        ask(insert(journal).values(**facts, at=now, hash=digest))
        ask(update(head).values(sequence=facts["sequence"], hash=digest))

    @app.post("/submissions/<public_id>/indicators/<int:order>/comments")
    def comment(public_id: str, order: int) -> str:
        write()
        row = one(public_id, lock=True)
        g.connection.execute(
            insert(comments).values(
                public_id=secrets.token_hex(8), submission_id=row.id, indicator=order, person_id=g.person.id,
                body=request.form["body"], blocking=False, visibility="enterprise", revision_number=1,
                created_at=datetime.now(UTC), version=1,
            )
        )  # fmt: skip
        record(row, "comment", request_key=request.form["request_key"])
        g.connection.commit()
        here = f"/submissions/{public_id}/indicators"
        return render_template("thread", comments=thread(row, order), order=order, here=here)

    @app.post("/submissions/<public_id>/approve")
    def approve(public_id: str) -> Answer:
        write()
        row, form, now = one(public_id, lock=True), request.form, datetime.now(UTC)
        if row.state != "submitted" or row.version != int(form["version"]):
            return Response(status=409)
        attachments = t["attachments"]
        scan = g.connection.scalar(select(attachments.c.id).where(attachments.c.submission_id == row.id))
        changed = {"state": "city_reviewed", "version": row.version + 1, "moved_at": now}
        g.connection.execute(update(submissions).where(submissions.c.id == row.id).values(**changed))
        g.connection.execute(
            insert(t["opinions"]).values(
                submission_id=row.id, revision_number=1, opinion=form["opinion"], attachment_id=scan,
                seal_date=date.fromisoformat(form["seal_date"]), person_id=g.person.id, created_at=now,
            )
        )  # fmt: skip
        record(row, "approve", request_key=form["request_key"], state_from=row.state, state_to="city_reviewed")
        g.connection.commit()
        return redirect(f"/submissions/{public_id}", 303)

    return app


def from_environment() -> Flask:
    """For gunicorn: ``benchmarks.bare:from_environment()``."""
    app = create_bare(os.environ["BARE_DATABASE_URL"], Path(os.environ["BARE_LABELS"]))
    app.config["ENGINE"].dispose()
    return app

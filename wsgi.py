"""Where a server finds the application: ``gunicorn wsgi:app``, ``flask --app wsgi``."""

from hbreview import create_app

app = create_app()

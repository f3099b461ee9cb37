"""The reference of benchmarks/turns.py: the least that Flask can do, a view that answers a constant."""

from __future__ import annotations

from flask import Flask, Response


def create() -> Flask:
    """One view, no form read, no session, no database."""
    app = Flask(__name__, static_folder=None)
    body = "CON Jalur Aman\n1 Cek PT\n2 Lapor\n3 Kerja resmi\n4 Acara\n5 Syarat\n6 Bantuan\n7 Pengaturan"

    @app.post("/ussd")
    def ussd() -> Response:
        return Response(body, content_type="text/plain; charset=utf-8")

    return app

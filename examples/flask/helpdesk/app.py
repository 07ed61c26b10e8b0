"""The helpdesk: a customer, named by the proxy in front, opens tickets and reads them. It is plain WSGI."""

from itertools import count

from flask import Flask, abort, jsonify, request
from flask.typing import ResponseReturnValue

app = Flask(__name__)
tickets: dict[int, dict[str, str]] = {}
numbers = count(1)


def customer() -> str:
    """The customer whom the proxy has let in; without one nobody is served."""
    return request.headers.get("x-customer") or abort(401)


@app.post("/tickets")
def open_ticket() -> ResponseReturnValue:
    """Open a ticket."""
    subject = request.get_json().get("subject")
    if not isinstance(subject, str) or not subject:
        abort(400)
    number = next(numbers)
    tickets[number] = {"customer": customer(), "subject": subject}
    return jsonify(number=number, subject=subject), 201


@app.get("/tickets")
def list_tickets() -> ResponseReturnValue:
    """The customer's tickets."""
    mine = customer()
    return jsonify([number for number, ticket in tickets.items() if ticket["customer"] == mine])


@app.get("/tickets/<int:number>")
def read_ticket(number: int) -> ResponseReturnValue:
    """One ticket; another customer's is as unknown as none."""
    ticket = tickets.get(number)
    if ticket is None or ticket["customer"] != customer():
        abort(404)
    return jsonify(number=number, subject=ticket["subject"])

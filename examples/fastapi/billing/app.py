"""The billing API: a customer, known by an API key, makes invoices, reads them and pays them.

uvicorn billing.app:app
"""

from dataclasses import dataclass
from itertools import count
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, status
from pydantic import BaseModel, Field

# For the example only: keys belong into a store, as digests.
CUSTOMERS = {"demo-key-north": "North Ltd", "demo-key-south": "South Ltd"}


class NewInvoice(BaseModel):
    """What a customer asks to be invoiced."""

    description: str = Field(min_length=1, max_length=200)
    cents: int = Field(gt=0)


class Invoice(NewInvoice):
    """An invoice as the customer sees it."""

    number: int
    paid: bool = False


@dataclass
class Entry:
    """An invoice and whose it is."""

    customer: str
    invoice: Invoice


app = FastAPI(title="Billing API")
entries: dict[int, Entry] = {}
numbers = count(1)


def customer_of(x_api_key: Annotated[str, Header()] = "") -> str:
    """The customer whose key came with the request."""
    customer = CUSTOMERS.get(x_api_key)
    if customer is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "unknown API key")
    return customer


Customer = Annotated[str, Depends(customer_of)]


def invoice_of(number: int, customer: Customer) -> Invoice:
    """The customer's invoice of that number; another's is as unknown as none."""
    entry = entries.get(number)
    if entry is None or entry.customer != customer:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such invoice")
    return entry.invoice


@app.post("/invoices", status_code=status.HTTP_201_CREATED)
async def create_invoice(new: NewInvoice, customer: Customer) -> Invoice:
    """Make an invoice."""
    invoice = Invoice(number=next(numbers), **new.model_dump())
    entries[invoice.number] = Entry(customer, invoice)
    return invoice


@app.get("/invoices")
async def list_invoices(customer: Customer) -> list[Invoice]:
    """All invoices of the customer."""
    return [entry.invoice for entry in entries.values() if entry.customer == customer]


@app.get("/invoices/{number}")
async def read_invoice(invoice: Annotated[Invoice, Depends(invoice_of)]) -> Invoice:
    """One invoice."""
    return invoice


@app.post("/invoices/{number}/payment")
async def pay_invoice(invoice: Annotated[Invoice, Depends(invoice_of)]) -> Invoice:
    """Pay an invoice, once."""
    if invoice.paid:
        raise HTTPException(status.HTTP_409_CONFLICT, "already paid")
    invoice.paid = True
    return invoice

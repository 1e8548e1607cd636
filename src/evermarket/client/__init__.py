"""What members import: connect, place orders, follow flows. Imports the records and nothing else of the house."""

from evermarket.client.blocking import BlockingClient
from evermarket.client.client import Client
from evermarket.client.contracts import Contract, Contracts
from evermarket.client.errors import ClientError, Refused, Retryable, UnknownContract
from evermarket.client.line import Line
from evermarket.client.orders import Order, Quote
from evermarket.client.reports import Fill, Operation, OrdStatus, Report, Trade
from evermarket.client.tickets import DayTicket, fetch_ticket

__all__ = [
    "BlockingClient",
    "Client",
    "ClientError",
    "Contract",
    "Contracts",
    "DayTicket",
    "Fill",
    "Line",
    "Operation",
    "OrdStatus",
    "Order",
    "Quote",
    "Refused",
    "Report",
    "Retryable",
    "Trade",
    "UnknownContract",
    "fetch_ticket",
]

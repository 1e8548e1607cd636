"""The words of the house: 64-byte records, units, vocabularies, refusal codes. The law is docs/format.md."""

from evermarket.records.codes import REFUSALS, Code, Refusal, sentence
from evermarket.records.kinds import Kind
from evermarket.records.layout import HEADER, LAYOUT, Records, as_dtype, blank, of_kind
from evermarket.records.units import NO_PRICE, PRICE_SCALE, RECORD_BYTES

__all__ = [
    "HEADER",
    "LAYOUT",
    "NO_PRICE",
    "PRICE_SCALE",
    "RECORD_BYTES",
    "REFUSALS",
    "Code",
    "Kind",
    "Records",
    "Refusal",
    "as_dtype",
    "blank",
    "of_kind",
    "sentence",
]

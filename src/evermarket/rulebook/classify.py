"""From a security's code and the type printed in the exchange's list to our product.

Source: the types and code endings of TWSE's published list of securities; the sixth character of a warrant's code
agrees with the call or put in its CFI code on all 33,894 listed warrants. Endings of funds: L leveraged, R inverse, U
futures, K foreign currency, B bond, A active, D active bond, T multi-asset.
Known gaps: a fund's foreign component and its leverage multiple are not in the code: leverage 2 and inverse -1 are
the usual ones and come back as such, a foreign component must come with the instrument. Type texts of bonds and
entitlement certificates are ours where the list has none.
"""

from typing import Final

import msgspec

_PRODUCTS: Final[dict[str, str]] = {
    "股票": "stock",
    "特別股": "preferred",
    "創新板": "innovation",
    "ETF": "etf",
    "ETN": "etn",
    "臺灣存託憑證(TDR)": "depositary_receipt",
    "受益證券-不動產投資信託": "reit",
    "股款繳納憑證": "entitlement",
    "認股權憑證": "stock_warrant",
    "轉換公司債": "convertible_bond",
    "附認股權公司債": "bond_with_warrants",
    "公司債": "corporate_bond",
    "公債": "government_bond",
    "外國股票": "foreign_secondary",
}

WARRANT_TYPES: Final = ("上市認購(售)權證", "上櫃認購(售)權證")
_PUT_ENDINGS: Final = "PUBQY"
_CALL_ENDINGS: Final = "0123456789CXF"


class Classified(msgspec.Struct, frozen=True):
    """The product, and the leverage multiple of a fund (1 for all else)."""

    product: str
    multiple: int = 1


class Unclassified(msgspec.Struct, frozen=True):
    """A refusal: why this code and type name no product."""

    code: str
    reason: str


def classify(code: str, type_text: str) -> Classified | Unclassified:
    """The product of a security; what the list does not say is refused, not guessed."""
    if type_text in WARRANT_TYPES:
        return _classify_warrant(code)
    product = _PRODUCTS.get(type_text)
    if product is None:
        return Unclassified(code, f"type {type_text!r} of security {code} is none of the {len(_PRODUCTS) + 2} known")
    if product in ("etf", "etn"):
        return Classified(product, {"L": 2, "R": -1}.get(code[5:6], 1))
    return Classified(product)


def _classify_warrant(code: str) -> Classified | Unclassified:
    """Calls end in a digit, C (牛證), X or F; puts in P, U, B (熊證), Y or Q; F, Q, Y are not in the list we hold."""
    ending = code[5:6]
    if len(code) == 6 and ending in _PUT_ENDINGS:
        return Classified("warrant_put")
    if len(code) == 6 and ending in _CALL_ENDINGS:
        return Classified("warrant_call")
    return Unclassified(code, f"warrant code {code!r} must have six characters and a known last one")

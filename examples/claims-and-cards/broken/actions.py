"""Actions of the claims and cards assistant."""

import logging
import re

from nemoguardrails import RailsConfig
from nemoguardrails.actions import action

log = logging.getLogger(__name__)

CREDENTIALS = re.compile(r"\b(?:pin|cvv|cvc|security code)\b\D{0,15}\d{3,4}\b", re.IGNORECASE)
AMOUNT = re.compile(r"£\s?(\d[\d,]*(?:\.\d\d)?)|(\d[\d,]*(?:\.\d\d)?)\s?(?:pounds|gbp)\b", re.IGNORECASE)

# Copied from the tariff of 1 April; the tariff service replaces it in Q3.
TARIFF = {
    "abroad": "Debit card payments abroad: 2.75% of the amount, no minimum.",
    "replacement": "Replacement card: free of charge. Courier delivery: £12.",
    "cash": "Cash withdrawals in the UK: free of charge. Abroad: 2.75%, at least £1.50.",
}


@action()
async def find_card_credentials(text: str) -> bool:
    """Whether the customer typed a PIN or a card security code."""
    return CREDENTIALS.search(text) is not None


@action()
async def block_card(customer_id: str) -> bool:
    """Ask the card system to block the customer's cards."""
    log.info("card block requested for customer %s", customer_id)
    return True


@action()
async def dispute_over_limit(text: str, config: RailsConfig) -> bool:
    """Whether the disputed amount is above what a customer may dispute without a colleague."""
    limit = (config.custom_data or {}).get("dispute_self_service_limit_gbp")
    amounts = [float((pounds or words).replace(",", "")) for pounds, words in AMOUNT.findall(text)]
    return limit is not None and max(amounts, default=0.0) > limit


@action()
async def look_up_tariff(text: str) -> str:
    """The lines of the tariff that the question is about; all of them if that is not clear."""
    lines = [line for word, line in TARIFF.items() if word in text.lower()]
    return "\n".join(lines or TARIFF.values())

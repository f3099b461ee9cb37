"""Phone numbers: one canonical form (E.164), one mask. Used by every layer that meets a number."""

from __future__ import annotations

import re

import phonenumbers

from sms_service.errors import Invalid

# E.164: a plus, a country code that does not start with zero, at most fifteen digits (ITU-T E.164).
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_WRITTEN = re.compile(r"\+?\d(?:[ .\-()/]{0,3}\d){7,16}")  # a number as people write one among words
_TELLING_DIGITS = 8  # the last ones are the same in every spelling


def normalise(raw: str, country: str = "ID") -> str:
    """Return `raw` in E.164 form (`+62812...`). National forms (0812...) are read as of `country`.

    Raises Invalid when it is not a phone number; the message does not repeat the number.
    """
    text = raw.strip()
    if _E164.fullmatch(text):
        return text
    if not text.isascii() or len(text) > 32:
        raise Invalid("not a phone number")
    digits = re.sub(r"[^\d+]", "", text)
    # Gateways drop the plus, people write 62812... : both mean +62812...
    calling_code = str(phonenumbers.country_code_for_region(country))
    if re.fullmatch(rf"{calling_code}\d{{7,12}}", digits) or re.fullmatch(r"(670|60)\d{7,10}", digits):
        digits = "+" + digits
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException as error:
        raise Invalid("not a phone number") from error
    formatted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number) or not _E164.fullmatch(formatted):
        raise Invalid("not a phone number")
    return formatted


def is_dialable_sender(raw: str) -> bool:
    """False for alphanumeric senders ("MTN", "BANK"): they cannot be answered and never are."""
    if _E164.fullmatch(raw):
        return True
    return not any(character.isalpha() for character in raw) and sum(c.isdigit() for c in raw) >= 7


def mask(number: str) -> str:
    """The only form in which a number may be shown: country code where known, and three last digits."""
    for prefix in ("+62", "+670", "+60", "+65", "+852", "+886"):
        if number.startswith(prefix):
            return f"{prefix} *** {number[-3:]}"
    return f"*** {number[-3:]}"


def mask_in(words: str, number: str) -> str:
    """Return `words` with every spelling of `number` (E.164) masked: 0812..., 62 812-..., +62 (812) ..."""
    tail = number[-_TELLING_DIGITS:]

    def masked(match: re.Match[str]) -> str:
        return mask(number) if re.sub(r"\D", "", match.group()).endswith(tail) else match.group()

    return _WRITTEN.sub(masked, words)

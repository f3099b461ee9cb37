"""What a screen says of articles, contacts and offices: in the caller's language, with source and marks.

A `Reader` is made for one turn (cheap) and answers the actions of the menus by name: see the table in
docs/menus.md. It never touches the database. Unverified items carry a mark, old ones too; contacts that
are past their date are not shown at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from menus.model import Item, Menu
from menus.words import say
from sms_service.domain import districts
from sms_service.domain.items import Contact, ContentItem, Office, local
from sms_service.domain.schedules import local_day
from sms_service.services.content.facts import Library
from sms_service.settings import Settings

OTHER = "other"  # the country of whoever finds theirs not in the list
_FLAGS, _GAPS = 9, 8  # questions of the danger quiz and of the contract check
_Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the library to one caller, in one language, on one day."""

    library: Library
    menu: Menu
    settings: Settings
    language: str
    today: date

    def articles(self, values: _Values) -> tuple[Item, ...]:
        """The articles of `topic`."""
        return tuple(
            Item(article.key, local(article.title, self.language))
            for article in self.library.articles
            if article.topic == values.get("topic")
        )

    def article(self, values: _Values) -> _Values:
        """Title and text of `article`, with its marks and source. Nothing for one that is gone."""
        found = self.library.find_article(values.get("article", ""))
        if found is None:
            return {}
        text = f"{self.marks(found)}{self.text(found.body)}{self.footer(found)}"
        return {"article_title": local(found.title, self.language), "article": text}

    def next_article(self, values: _Values) -> str | None:
        """The key of the article after `article` in its topic; None after the last."""
        current = self.library.find_article(values.get("article", ""))
        if current is None:
            return None
        keys = [article.key for article in self.library.articles if article.topic == current.topic]
        after = keys[keys.index(current.key) + 1 :]
        return after[0] if after else None

    def office(self, values: _Values) -> _Values:
        """The office that runs the service."""
        return {
            "agency": self.settings.agency_name,
            "short_code": self.settings.short_code,
            "office_line": self.office_line(),
        }

    def office_line(self) -> str:
        """Its address and phone as configured; while neither is known: whom to ask instead."""
        agency, address = self.settings.agency_name, self.settings.office_address
        phone = self.settings.office_phone
        if not (address or phone):
            return self.say("office.unset", agency=agency)
        parts = [agency, address, self.say("office.phone", phone=phone) if phone else ""]
        return ", ".join(part for part in parts if part) + "."

    def danger_lines(self, values: _Values) -> _Values:
        """The numbers to call at once, a line each; without any: where to go."""
        lines = [self.danger_line(contact) for contact in self.library.contacts(self.today) if contact.danger]
        return {
            "danger_lines": "\n".join(lines) or self.say("content.no_numbers"),
            "agency": self.settings.agency_name,
        }

    def danger_line(self, contact: Contact) -> str:
        """One number with what it is, and its mark."""
        line = local(contact.line or contact.title, self.language)
        mark = "" if contact.verified else f" {self.say('content.unverified')}"
        return f"{contact.numbers[0]} {line}{mark}"

    def contacts_by_kind(self, values: _Values) -> tuple[Item, ...]:
        """The contacts for a kind of trouble, `help_kind`."""
        kind = values.get("help_kind", "")
        return self._listed([c for c in self.library.contacts(self.today) if kind in c.kinds])

    def contact_countries(self, values: _Values) -> tuple[Item, ...]:
        """The countries that have contacts of their own, then "another country"."""
        codes: dict[str, None] = {}
        for contact in self.library.contacts(self.today):
            codes.update(dict.fromkeys(code for code in contact.countries if code != "all"))
        return tuple(Item(code, self.country(code)) for code in (*codes, OTHER))

    def contacts_by_country(self, values: _Values) -> tuple[Item, ...]:
        """The contacts in `country`, then those that serve every country."""
        country = values.get("country", OTHER)
        valid = self.library.contacts(self.today)
        own = [contact for contact in valid if country in contact.countries]
        return self._listed([*own, *(contact for contact in valid if "all" in contact.countries)])

    def contact(self, values: _Values) -> _Values:
        """Numbers, marks and words of `contact`. Nothing for one that is gone."""
        found = self.library.find_contact(values.get("contact", ""), self.today)
        if found is None:
            return {"contact": self.say("content.no_numbers")}
        numbers = "\n".join(found.numbers) + ("\n" if found.numbers else "")
        text = f"{self.marks(found)}{numbers}{self.text(found.body)}{self.footer(found)}"
        return {"contact_title": local(found.title, self.language), "contact": text}

    def nearest_office(self, values: _Values) -> _Values:
        """The offices known for `district`."""
        code = values.get("district", "")
        try:
            name = districts.by_code(code).name
        except KeyError:
            name = ""
        offices = "\n".join(self._office(office) for office in self.library.offices(code))
        return {"district_name": name, "offices": offices}

    def flags(self, values: _Values) -> _Values:
        """How many danger signs were answered with yes."""
        return {
            "flag_count": str(count_set(values, "flag_", _FLAGS)),
            "agency": self.settings.agency_name,
        }

    def gaps(self, values: _Values) -> _Values:
        """How many things are missing in the contract."""
        return {"gap_count": str(count_set(values, "gap_", _GAPS)), "agency": self.settings.agency_name}

    def judge_flags(self, values: _Values) -> str:
        """One danger sign is enough."""
        return "danger" if count_set(values, "flag_", _FLAGS) else "clear"

    def judge_contract(self, values: _Values) -> str:
        """One gap is enough."""
        return "gaps" if count_set(values, "gap_", _GAPS) else "complete"

    # What the pages share; jobs_abroad uses it too.

    def say(self, key: str, **values: str) -> str:
        """Shared words in the caller's language."""
        return say(self.menu, self.language, key, **values)

    def text(self, texts: Mapping[str, str]) -> str:
        """A text of an item, with the office's name and address put in."""
        text = local(texts, self.language)
        if "{office_line}" in text:
            text = text.replace("{office_line}", self.office_line())
        return text.replace("{agency}", self.settings.agency_name)

    def marks(self, item: ContentItem) -> str:
        """What must be read before the text: not verified, or past its date."""
        old = "" if item.is_valid(self.today) else f"{self.say('content.expired')} "
        return old + ("" if item.verified else f"{self.say('content.unverified')} ")

    def footer(self, item: ContentItem) -> str:
        """The source and how new it is; advice has none."""
        source = item.source_in(self.language)
        if not source:
            return ""
        year = item.source_date[:4]
        if year and year not in source:  # how old the source is says more than when we read it
            return f" {self.say('content.source_of', source=source, year=year)}"
        if year or not item.checked_on:
            return f" {self.say('content.source', source=source)}"
        seen = local_day(item.checked_on, self.language).partition(" ")[2]  # month and year
        return f" {self.say('content.source_seen', source=source, seen=seen)}"

    def country(self, code: str) -> str:
        """The name of a country; the code itself where no words are known for it."""
        return self._named(f"country.{code}", code)

    def field(self, code: str) -> str:
        """The name of a field of work."""
        return self._named(f"field.{code}", code)

    def _named(self, key: str, otherwise: str) -> str:
        return self.say(key) if key in self.menu.common[self.language] else otherwise.upper()

    def _listed(self, contacts: list[Contact]) -> tuple[Item, ...]:
        return tuple(Item(contact.key, local(contact.title, self.language)) for contact in contacts)

    def _office(self, office: Office) -> str:
        if office.own:
            return f"- {self.office_line()}"
        named = f"{local(office.title, self.language)} {self.marks(office)}".rstrip()
        return f"- {named}: {self.text(office.body)}"


def count_set(values: _Values, prefix: str, count: int) -> int:
    """How many of prefix1..prefixN are set."""
    return sum(1 for number in range(1, count + 1) if values.get(f"{prefix}{number}"))

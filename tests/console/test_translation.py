"""Every text of the dashboards comes in Russian as well."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from reduse.console.definition import definition
from reduse.console.translation import in_languages, sentences, texts
from reduse.monitoring import companies
from reduse.monitoring.dashboards.boards import boards
from reduse.monitoring.dashboards.table import ROWS_OF_A_PAGE, row_panel
from reduse.monitoring.signals import signals_with_a_row
from reduse.monitoring.table import rows
from reduse.watch.company import Company
from tests.reference import COMPANY, ROOT

HARBOUR = companies.load(ROOT / "tests/companies/harbour/watch.yaml")
# Of so many services that the table has a second page, and a section for each; one is called as a section is.
MANY = companies.parse(
    "company: Many\nservices:\n  - {name: users, title: Users}\n"
    + "".join(f"  - {{name: service-{number}}}\n" for number in range(ROWS_OF_A_PAGE // 2))
)
COMPANIES = [COMPANY, HARBOUR, MANY]
RUSSIAN = texts("ru")
NAMES = {"Kafka"}
NUMBER = re.compile(r"\d+$")


def of_dashboards(company: Company) -> Iterator[str]:
    """What is the same for every company: neither its parts nor the rows of its table."""
    own = {row_panel(row).title for row in rows(company)} | {row.service.read() for row in rows(company)}
    for board in boards(company):
        yield from (board.title, board.description)
        for section in board.sections:
            yield from () if section.panels[0].title in own and section.title in own else (section.title,)
            for panel in section.panels:
                yield from () if panel.title in own else (panel.title, panel.description)


def of_rows() -> Iterator[str]:
    """What a row says where the company's file leaves that to the signal."""
    for signal in signals_with_a_row():
        if signal.row:
            yield from (signal.row.title.read(), signal.row.motivation.read())
            yield from (signal.row.window,) if signal.row.window else ()


def keys(found: Iterator[str]) -> set[str]:
    wanted = {sentence for text in found for sentence in sentences(text)}
    return {text if text in RUSSIAN else NUMBER.sub("{number}", text) for text in wanted}


WANTED = [*(keys(of_dashboards(company)) for company in COMPANIES), keys(of_rows())]


def test_every_text_has_a_russian_one() -> None:
    for wanted in WANTED:
        assert sorted(wanted - RUSSIAN.keys()) == []


def test_no_russian_text_is_left_over() -> None:
    assert sorted(RUSSIAN.keys() - set[str]().union(*WANTED)) == []


def test_it_says_the_same_numbers_and_commands() -> None:
    for english, russian in RUSSIAN.items():
        for pattern in (r"\d+", r"`[^`]+`", r"{\w+}", r"\.$"):
            assert sorted(re.findall(pattern, russian)) == sorted(re.findall(pattern, english)), english
        assert re.search("[а-я]", russian) or english in NAMES, english


@pytest.mark.parametrize("company", COMPANIES, ids=lambda company: str(company.company.read()))
def test_the_page_is_told_both(company: Company) -> None:
    found: Any = definition(company)
    for board, told in zip(boards(company), found["boards"], strict=True):
        assert (told["title"]["en"], told["description"]["en"]) == (board.title, board.description)
        parts = zip(board.sections, told["sections"], strict=True)
        shown = [pair for section, of_it in parts for pair in zip(section.panels, of_it["panels"], strict=True)]
        for panel, pair in shown:
            assert (pair["title"]["en"], pair["description"]["en"]) == (panel.title, panel.description)
            assert re.search("[а-я]", pair["title"]["ru"])
            assert re.search("[а-я]", pair["description"]["ru"])


def test_a_row_has_the_words_of_the_companys_file() -> None:
    found: Any = definition(COMPANY)
    (panel, *_) = (
        panel for board in found["boards"] for part in board["sections"] for panel in part["panels"] if panel["row"]
    )
    assert panel["title"]["ru"] == "1. Shop API: RPS: запросов в секунду"
    assert panel["description"]["ru"].startswith("Нагрузка и ошибки магазина: ")
    assert "Среднее за последние 15 с" in panel["description"]["ru"]


def test_a_row_without_words_in_the_file_has_those_of_the_signal() -> None:
    found: Any = definition(HARBOUR)
    row = found["rows"][0]
    assert row["service"]["ru"] == "Booking"
    assert row["title"] == {"en": "RPS", "ru": "RPS: запросов в секунду"}


def test_the_name_of_a_part_is_not_translated() -> None:
    found: Any = definition(MANY)
    titles = [part["title"] for part in found["boards"][0]["sections"]]
    assert {"en": "Users", "ru": "Users"} in titles
    assert {"en": "Now", "ru": "Сейчас"} in titles
    assert found["boards"][1]["title"] == {"en": "Overview, page 2", "ru": "Обзор, страница 2"}


def test_a_text_that_is_not_known_stays() -> None:
    assert in_languages("Something else 5") == {"en": "Something else 5", "ru": "Something else 5"}

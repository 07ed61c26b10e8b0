"""The monitoring plan: its table is the signals', both languages say the same, and all that it names exists."""

import re
from pathlib import Path

import pytest

from reduse.monitoring.marks import BEGIN, END
from reduse.monitoring.plan import language_of, plan_document, table
from reduse.monitoring.table import CompanyRow
from reduse.watch.company import Company
from reduse.yaml_text import read_yaml
from tests.reference import COMPANY, ROWS

ROOT = Path(__file__).parents[2]
ENGLISH, RUSSIAN = "company/plan/monitoring-plan.md", "company/plan/monitoring-plan.ru.md"
EDITIONS = (RUSSIAN, ENGLISH)

SECTIONS = {
    RUSSIAN: ("Система и её мониторинг", "Мотивация", "Выбор подхода к мониторингу", "Метрики", "План действий"),
    ENGLISH: (
        "The system and its monitoring",
        "Motivation",
        "Choice of the monitoring method",
        "Metrics",
        "Action plan",
    ),
}
STEP = re.compile(r"^### (?:Шаг|Step) (\d+)\. ", re.MULTILINE)
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*/|[\w.-]+(?:/[\w.-]+)+|[\w-]+\.(?:md|toml|ya?ml|py|json)")
RECORDED = re.compile(r"[a-z_]+:[a-z0-9_]+:[a-z0-9_]+")

each_edition = pytest.mark.parametrize("edition", EDITIONS)


def plan(edition: str) -> str:
    return (ROOT / edition).read_text(encoding="utf-8")


def table_of(edition: str) -> str:
    return table(COMPANY, language_of(edition))


def code(edition: str) -> list[str]:
    return CODE.findall(CODE_BLOCK.sub("", plan(edition)))


def tables(edition: str) -> list[int]:
    """Number of rows of each table, in order."""
    blocks = re.findall(r"(?:^\|.*\n)+", plan(edition), re.MULTILINE)
    return [block.count("\n") - 2 for block in blocks]


@each_edition
def test_the_committed_plan_holds_the_companys_table(edition: str) -> None:
    """To mend: ./reduse render."""
    assert plan(edition) == plan_document(COMPANY, edition, plan(edition))
    assert plan(edition).count(table_of(edition)) == 1


@each_edition
def test_each_section_is_there_once_and_in_order(edition: str) -> None:
    headings = re.findall(r"^## (.+)$", plan(edition), re.MULTILINE)
    assert tuple(headings) == SECTIONS[edition]


@each_edition
def test_every_path_that_is_named_exists(edition: str) -> None:
    named = [ROOT / span for span in code(edition) if PATH.fullmatch(span)]
    named += [(ROOT / edition).parent / target for target in LINK.findall(plan(edition))]
    assert len(named) > len(STEP.findall(plan(edition)))
    assert [str(path) for path in named if not path.exists()] == []


@each_edition
def test_every_recorded_metric_that_is_named_has_a_rule(edition: str) -> None:
    recorded = {
        rule["record"]
        for path in (ROOT / "prometheus/rules").glob("*.yaml")
        for group in read_yaml(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    named = {name for span in code(edition) for name in RECORDED.findall(span)}
    assert named
    assert named - recorded == set()


@each_edition
def test_each_row_has_four_cells_none_of_them_empty(edition: str) -> None:
    """Also where the customer left a dash."""
    rows = table_of(edition).splitlines()[2:]
    assert len(rows) == len(ROWS)
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 4
        assert all(re.search(r"\w", cell) for cell in cells)


@each_edition
def test_the_plan_and_prometheus_agree_on_how_late_a_sample_may_be(edition: str) -> None:
    configuration = read_yaml((ROOT / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
    hours = configuration["storage"]["tsdb"]["out_of_order_time_window"].removesuffix("h")
    assert re.search(rf"\b{hours} (?:hours late|часа;)", plan(edition))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_row_has_labels_and_a_motivation_in_both_languages(row: CompanyRow) -> None:
    assert row.labels
    assert all(row.labels)
    assert re.search("[а-яё]", row.motivation.read("ru"))
    assert re.search("[a-z]", row.motivation.read("en"))
    assert not re.search("[а-яё]", row.motivation.read("en"))


def test_columns_have_the_companys_words_or_english_ones() -> None:
    assert table_of(RUSSIAN).splitlines()[0] == "| Метрика | Ярлыки | Сервис | Мотивация |"
    other = Company.model_validate({"company": "Other", "languages": ["de"]})
    assert table(other, "de").splitlines()[0] == "| Metric | Labels | Service | Motivation |"


def test_both_plans_have_the_same_tables_steps_and_names() -> None:
    """One that was changed alone is noticed by its shape and by what it names."""
    assert tables(RUSSIAN) == tables(ENGLISH)
    steps = [int(number) for number in STEP.findall(plan(RUSSIAN))]
    assert steps == list(range(1, len(steps) + 1))
    assert STEP.findall(plan(ENGLISH)) == [str(step) for step in steps]
    assert code(RUSSIAN) == code(ENGLISH)


def test_both_diagrams_have_the_same_parts_and_arrows() -> None:
    """Quoted texts aside, which are in the language of the plan."""
    diagrams = [re.findall(r"```mermaid\n(.*?)```", plan(edition), re.DOTALL) for edition in EDITIONS]
    assert [len(found) for found in diagrams] == [1, 1]
    russian, english = (re.sub(r'"[^"\n]*"', '""', found[0]) for found in diagrams)
    assert russian == english


def test_each_item_of_the_task_leads_to_a_step_and_each_step_belongs_to_one() -> None:
    _, _, actions = plan(ENGLISH).partition("## Action plan")
    listed = re.findall(r"^\| [^|]+ \| ([\d, ]+) \|$", actions, re.MULTILINE)
    steps = [number for numbers in listed for number in numbers.split(", ")]
    assert steps == STEP.findall(actions)


@each_edition
def test_a_plan_keeps_what_is_around_its_table(edition: str) -> None:
    text = plan_document(COMPANY, edition, f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert text == f"before\n{BEGIN}\n{table_of(edition)}\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["no table here", f"{BEGIN}\nno end", f"{END}\nthe wrong way round\n{BEGIN}"])
def test_a_plan_without_marks_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(RUSSIAN)):
        plan_document(COMPANY, RUSSIAN, text)

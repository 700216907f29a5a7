"""The documents: their links lead somewhere, and what they name exists."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
TEXTS = PAGES + sorted(ROOT.glob("docs/*.[15]"))
SOURCES = [path for top in ("src", "include", "storefront") for path in sorted((ROOT / top).rglob("*.[chj]*"))]


def name_of(path):
    return str(path.relative_to(ROOT))


def without_code(text):
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)


def headings(path):
    return re.findall(r"^#+ (.*)$", without_code(path.read_text(encoding="utf-8")), re.MULTILINE)


def anchor(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+://", target):
            continue
        path, _, place = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (place and place not in map(anchor, headings(file))):
            wrong.append(target)
    assert wrong == []


def test_the_readme_is_short():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 200
    failures = next(number for number, line in enumerate(lines) if line == "## When deliveries fail")
    assert failures < len(lines) / 2


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_path_of_a_machine(path):
    assert re.findall(r"(?<![\w.])/(?:home|root|work|Users|mnt|srv)/\S*", path.read_text(encoding="utf-8")) == []


def test_log_lines_exist():
    """The first cell of a row under "When deliveries fail" is the beginning of a log message, or of a reason."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    strings = re.sub(r'"\s*"', "", code)
    wrong = []
    for name in ("README.md", "docs/operations.md"):
        part = (ROOT / name).read_text(encoding="utf-8").split("## When deliveries fail\n", 1)[1]
        part = re.split(r"^## ", part, flags=re.MULTILINE)[0]
        for cell in re.findall(r"^\| ([^|]*`[^|]*?) \|", part, re.MULTILINE):
            wrong += [text for text in re.findall(r"`([^`=]+)`", cell) if text.split(" …")[0] not in strings]
    assert wrong == []


def test_references_in_the_code_lead_to_a_heading():
    """(docs/events.md, Order Refunded)"""
    wrong = []
    for path in SOURCES:
        text = re.sub(r"\s*\n\s*(\*|//) ?", " ", path.read_text(encoding="utf-8"))
        for page, heading in re.findall(r"(docs/\w+\.md), ([A-Z][\w ]*)", text):
            if heading.strip() not in headings(ROOT / page):
                wrong.append(f"{name_of(path)}: {page}, {heading}")
    assert wrong == []


def test_topics_to_subscribe_to_are_mapped():
    """Each topic of the examples is one that the program maps or needs, and no order or customer topic is missing."""
    topics = (ROOT / "docs/operations.md").read_text(encoding="utf-8").split("## Topics", 1)[1].split("## Cred", 1)[0]
    topics += (ROOT / "docs/recharge.md").read_text(encoding="utf-8").split("## Shopify's own topics", 1)[1]
    named = set(re.findall(r'"([a-z_]+[/.][a-z_]+)"', topics)) - {"customers/data_request", "customers/redact", "shop/redact"}
    events = (ROOT / "docs/events.md").read_text(encoding="utf-8")
    generated = set(re.findall(r"`([a-z_]+[/.][a-z_]+)`", " ".join(re.findall(r"^Topics: (.*?)\.$", events, re.M | re.S))))
    catalogue = {"products/create", "products/update", "products/delete"}
    assert named - catalogue == generated - {"storefront/hint", "orders/edited"}

"""Lists that people have of vendors: what of them is understood, matched to presets, and said not to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.catalogue import Subscriptions, new_provider
from tracker.catalogue.presets import presets
from tracker.catalogue.presets.imported import read_list
from tracker.errors import ConfigError
from tracker.model.provider import Provider
from tracker.parse import FORMAT_NAMES

GITHUB, OPENAI, STRIPE = "https://www.githubstatus.com", "https://status.openai.com", "https://www.stripestatus.com"


def imported(text: str, file: str = "list.txt", known: tuple[Provider, ...] = ()) -> Subscriptions:
    return read_list(text.encode(), file=file, known=known, formats=FORMAT_NAMES)


def urls(found: Subscriptions) -> list[str]:
    return [provider.url for provider in found.providers]


BACKSTAGE = """
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: stripe-payments   # by team
  title: "Stripe"
  links:
    - url: https://dashboard.example.com
      title: Dashboard
spec:
  type: saas
  owner: team-github
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: openai
---
kind: Group
metadata:
  name: github
"""
TERRAFORM = """
# "twilio" was here
variable "vendors" {
  type    = list(string)
  default = ["github", "OpenAI", /* "slack" */ "https://status.acme.example"]
}
resource "acme_vendor" "x" {
  name        = "Stripe"
  description = "Datadog"
}
"""
REQUIRED = """
terraform {
  required_providers {
    openai = { source = "acme/openai" }
    github = {
      source  = "registry.terraform.io/integrations/github"
      version = "~> 6.0"
    }
  }
}
"""


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    {
        "addresses and names by line": (
            "list.txt",
            f"{GITHUB}\nOpenAI # theirs\n\n# Stripe\nchatgpt\nstatus.acme.example/eu\n",
            [GITHUB, OPENAI, "https://status.acme.example/eu"],
        ),
        "a column of names": ("export.csv", "Service,Status\nGitHub,up\nopenai,down\n", [GITHUB, OPENAI]),
        "a head with other marks": (
            "export.csv",
            "Monitor_Name,STATUS-PAGE_URL\nours,https://status.openai.com\n",
            [OPENAI],
        ),
        "names in quotes and semicolons": ("export.csv", 'ID;"Name"\n1;"GitHub"\n2;"Stripe, Inc."\n', [GITHUB, STRIPE]),
        "names without a head": ("export.csv", "GitHub\nOpenAI Status\n", [GITHUB, OPENAI]),
        "names with their pages": (
            "export.csv",
            "Name,Status Page URL\nOur Own,https://status.acme.example\nGitHub,https://elsewhere.example\n",
            ["https://status.acme.example", GITHUB],
        ),
        "Backstage": ("catalog-info.yaml", BACKSTAGE, [STRIPE, OPENAI]),
        "a list in YAML": (
            "vendors.yml",
            "vendors:\n  - github\n  - name: OpenAI\n  - 'Stripe'\n",
            [GITHUB, OPENAI, STRIPE],
        ),
        "Terraform": ("vendors.tf", TERRAFORM, [GITHUB, OPENAI, "https://status.acme.example", STRIPE]),
        "providers that Terraform requires": (
            "main.tf",
            REQUIRED,
            [OPENAI, GITHUB],
        ),
        "objects in YAML": (
            "vendors.yml",
            "- {name: 'GitHub', team: web}\n- name: Ours\n  status_page: https://status.acme.example\n- openai\n",
            [GITHUB, "https://status.acme.example", OPENAI],
        ),
        "JSON": (
            "vendors.json",
            '{"all": ["github", {"name": "Ours", "url": "https://status.acme.example"}, {"id": 3, "title": "OpenAI"}]}',
            [GITHUB, "https://status.acme.example", OPENAI],
        ),
        "a line of names": ("list.txt", "GitHub, OpenAI,Stripe\n", [GITHUB, OPENAI, STRIPE]),
        "names with their pages, without a head": (
            "list.txt",
            f"Ours,https://status.acme.example\nGitHub,{GITHUB}\nOpenAI,\n",
            ["https://status.acme.example", GITHUB, OPENAI],
        ),
        "notes": (
            "notes.md",
            f"- [GitHub]({GITHUB})\n* Ours - https://status.acme.example\n2. OpenAI\n// nothing\n; nothing\n",
            [GITHUB, "https://status.acme.example", OPENAI],
        ),
        "what a spreadsheet writes": (
            "export.csv",
            '\ufeffsep=;\r\nid;vendor\r\n1;GitHub\r\n\r\n2;"OpenAI"\r\n;;\r\n',
            [GITHUB, OPENAI],
        ),
        "a comment above the head, and lines that end as they once did": (
            "export.csv",
            "# exported today\rname,plan\rGitHub,free\rOpenAI,paid\r",
            [GITHUB, OPENAI],
        ),
        "OPML": (
            "f.opml",
            f'<opml><body><outline text="A" xmlUrl="{GITHUB}/history.atom"/></body></opml>',
            [f"{GITHUB}/history.atom"],
        ),
        "what had moved": ("list.txt", "https://status.notion.so\n", ["https://www.notion-status.com"]),
    }.values(),
    ids=str,
)
def test_a_list_is_read(file: str, text: str, expected: list[str]) -> None:
    found = imported(text, file)

    assert urls(found) == expected
    assert found.unmatched == found.invalid == ()


def test_what_cannot_be_matched_is_named_with_what_may_be_meant() -> None:
    found = imported("Gihub\nOur own intranet\n")

    assert found.providers == ()
    assert found.unmatched == (
        'no preset is called "Gihub"; did you mean github?',
        'no preset is called "Our own intranet"; add it by its address',
    )


def test_a_long_list_of_strangers_is_answered_at_once() -> None:
    found = imported("\n".join(map("Stranger {}".format, range(9_000))) + "\nGitHub\nGihub\n")

    assert (urls(found), len(found.unmatched)) == ([GITHUB], 9_001)
    assert found.unmatched[-1] == 'no preset is called "Gihub"; add it by its address', "the first are compared, alone"


def test_lists_of_a_spreadsheet_in_utf_16_are_read() -> None:
    found = read_list("Vendor\tPlan\nGitHub\tfree\n".encode("utf-16"), file="a.txt", known=(), formats=FORMAT_NAMES)

    assert urls(found) == [GITHUB]


def test_a_page_is_asked_for_once_however_often_it_is_named() -> None:
    found = imported(f"GitHub\ngithub\n{GITHUB}/\nhttps://www.githubstatus.com\n")

    assert urls(found) == [GITHUB]
    assert len(found.repeated) == 3


def test_what_is_watched_already_is_passed_over() -> None:
    known = new_provider(GITHUB, formats=FORMAT_NAMES, name="Ours")

    found = imported("GitHub\nOpenAI\n", known=(known,))

    assert urls(found) == [OPENAI]
    assert found.repeated == (f"{GITHUB} is there already, as ours",)


def test_each_preset_is_found_by_its_name() -> None:
    found = imported("\n".join(preset.name for preset in presets()), "names.txt")

    assert urls(found) == [preset.url for preset in presets()]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfeabc", "is not UTF-8"),
        (b"{", "is not valid JSON"),
        (b'{"a":' + b"[" * 100_000, "is not valid JSON"),
        (b'name,url\n"' + b"x" * 200_000, "cannot be read as CSV"),
        (b"a,b\n" + b"x,y\n" * 3_000_000, "is larger than 10 MB"),
        ("\n".join(map("n{}".format, range(10_001))).encode(), "names more than 10000 pages"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_list(data, file="list.txt", known=(), formats=FORMAT_NAMES)


@given(st.binary(max_size=400), st.sampled_from(["a.txt", "a.csv", "a.yaml", "a.tf", "a.json"]))
def test_whatever_a_file_holds_is_a_list_or_refused(data: bytes, file: str) -> None:
    try:
        found = read_list(data, file=file, known=(), formats=FORMAT_NAMES)
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - that nothing is raised is as good
    else:
        assert all(sentence.isprintable() for sentence in (*found.unmatched, *found.invalid))

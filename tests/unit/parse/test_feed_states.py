"""Statuses that titles and texts name, and ordinary words that are none."""

import pytest

from tracker.parse.feed_states import in_text, in_title
from tracker.parse.words import known_status

TITLES = {
    "[Resolved] Search is slow": ("resolved", "Search is slow"),
    "(Resolved) Search is slow": ("resolved", "Search is slow"),
    "\u3010解決\u3011検索が遅い": ("resolved", "検索が遅い"),
    "\uff08已恢复\uff09搜索缓慢": ("resolved", "搜索缓慢"),
    "RESOLVED - Search is slow": ("resolved", "Search is slow"),
    "Resolved \u2013 Search is slow": ("resolved", "Search is slow"),
    "Resolved\u2014Search is slow": ("resolved", "Search is slow"),
    "Resolved: Search is slow": ("resolved", "Search is slow"),
    "Resolved | Search is slow": ("resolved", "Search is slow"),
    "Search is slow - Resolved": ("resolved", "Search is slow"),
    "Search is slow [RESOLVED]": ("resolved", "Search is slow"),
    "Search is slow (resolved)": ("resolved", "Search is slow"),
    "Status: Resolved - Search is slow": ("resolved", "Search is slow"),
    "[API] [Monitoring] Search is slow": ("monitoring", "[API] Search is slow"),
    "Initial Notification: Refunds fail (PP-1)": ("investigating", "Refunds fail (PP-1)"),
    "Search is slow - Resolved.": ("resolved", "Search is slow"),
    "\u2705 Resolved: Search is slow": ("resolved", "Search is slow"),
    "\U0001f7e2 [Resolved] Search is slow": ("resolved", "Search is slow"),
    "Resolved (10:00 UTC): Search is slow": ("resolved", "Search is slow"),
    "[Resolved][API] Search is slow": ("resolved", "[API] Search is slow"),
    "Update #2: Search is slow": ("update", "Search is slow"),
    "In progress - Database work": ("in_progress", "Database work"),
    "Post-mortem: Search": ("postmortem", "Search"),
    "Behoben: Suche langsam": ("resolved", "Suche langsam"),
    "Résolu - Recherche lente": ("resolved", "Recherche lente"),
    "[Resuelto] Búsqueda lenta": ("resolved", "Búsqueda lenta"),
    "Resolvido: Busca lenta": ("resolved", "Busca lenta"),
    "Risolto \u2013 Ricerca lenta": ("resolved", "Ricerca lenta"),
    "Opgelost: Zoeken is traag": ("resolved", "Zoeken is traag"),
    "Rozwiązano - Wolne wyszukiwanie": ("resolved", "Wolne wyszukiwanie"),
    "Решено: Поиск работает медленно": ("resolved", "Поиск работает медленно"),
    "已解决\uff1a搜索缓慢": ("resolved", "搜索缓慢"),
    "{Resolved} Search is slow": ("resolved", "Search is slow"),
    "*RESOLVED* Search is slow": ("resolved", "Search is slow"),
    "RESOLVED Search is slow": ("resolved", "Search is slow"),
    "Resolved; Search is slow": ("resolved", "Search is slow"),
    "Search is slow: Resolved": ("resolved", "Search is slow"),
    "Search is slow // Resolved": ("resolved", "Search is slow"),
    "Search is slow (now resolved)": ("resolved", "Search is slow"),
    "Search is slow [Status: Resolved]": ("resolved", "Search is slow"),
    "Search is slow - Status: Resolved": ("resolved", "Search is slow"),
    "Issue resolved: Search is slow": ("resolved", "Search is slow"),
    "[Incident Resolved] Search is slow": ("resolved", "Search is slow"),
    "Service restored - Search is slow": ("resolved", "Search is slow"),
    "[P1] RESOLVED: Search is slow": ("resolved", "[P1] Search is slow"),
    "INC-7 | Resolved | Search is slow": ("resolved", "INC-7 | Search is slow"),
    "API: Resolved: Search is slow": ("resolved", "API: Search is slow"),
    "2026-11-20 Resolved: Search is slow": ("resolved", "2026-11-20 Search is slow"),
    "Update: Resolved: Search is slow": ("resolved", "Search is slow"),
    "Scheduled maintenance: Database (completed)": ("completed", "Database"),
    "Maintenance of the database (Complete)": ("completed", "Maintenance of the database"),
    "Investigating \u2192 Resolved: Search is slow": ("resolved", "Search is slow"),
    "Resolved -> Investigating: Search is slow": ("investigating", "Search is slow"),
    "Status: Resolved": ("resolved", "Status: Resolved"),
    "Resolved": ("resolved", "Resolved"),
    "Rezolvat: Căutarea este lentă": ("resolved", "Căutarea este lentă"),
    "Επιλύθηκε: Αργή αναζήτηση": ("resolved", "Αργή αναζήτηση"),
    "[복구 완료] 검색 지연": ("resolved", "검색 지연"),
}


@pytest.mark.parametrize(("title", "said"), TITLES.items(), ids=TITLES.keys())
def test_a_title_names_its_status(title, said):
    found = in_title(title)

    assert (known_status(found.word), found.rest) == said


ORDINARY = [
    "Resolved DNS names fail",
    "Update your client",
    "Monitoring is down",
    "Completed orders missing",
    "Scheduled exports fail",
    "Fixed-line calls fail",
    "Closed captions are missing",
    "Complete: outage of the region",
    "Complete outage - Frankfurt",
    "Completed orders - missing",
    "Identified users cannot sign in: EU",
    "Recovered files are empty",
    "Search (closed beta) is slow",
    "Orders that are resolved: errors",
    "API: resolved names are wrong",
    "Search is slow: not resolved",
    "Search is slow - not yet resolved",
    "[Not resolved] Search is slow",
    "[Partially resolved] Search is slow",
    "Resolved (partially): Search is slow",
    "Resolved: partially",
    "Closed - loop control fails",
    "Fixed: line calls fail",
    "Recovered: 5 of 10 nodes",
    "Cancelled: orders are charged",
    "Orders - Completed",
    "Issues (Closed)",
    "Orders: Completed: none is shown",
    "Unresolved: Search is slow",
    "[API] Search is slow",
    "Metrics are late - Monitoring",
    "Monitoring",
    "",
]


@pytest.mark.parametrize("title", ORDINARY)
def test_an_ordinary_word_in_a_title_is_no_status(title):
    assert in_title(title).word is None
    assert in_title(title).rest == title


TEXTS = {
    "Status: Resolved - all is well.": ("resolved", "all is well."),
    "Status: Resolved\n\nAll is well.": ("resolved", "All is well."),
    "Status: Resolved. All is well.": ("resolved", "All is well."),
    "Status: resolved, all is well": ("resolved", "all is well"),
    "Status: Resolved (10:00 UTC)": ("resolved", "(10:00 UTC)"),
    "Status: Resolved \u2013 all is well\nThanks.": ("resolved", "all is well\nThanks."),
    "Status:\n\nResolved\n\nAll is well.": ("resolved", "All is well."),
    "Current status: Monitoring\nWe watch.": ("monitoring", "We watch."),
    "Incident Status: Identified - a cable": ("identified", "a cable"),
    "Aktueller Status: Behoben - alles gut": ("resolved", "alles gut"),
    "Statut : Résolu - tout va bien": ("resolved", "tout va bien"),
    "Estado actual: Resuelto. Todo bien.": ("resolved", "Todo bien."),
    "当前状态\uff1a已解决\u3002服务正常": ("resolved", "服务正常"),
    "[Resolved] All is well.": ("resolved", "All is well."),
    "(Resolved) All is well.": ("resolved", "All is well."),
    "Resolved - all is well.": ("resolved", "all is well."),
    "RESOLVED: all is well.": ("resolved", "all is well."),
    "Resolved\nAll is well.": ("resolved", "All is well."),
    "Resolved.": ("resolved", "Resolved."),
    "**Resolved** - all is well.": ("resolved", "all is well."),
    "**Status:** Resolved\nAll is well.": ("resolved", "All is well."),
    "Status\n\nResolved\n\nAll is well.": ("resolved", "All is well."),
    "\u2705 Resolved: all is well.": ("resolved", "all is well."),
    "Severity: high\nStatus: Resolved\nAll is well.": ("resolved", "Severity: high\nStatus: Resolved\nAll is well."),
    "Searches take long.\n\nCurrent status: Monitoring.": (
        "monitoring",
        "Searches take long.\n\nCurrent status: Monitoring.",
    ),
    "Milestone is now 'resolved'\nAll is well.": ("resolved", "Milestone is now 'resolved'\nAll is well."),
    "Gelöst \u2013 alles gut.": ("resolved", "alles gut."),
    "Resolved. All is well.": ("resolved", "All is well."),
    "Status = Resolved": ("resolved", ""),
    "Status - Resolved\nAll is well.": ("resolved", "All is well."),
    "New status: Resolved\nAll is well.": ("resolved", "All is well."),
    "Impact Minor\nStatus Resolved": ("resolved", "Impact Minor\nStatus Resolved"),
    "Status: Monitoring \u2192 Resolved": ("resolved", "Status: Monitoring \u2192 Resolved"),
    "Status changed from Investigating to Resolved": ("resolved", "Status changed from Investigating to Resolved"),
    "Resolved -> Investigating: it is back": ("investigating", "it is back"),
    "20 Nov 2026 10:00 UTC - Resolved - all is well": ("resolved", "20 Nov 2026 10:00 UTC - all is well"),
    "[10:00 UTC] Resolved: all is well": ("resolved", "[10:00 UTC] all is well"),
    "10:00 UTC Resolved - all is well": ("resolved", "10:00 UTC all is well"),
    "Update 3 - Resolved: all is well": ("resolved", "all is well"),
    "This incident has been resolved.": ("resolved", "This incident has been resolved."),
    "Completed - the maintenance is over": ("completed", "the maintenance is over"),
    "Устранено: всё работает.": ("resolved", "всё работает."),
}


@pytest.mark.parametrize(("text", "said"), TEXTS.items(), ids=TEXTS.keys())
def test_a_text_begins_with_its_status(text, said):
    found = in_text(text)

    assert (known_status(found.word), found.rest) == said


SENTENCES = [
    "Resolved DNS names fail since noon.",
    "Monitoring is down - we look into it.",
    "Completed orders are missing: we look into it.",
    "Scheduled exports fail.",
    "Status: We are looking into reports of errors.",
    "Status: resolved soon, we hope for the best",
    "Status: not yet resolved, we hope",
    "Status page: resolved names are wrong",
    "The status: resolved",
    "We expect this to be resolved - soon.",
    "Fixed-rate loans: no quotes.",
    "The status is now resolved DNS names fail.",
    "Status is now unclear.",
    "Orders fail.\nStatus: the resolved ones are missing.",
    "This incident has been resolved in part.",
    "This incident has not been resolved.",
    "The earlier incident has been resolved, this one goes on.",
    "Closed: the road to the data center",
    "Completed - 30% of the repair",
    "Restored: 30% of traffic",
    "Resolved (partially) - some still fail",
    "Resolved: partially",
    "We fixed one cause - Resolved - and look for others",
    "Previous status: Resolved",
]


@pytest.mark.parametrize("text", SENTENCES)
def test_a_sentence_names_no_end(text):
    found = in_text(text)

    assert known_status(found.word) is None
    assert text.endswith(found.rest)


@pytest.mark.parametrize("word", ["Partially resolved", "Resolved (partially)", "Resolved (EU only)"])
def test_an_end_in_part_is_a_word_that_is_not_known(word):
    found = in_text(f"Status: {word}")

    assert (found.word, known_status(found.word)) == (word, None)

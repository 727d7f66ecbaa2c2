"""Words in the titles of feeds, of status pages and of others, in the languages that pages are written in."""

import re
from typing import Final

#: From this character on come scripts that put no blanks between words.
_UNPARTED: Final = "\u1100"


def _any_of(*words: str) -> re.Pattern[str]:
    """Return a pattern that finds any of the words, each whole; a star stands for more letters."""
    return re.compile("|".join(map(_pattern, words)), re.IGNORECASE)


def _pattern(word: str) -> str:
    bare = word.strip("*")
    if bare[0] >= _UNPARTED:
        return bare
    begin = "" if word.startswith("*") else r"(?<!\w)"
    end = "" if word.endswith("*") else r"(?!\w)"
    return f"{begin}{bare}{end}"


#: Titles of feeds of incidents.
OF_INCIDENTS: Final = _any_of(
    "*status", "*statusseite", "*statuspage", "*statuspagina", "*statussida", "*statusside", "*statusmeldungen",
    "incident*", "outages?", "(?:planned|scheduled|system|service) maintenances?",
    "(?:service|system) (?:health|disruptions?)",
    "incidenc*", "averías?", "estado (?:del?|dos?|das?|actual)", "avarias?",
    "statuts?", "état (?:du|des|de)", "pannes?", "*störung*", "ausfälle", "ausfall*", "wartungsarbeiten",
    "stato (?:del|dei|di)", "disserviz*", "guasti", "storing*", "stan (?:usług|systemu)", "awari*",
    "incydent*", "driftstatus", "driftinformation", "driftsmeldinger", "driftstörning*", "häiriö*", "durumu", "výpad*",
    "статус*", "сбой", "сбои", "инцидент*", "авари*", "состояни*",
    "ステータス", "障害", "稼働状況", "メンテナンス情報", "状态", "狀態", "故障", "维护公告", "維護公告",
    "상태", "장애", "점검 안내",
)  # fmt: skip

#: Titles of other feeds.
OF_OTHERS: Final = _any_of(
    "(?:we)?blogs?", "news*", "press", "releases?", "change ?logs?", "what.s new", "product updates?", "careers?",
    "jobs?", "hiring", "podcasts?", "episodes?", "forums?", "community", "discussions?", "comments?", "questions?",
    "answers?", "commits?", "tags?", "webinars?", "tutorials?", "docs", "documentation", "magazine", "journal",
    "stories", "insights?", "engineering", "advisor(?:y|ies)", "videos?", "versions?", "articles?",
    "noticias", "notícias", "novedades", "novidades", "empleos?", "foros?", "fóruns?", "actualités", "actus?",
    "nouveautés", "emplois?", "recrutement", "communauté", "neuigkeiten", "nachrichten", "aktuelles", "presse",
    "stellenangebote", "karriere", "versionshinweise", "notizie", "novità", "nieuws", "vacatures", "aktualności",
    "wiadomości", "praca", "kariera", "nyheter", "jobb", "новости", "блог", "вакансии", "форум",
    "ブログ", "ニュース", "お知らせ", "リリース", "採用", "フォーラム", "博客", "部落格", "新闻", "新聞", "招聘",
    "论坛", "論壇", "日志", "블로그", "뉴스", "채용", "포럼", "릴리스",
)  # fmt: skip

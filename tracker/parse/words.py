"""The status words of vendors, in the languages that pages are written in -> the words of the field."""

import re
from collections.abc import Mapping

from tracker.model.page import CLOSED_STATUSES, ComponentStatus
from tracker.parse.text import one_line

#: An update that repeats the status of the one before it.
UPDATE = "update"
#: The page says nothing that could be mapped.
UNKNOWN = "unknown"
#: Statuses that only a maintenance has.
MAINTENANCE_STATUSES = frozenset({"scheduled", "in_progress", "verifying", "completed"})

_MAX_LENGTH = 60
#: How many characters of a possible status are examined.
_LOOKED_AT = 1_000

# The platforms' English words first, then those of localised pages (pt, es, fr, de, it, nl, pl, sv, ru, ja, zh, ko).
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "investigating": (
        "new incident", "incident opened", "ερευνάται", "в процессе расследования", "se investighează",
        "vizsgálat alatt",
        "preverjamo", "đang điều tra", "กำลังตรวจสอบ", "sedang diselidiki", "قيد التحقيق", "בבדיקה",
        "investigation", "under investigation", "initial notification", "detected", "investigando",
        "em investigação", "en investigación", "en cours d'investigation", "investigation en cours",
        "enquête en cours", "wird untersucht", "untersuchung", "in untersuchung",
        "en cours d'analyse", "en investigation", "in esame", "undersøges", "undersøker", "tutkitaan", "inceleniyor",
        "prošetřuje se", "wyjaśniane", "исследуется", "розслідується",
        "in analisi", "indagine in corso", "in onderzoek", "onderzoek", "badanie", "undersöker", "utreds",
        "расследование", "расследуется", "調査中", "调查中", "正在调查", "調查中", "正在調查", "조사 중", "조사중",
    ),
    "identified": (
        "identificado", "identificada", "identifié", "identifiée", "identifiziert", "identificato", "geïdentificeerd",
        "zidentyfikowano", "identifierad", "identifierat", "обнаружено", "определено", "特定", "特定済み", "原因特定",
        "已确认", "已确定", "已識別", "已確認", "확인됨", "식별됨",
    ),
    "monitoring": (
        "watching", "recovering",
        "monitorando", "em monitoramento", "monitoreando", "en monitorización", "supervisando",
        "surveillance", "surveillance en cours", "sous surveillance", "en observation", "überwachung",
        "wird überwacht", "beobachtung", "monitoraggio", "in monitoraggio", "monitoren", "monitorowanie", "övervakar",
        "övervakas", "мониторинг", "наблюдение", "監視中", "経過観察中", "监控中", "正在监控",
        "监视中", "監控中", "正在監控", "모니터링", "모니터링 중",
    ),
    "resolved": (
        "incident resolved", "issue resolved", "problem resolved", "outage resolved", "resolved incident",
        "resolved issue",
        "incident closed", "service restored", "services restored", "service has been restored", "back to normal",
        "operating normally", "entstört", "rezolvat", "rezolvată", "megoldva",
        "megoldódott", "επιλύθηκε", "vyriešené",
        "riješeno", "rešeno", "разрешен", "đã giải quyết", "đã khắc phục", "แก้ไขแล้ว", "teratasi", "تم الحل", "נפתר",
        "closed", "fixed", "recovered", "restored", "solved", "all clear", "false_alarm", "false alarm",
        "resolvido", "resolvida", "resuelto", "resuelta", "solucionado", "résolu",
        "résolue", "corrigé", "corrigée", "rétabli", "gelöst", "behoben", "erledigt", "wiederhergestellt",
        "störung behoben", "risolto", "risolta", "ripristinato", "opgelost", "verholpen", "hersteld", "rozwiązano",
        "rozwiązany", "rozwiązane", "naprawiono", "löst", "åtgärdat", "løst", "ratkaistu", "korjattu", "vyřešeno",
        "çözüldü", "вирішено", "устранено", "решено", "решён", "решен", "решена", "исправлено", "восстановлено",
        "解決", "解決済み", "解決済", "解決しました", "復旧", "復旧済み", "復旧済", "復旧しました", "解消", "已恢复",
        "已解决", "已修复", "恢复", "已恢復", "已解決", "已修復", "해결됨", "해결", "해결 완료", "해결완료", "복구됨",
        "복구 완료", "복구완료",
        "normalizado", "normalizada", "restablecido", "restaurado", "restaurada", "solucionada", "corrigido",
    ),
    "postmortem": ("post-mortem", "post mortem", "root cause analysis", "事後分析", "事后分析", "사후 분석"),
    "scheduled": (
        "planned", "upcoming", "postponed", "rescheduled", "maintenance_scheduled", "scheduled maintenance",
        "planned maintenance", "agendado", "agendada", "programado", "programada",
        "planifié", "planifiée", "programmé", "geplant", "programmato", "pianificato", "gepland", "zaplanowano",
        "zaplanowane", "planerat", "schemalagt", "запланировано", "予定", "予定済み", "已计划", "已安排", "计划中",
        "已排程", "已排定", "예정", "예정됨",
    ),
    "in_progress": (
        "maintenance_in_progress", "maintenance in progress", "underway", "em andamento", "em progresso", "en curso",
        "en progreso", "en cours",
        "in bearbeitung", "in arbeit", "in corso", "in uitvoering", "w toku", "w trakcie", "pågående", "выполняется",
        "в процессе", "進行中", "实施中", "进行中", "正在进行", "작업 중", "진행 중", "진행중",
    ),
    "verifying": (
        "verificando", "em verificação", "vérification", "vérification en cours", "überprüfung", "wird überprüft",
        "in verifica", "controleren", "weryfikacja", "verifierar", "проверка", "検証中", "验证中", "正在验证", "驗證中",
        "검증 중",
    ),
    "completed": (
        "scheduled maintenance completed", "scheduled maintenance complete", "planned maintenance completed",
        "complete", "finished", "maintenance_complete", "maintenance_completed", "maintenance complete",
        "maintenance completed", "concluído", "concluída",
        "completado", "completada", "finalizado", "terminé", "terminée", "abgeschlossen", "completato", "completata",
        "voltooid", "zakończono", "zakończone", "slutfört", "slutförd", "завершено", "完了", "已完成", "완료", "완료됨",
    ),
    "cancelled": (
        "canceled", "cancelado", "cancelada", "annulé", "annulée", "abgebrochen", "annullato", "geannuleerd", "已取消",
        "キャンセル", "취소됨",
    ),
    UPDATE: (
        "updated", "atualização", "atualizado", "actualización", "actualizado", "mise à jour", "aktualisierung",
        "aktualisiert", "aggiornamento", "bijgewerkt", "aktualizacja", "uppdatering", "обновление", "更新",
        "アップデート", "업데이트",
    ),
}  # fmt: skip
_STATUSES: Mapping[str, str] = {
    spelling: status
    for status, spellings in _SPELLINGS.items()
    for spelling in (status, status.replace("_", " "), *spellings)
}

#: Headings of a status; incident.io writes one above it, above the list of components and behind a component's name.
STATUS_HEADINGS = frozenset({
    "status", "current status", "incident status", "status update", "state", "current state", "incident state",
    "estado", "estado actual", "estado atual", "situação", "situação atual", "statut", "statut actuel", "état",
    "aktueller status", "zustand", "stato", "stato attuale", "huidige status", "stan", "aktualny stan",
    "aktualny status", "nuvarande status", "durum", "статус", "текущий статус", "состояние", "状态", "当前状态",
    "目前状态", "狀態", "状態", "new status", "updated status", "the status is", "stav", "tila", "állapot", "stare",
    "κατάσταση", "trạng thái", "สถานะ", "الحالة",
    "目前狀態", "ステータス", "現在のステータス", "状況", "現在の状況", "상태", "현재 상태",
})  # fmt: skip
COMPONENT_HEADINGS = frozenset({
    "affected components", "componentes afetados", "componentes afectados", "composants affectés",
    "composants concernés", "betroffene komponenten", "componenti interessati", "getroffen componenten",
    "影響を受けるコンポーネント", "受影响的组件", "영향을 받는 구성 요소",
})  # fmt: skip
COMPONENT_STATES = frozenset({
    "operational", "degraded performance", "partial outage", "full outage", "major outage", "under maintenance",
    "maintenance", "operacional", "desempenho degradado", "rendimiento degradado", "interrupção parcial",
    "interrupción parcial", "interrupção total", "interrupción total", "em manutenção", "en mantenimiento",
    "opérationnel", "performances dégradées", "panne partielle", "panne totale", "en maintenance", "betriebsbereit",
    "beeinträchtigte leistung", "teilweiser ausfall", "vollständiger ausfall", "wartung",
})  # fmt: skip


#: Platforms' words for a component's status, without blanks, hyphens and underscores: the field's words, and others.
_COMPONENT_STATUSES: Mapping[str, ComponentStatus] = {
    word.replace(" ", "").replace("_", ""): status
    for status, words in {
        ComponentStatus.OPERATIONAL: (
            "operational", "up", "ok", "available", "online", "normal", "healthy", "operacional", "opérationnel",
            "betriebsbereit", "operativo", "正常",
        ),
        ComponentStatus.DEGRADED_PERFORMANCE: (
            "degraded performance", "degraded", "performance degradation", "performance issues", "slow",
            "desempenho degradado", "rendimiento degradado", "performances dégradées", "beeinträchtigte leistung",
        ),
        ComponentStatus.PARTIAL_OUTAGE: (
            "partial outage", "partially degraded", "partial disruption", "minor outage", "disrupted",
            "interrupção parcial", "interrupción parcial", "panne partielle", "teilweiser ausfall",
        ),
        ComponentStatus.MAJOR_OUTAGE: (
            "major outage", "full outage", "outage", "complete outage", "down", "offline", "unavailable",
            "interrupção total", "interrupción total", "panne totale", "vollständiger ausfall",
        ),
        ComponentStatus.UNDER_MAINTENANCE: (
            "under maintenance", "maintenance", "in maintenance", "em manutenção", "en mantenimiento",
            "en maintenance", "wartung",
        ),
    }.items()
    for word in words
}  # fmt: skip
_SEPARATORS = re.compile(r"[\s_-]+")


def component_status(word: object) -> ComponentStatus:
    """Return a component's status from a word in any case and spacing, UNKNOWN for one that is not known."""
    return _COMPONENT_STATUSES.get(_SEPARATORS.sub("", _folded(word)), ComponentStatus.UNKNOWN)


def is_closing(status: str) -> bool:
    """Return whether a status in the field's word is an end."""
    return status in CLOSED_STATUSES


def status_word(word: object) -> str | None:
    """Return the status in the field's word, else the vendor's own in lower case; None when there is no word."""
    folded = _folded(word)
    return _STATUSES.get(folded, folded[:_MAX_LENGTH]) or None


def known_status(word: object) -> str | None:
    """Return the status in the field's word, None for a word that is not known as a status."""
    return _STATUSES.get(_folded(word))


def vendor_word(word: object, status: str) -> str | None:
    """Return the vendor's word as written, None where it says no more than `status`.

    A word for a mere update says nothing about the status, in any language.
    """
    folded = _folded(word)[:_MAX_LENGTH]
    says_no_more = folded.replace(" ", "_") == status.replace(" ", "_") or _STATUSES.get(folded) == UPDATE
    return None if says_no_more or not folded else one_line(str(word)[:_LOOKED_AT])[:_MAX_LENGTH]


def _folded(word: object) -> str:
    return one_line(word[:_LOOKED_AT].lower().replace("\u2019", "'")) if isinstance(word, str) else ""

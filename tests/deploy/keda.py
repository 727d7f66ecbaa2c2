"""What we use of KEDA's resources, written down from its documentation: no package of a fitting size has its schemas.

https://keda.sh/docs/2.16/reference/scaledobject-spec/, /docs/2.16/scalers/redis-lists/, /docs/2.16/scalers/cpu/ and
/docs/2.16/concepts/authentication/. A field that is not here is a mistake or has to be looked up there first.
"""

from typing import Any

_TEXT = {"type": "string"}
_NAME = {"type": "object", "properties": {"name": _TEXT}, "required": ["name"], "additionalProperties": False}
_COUNT = {"type": "integer", "minimum": 0}
_NUMBER_AS_TEXT = {"type": "string", "pattern": "^[0-9]+$"}


def _exact(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_POLICY = _exact(
    ["type", "value", "periodSeconds"],
    type={"enum": ["Pods", "Percent"]},
    value={"type": "integer", "minimum": 1},
    periodSeconds={"type": "integer", "minimum": 1, "maximum": 1800},
)
_RULES = _exact(
    [],
    stabilizationWindowSeconds={"type": "integer", "minimum": 0, "maximum": 3600},
    selectPolicy={"enum": ["Max", "Min", "Disabled"]},
    policies={"type": "array", "items": _POLICY, "minItems": 1},
)
_REDIS = _exact(
    ["type", "metadata", "authenticationRef"],
    type={"const": "redis"},
    metadata=_exact(
        ["listName", "listLength"],
        listName=_TEXT,
        listLength=_NUMBER_AS_TEXT,
        activationListLength=_NUMBER_AS_TEXT,
        databaseIndex=_NUMBER_AS_TEXT,
    ),
    authenticationRef=_NAME,
)
_CPU = _exact(
    ["type", "metricType", "metadata"],
    type={"const": "cpu"},
    metricType={"const": "Utilization"},
    metadata=_exact(["value"], value=_NUMBER_AS_TEXT),
)

SCHEMAS = {
    "ScaledObject": _exact(
        ["scaleTargetRef", "triggers"],
        scaleTargetRef=_NAME,
        pollingInterval=_COUNT,
        cooldownPeriod=_COUNT,
        minReplicaCount=_COUNT,
        maxReplicaCount=_COUNT,
        advanced=_exact(
            [], horizontalPodAutoscalerConfig=_exact([], behavior=_exact([], scaleUp=_RULES, scaleDown=_RULES))
        ),
        triggers={"type": "array", "minItems": 1, "items": {"oneOf": [_REDIS, _CPU]}},
    ),
    "TriggerAuthentication": _exact(
        ["secretTargetRef"],
        secretTargetRef={
            "type": "array",
            "items": _exact(
                ["parameter", "name", "key"],
                parameter={"enum": ["address", "username", "password", "tls", "ca", "cert", "key", "keyPassword"]},
                name=_TEXT,
                key=_TEXT,
            ),
        },
    ),
}

"""Which media types the operations take that do not take all (the @Consumes of Pinot's resources)."""

from __future__ import annotations

from dataclasses import replace

from meshloom.engine.http.operations import Operation

JSON, FORM = "application/json", "multipart/form-data"
CONSUMES = {
    ("POST", "/schemas"): (JSON, FORM),
    ("PUT", "/schemas/{name}"): (JSON, FORM),
    ("POST", "/schemas/validate"): (JSON, FORM),
    ("POST", "/segments"): (JSON, FORM),
    ("POST", "/v2/segments"): (JSON, FORM),
    ("POST", "/ingestFromFile"): (FORM,),
    ("POST", "/ingestFromURI"): (FORM,),
    ("PUT", "/instances/{name}"): (JSON,),
    ("PUT", "/instances/{name}/updateTags"): (JSON,),
    ("POST", "/tenants"): (JSON,),
    ("PUT", "/tenants"): (JSON,),
    ("PUT", "/logicalTables/{name}"): (JSON,),
    ("POST", "/query/tableNames"): (JSON,),
    ("POST", "/segments/{name}/delete"): (JSON,),
    ("DELETE", "/segments/{name}/choose"): (JSON,),
    ("POST", "/applicationQuotas/{application}"): (JSON,),
    ("POST", "/databases/{database}/quotas"): (JSON,),
    ("PUT", "/zk/put"): (JSON,),
    ("PUT", "/zk/putChildren"): (JSON,),
    ("POST", "/zk/create"): (JSON,),
}


def fed(operation: Operation) -> Operation:
    """The operation with the media types that it takes."""
    return replace(operation, consumes=CONSUMES.get((operation.method, operation.path), ()))

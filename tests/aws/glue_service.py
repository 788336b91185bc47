"""The Glue Data Catalog as far as tables go, in memory: each request is checked against botocore's model."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

MODEL = botocore.session.get_session().get_service_model("glue")


EntityNotFoundException = type("EntityNotFoundException", (ClientError,), {})


def refused(operation, code, message=""):
    kind = EntityNotFoundException if code == "EntityNotFoundException" else ClientError
    return kind({"Error": {"Code": code, "Message": message}}, operation)


class Glue:
    """Databases and their tables; what ``faults`` names is raised instead of, or after, the calls in turn."""

    exceptions = SimpleNamespace(EntityNotFoundException=EntityNotFoundException)

    def __init__(self, *databases):
        self.tables = {name: {} for name in databases}
        self.calls, self.faults = [], {}

    def _take(self, operation, request):
        problems = ParamValidator().validate(request, MODEL.operation_model(operation).input_shape)
        assert not problems.has_errors(), problems.generate_report()
        self.calls.append(operation)
        fault = self.faults.get(operation, []).pop(0) if self.faults.get(operation) else None
        if fault and not fault.startswith("after "):
            raise refused(operation, fault)
        if request["DatabaseName"] not in self.tables:
            raise refused(operation, "EntityNotFoundException", f"Database {request['DatabaseName']} not found.")
        return self.tables[request["DatabaseName"]], (fault or "").removeprefix("after ")

    def get_table(self, **request):
        tables, _ = self._take("GetTable", request)
        if request["Name"] not in tables:
            raise refused("GetTable", "EntityNotFoundException", f"Entity Not Found: {request['Name']}")
        return {"Table": copy.deepcopy(tables[request["Name"]]) | {"DatabaseName": request["DatabaseName"]}}

    def create_table(self, **request):
        tables, lost = self._take("CreateTable", request)
        name = request["TableInput"]["Name"]
        if name in tables:
            raise refused("CreateTable", "AlreadyExistsException")
        tables[name] = copy.deepcopy(request["TableInput"]) | {"VersionId": "0"}
        if lost:
            raise refused("CreateTable", lost)

    def update_table(self, **request):
        tables, lost = self._take("UpdateTable", request)
        name = request["TableInput"]["Name"]
        if request.get("VersionId") != tables[name]["VersionId"]:
            raise refused("UpdateTable", "ConcurrentModificationException")
        version = str(int(tables[name]["VersionId"]) + 1)
        tables[name] = copy.deepcopy(request["TableInput"]) | {"VersionId": version}
        if lost:
            raise refused("UpdateTable", lost)

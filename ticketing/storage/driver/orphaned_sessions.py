"""Ends the MongoDB sessions of a process that died.

A worker killed inside a transaction leaves it open, and with it the lock on the event's document:
nobody can sell that event's tickets until MongoDB gives the transaction up
(`transactionLifetimeLimitSeconds`, 60 s unless told otherwise). Killing its sessions frees the
event in milliseconds. The process is known by its client's application name.
"""

from __future__ import annotations

from collections.abc import Iterable

from pymongo import MongoClient

from ticketing.storage.driver.clients import Document


def end_sessions(uri: str, appname: str, *, timeout_s: float = 2) -> int:
    """End the sessions of the dead process with this application name; return how many.

    With access control the service's user needs the `inprog` and `killAnySession` privileges.
    """
    client: MongoClient[Document]
    with MongoClient(uri, timeoutMS=int(timeout_s * 1000)) as client:
        operations: Iterable[Document] = client.admin.aggregate(
            [
                {"$currentOp": {"allUsers": True, "idleSessions": True}},
                {"$match": {"appName": appname, "lsid": {"$exists": True}}},
            ]
        )
        sessions = {operation["lsid"]["id"]: operation["lsid"] for operation in operations}
        if sessions:
            patterns = [
                {"lsid": lsid} if "uid" in lsid else {"lsid": {"id": lsid["id"]}}
                for lsid in sessions.values()
            ]
            client.admin.command("killAllSessionsByPattern", patterns)
        return len(sessions)

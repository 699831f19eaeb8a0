# SPDX-License-Identifier: Apache-2.0
"""A connection to ovsdb-server, and no more than the benchmarks need of it:
among 10,000 ports each ovs-vsctl would first read the whole database."""

import json
import socket

DB = "Open_vSwitch"


class Connection:
    """JSON-RPC over ovsdb-server's Unix socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.decoder = json.JSONDecoder()
        self.text = ""
        self.chunks = []
        self.number = 0
        self.updates = []       # Notifications that came while we waited.

    def _send(self, **message):
        self.socket.sendall(json.dumps(message).encode())

    def receive(self):
        """The next message; waits for it.  Echo requests are answered."""
        while True:
            try:
                message, end = self.decoder.raw_decode(self.text)
            except json.JSONDecodeError:
                self._read_more()
                continue
            self.text = self.text[end:].lstrip()
            if message.get("method") != "echo":
                return message
            self._send(result=message["params"], error=None,
                       id=message["id"])

    def _read_more(self):
        """Messages of megabytes come in pieces: what is there is looked at
        when the last piece is not a full one."""
        chunks = [self.text.encode()]
        while True:
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError("ovsdb-server has closed the connection")
            chunks.append(data)
            if data.endswith(b"}"):
                self.text = b"".join(chunks).decode()
                return

    def call(self, method, *params):
        """The result of 'method'; what arrives in between is kept in
        'updates'."""
        self.number += 1
        self._send(method=method, params=list(params), id=self.number)
        while True:
            message = self.receive()
            if message.get("method") == "update":
                self.updates.append(message["params"][1])
            elif message.get("id") == self.number:
                if message.get("error"):
                    raise RuntimeError("%s: %s" % (method, message["error"]))
                return message["result"]

    def update(self):
        """The next update of what is monitored; waits for it."""
        if self.updates:
            return self.updates.pop(0)
        while True:
            message = self.receive()
            if message.get("method") == "update":
                return message["params"][1]

    def transact(self, *operations):
        results = self.call("transact", DB, *operations)
        for result in results:
            if result and "error" in result:
                raise RuntimeError("transact: %s" % result)
        return results

    def select(self, table, where, *columns):
        """Rows of 'table', each a dictionary."""
        return self.transact({"op": "select", "table": table, "where": where,
                              "columns": list(columns)})[0]["rows"]

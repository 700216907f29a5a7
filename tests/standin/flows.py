"""A TCP proxy on loopback that can drop its flows silently, as a firewall that lost its state does.

    with Flows(segment.port) as flows:      # flows.url leads to the stand-in
        flows.drop()                        # what is open stays open, and nothing passes any more

Connections that are made after `drop()` pass. A dropped one gets neither FIN nor RST.
"""

import select
import socket
import threading


class Flows:
    def __init__(self, port, scheme="http"):
        self.target = port
        self.scheme = scheme
        self.made = 0       # connections, ever
        self._dropped = 0   # so many of the first of them are
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()
        return self

    def __exit__(self, *unused):
        self._ended.set()
        self._acceptor.join()
        self._listener.close()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def drop(self):
        """Drops every connection of now; returns how many were made until now."""
        with self._lock:
            self._dropped = self.made
            return self.made

    def _accept(self):
        while not self._ended.is_set():
            if not select.select([self._listener], [], [], 0.1)[0]:
                continue
            near, _ = self._listener.accept()
            with self._lock:
                number = self.made
                self.made += 1
            threading.Thread(target=self._serve, args=(near, number), daemon=True).start()

    def _serve(self, near, number):
        with near:
            try:
                with socket.create_connection(("127.0.0.1", self.target)) as far:
                    self._copy({near: far, far: near}, number)
            except OSError:
                pass  # nobody listens there now, or one of them went away

    def _copy(self, ways, number):
        """Copies both ways. A dropped one is read still, so that the peer's kernel sees its bytes taken."""
        while not self._ended.is_set():
            for source in select.select(list(ways), [], [], 0.1)[0]:
                data = source.recv(65536)
                if number >= self._dropped:
                    if not data:
                        return
                    ways[source].sendall(data)
                elif not data:
                    ways.pop(source)

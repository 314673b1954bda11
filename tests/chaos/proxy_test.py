"""The proxy does what it says, in front of an echo server."""
import contextlib
import socket
import threading
import time
import unittest

from deployment import Proxy


class Echo(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.echo, args=[connection], daemon=True).start()

    @staticmethod
    def echo(connection):
        with connection, contextlib.suppress(ConnectionResetError):
            while data := connection.recv(65536):
                connection.sendall(data)


class ProxyTest(unittest.TestCase):
    def setUp(self):
        self.echo = Echo()
        self.proxy = Proxy(self.echo.port, seed=1)

    def tearDown(self):
        self.proxy.close()
        self.echo.listener.close()

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=5)
        self.addCleanup(client.close)
        return client

    @staticmethod
    def ask(client, data):
        """(what came back, seconds)"""
        began = time.monotonic()
        sender = threading.Thread(target=client.sendall, args=[data])
        sender.start()
        back = bytearray()
        while len(back) < len(data):
            piece = client.recv(65536)
            if not piece:
                break
            back += piece
        sender.join()
        return bytes(back), time.monotonic() - began

    def test_bytes_pass_unchanged_in_both_directions(self):
        data = bytes(range(256)) * 8000
        self.assertEqual(self.ask(self.connect(), data)[0], data)

    def test_slices_pass_unchanged(self):
        self.proxy.tell("slice 7")
        self.proxy.tell("latency 1 2")
        data = bytes(range(256)) * 200
        self.assertEqual(self.ask(self.connect(), data)[0], data)

    def test_latency_is_added_in_each_direction(self):
        client = self.connect()
        self.proxy.tell("latency 100")
        self.assertGreaterEqual(self.ask(client, b"x")[1], 0.2)

    def test_rate_limits(self):
        client = self.connect()
        self.proxy.tell("rate 800")  # 100 bytes per ms
        self.assertGreaterEqual(self.ask(client, b"x" * 30000)[1], 0.3)

    def test_what_was_dropped_comes_after_healing(self):
        client = self.connect()
        self.ask(client, b"before")
        self.proxy.tell("drop")
        client.sendall(b"kept")
        client.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            client.recv(1)
        client.settimeout(5)
        self.proxy.tell("heal")
        self.assertEqual(client.recv(4), b"kept")

    def test_half_open_is_silent_for_good_and_new_connections_work(self):
        client = self.connect()
        self.ask(client, b"before")
        self.proxy.tell("half-open")
        self.proxy.tell("heal")
        client.sendall(b"into the void")
        client.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            client.recv(1)
        self.assertEqual(self.ask(self.connect(), b"new")[0], b"new")

    def test_reset_and_refuse(self):
        client = self.connect()
        self.ask(client, b"before")
        self.proxy.tell("reset")
        with self.assertRaises(ConnectionResetError):
            client.recv(1)
        self.proxy.tell("refuse")
        with self.assertRaises(ConnectionError):
            refused = self.connect()
            refused.sendall(b"x")
            if not refused.recv(1):
                raise ConnectionError
        self.proxy.tell("heal")
        self.assertEqual(self.ask(self.connect(), b"again")[0], b"again")

    def test_an_end_is_passed_on(self):
        client = self.connect()
        self.ask(client, b"x")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(client.recv(1), b"")


if __name__ == "__main__":
    unittest.main()

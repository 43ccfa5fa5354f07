# SPDX-License-Identifier: Apache-2.0
"""gv_peer.py ADDRESS [--seconds S] [--frames N] [--set NAME=VALUE]... [--trigger SECONDS] [--forget K]: a client of a GigE Vision
camera that knows nothing but the protocol, and prints a line of JSON for each picture: its number, how many of its packets
came, the CRC-32 of its pixels, when it was taken by the camera's clock, and when its first packet came here. It reads the camera's XML from its memory and writes features by name. --forget K: each K-th
packet is taken for lost, and asked for again. --show NAME: a feature's value, at the end. --dead: keeps asking, and says when no answer came."""
import argparse
import json
import re
import socket
import struct
import sys
import time
import zlib

PORT = 3956


class Refused(Exception):
    pass


class Camera:
    def __init__(self, address):
        self.where = (address, PORT)
        self.control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.control.bind(("127.0.0.1", 0))
        self.control.settimeout(0.3)
        self.number = 0

    def send(self, command, data, flags=1):
        self.number = self.number % 65535 + 1
        self.control.sendto(struct.pack(">BBHHH", 0x42, flags, command, len(data), self.number) + data, self.where)

    def ask(self, command, data, tries=3):
        for _ in range(tries):
            self.send(command, data)
            try:
                while True:
                    answer = self.control.recv(600)
                    status, kind, n, number = struct.unpack(">HHHH", answer[:8])
                    if number == self.number:
                        break
            except (socket.timeout, ConnectionError):
                continue
            assert kind == command + 1 and n == len(answer) - 8, answer
            if status:
                raise Refused("command %#x: status %#x" % (command, status))
            return answer[8:]
        raise TimeoutError("no answer to command %#x" % command)

    def read(self, at, n):
        return b"".join(
            self.ask(0x84, struct.pack(">IHH", at + i, 0, min(512, n - i)))[4:] for i in range(0, n, 512))

    def write(self, at, data):
        for i in range(0, len(data), 512):
            self.ask(0x86, struct.pack(">I", at + i) + data[i:i + 512])

    def register(self, at, value):
        self.ask(0x82, struct.pack(">II", at, value))

    def features(self):
        url = self.read(0x200, 512).rstrip(b"\0").decode()
        _, at, n = re.fullmatch(r"Local:([^;]+;)([0-9a-f]+);([0-9a-f]+)", url).groups()
        xml = self.read(int(at, 16), (int(n, 16) + 3) // 4 * 4)[:int(n, 16)].decode()
        found = {}
        for kind, name, place, length in re.findall(
                r'<(\w+Reg) Name="(\w+)"[^>]*>(?:(?!Address).)*<Address>(0x[0-9a-f]+)</Address>\s*<Length>(\d+)<', xml, re.S):
            found[name.removesuffix("Register")] = (kind, int(place, 16), int(length))
        choices = {}
        for name, body in re.findall(r'<Enumeration Name="(\w+)"(.*?)</Enumeration>', xml, re.S):
            choices[name] = {k: int(v) for k, v in re.findall(r'<EnumEntry Name="(\w+)"[^>]*><Value>(\d+)<', body)}
        self.known, self.choices = found, choices
        return found

    def set(self, name, value):
        kind, at, length = self.known[name]
        if kind == "StringReg":
            self.write(at, value.encode().ljust(length, b"\0")[:length])
        elif kind == "FloatReg":
            self.write(at, struct.pack(">d", float(value)))
        elif kind == "MaskedIntReg":
            self.register(at, int(value))
        else:
            self.register(at, self.choices.get(name, {}).get(value) if name in self.choices else int(value))

    def get(self, name):
        kind, at, length = self.known[name]
        raw = self.read(at, length)
        if kind == "StringReg":
            return raw.rstrip(b"\0").decode()
        return struct.unpack(">d", raw)[0] if kind == "FloatReg" else struct.unpack(">I", raw)[0]


class Picture:
    def __init__(self, block):
        self.block, self.packets, self.leader, self.trailer, self.gone = block, {}, None, None, 0
        self.again = 0
        self.arrived = time.monotonic_ns()

    def take(self, kind, packet, status, body):
        if status:
            self.gone += 1
        elif kind == 1:
            self.leader = body
        elif kind == 2:
            self.trailer = packet
        else:
            self.packets[packet] = body

    def report(self, payload):
        pixels = b"".join(self.packets[k] for k in sorted(self.packets))
        whole = self.leader is not None and len(pixels) == payload
        line = {"block": self.block, "whole": whole, "n": len(self.packets), "bytes": len(pixels), "gone": self.gone,
                "trailer": self.trailer, "crc": "%08x" % zlib.crc32(pixels), "again": self.again,
                "arrived": self.arrived}
        if self.leader:
            _, high, low, pixel, width, height, x, y = struct.unpack(">IIIIIIII", self.leader[:32])
            line.update(timestamp=high << 32 | low, pixel=pixel, width=width, height=height, x=x, y=y)
        print(json.dumps(line), flush=True)


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("address")
    parse.add_argument("--seconds", type=float, default=3)
    parse.add_argument("--frames", type=int, default=0)
    parse.add_argument("--set", action="append", default=[])
    parse.add_argument("--live", action="append", default=[], help="N:NAME=VALUE after picture N")
    parse.add_argument("--trigger", type=float, default=0)
    parse.add_argument("--forget", type=int, default=0)
    parse.add_argument("--show", action="append", default=[])
    parse.add_argument("--dead", action="store_true")
    options = parse.parse_args()
    camera = Camera(options.address)
    camera.features()
    camera.register(0xA00, 2)
    stream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    stream.bind(("127.0.0.1", 0))
    stream.settimeout(0.05)
    for text in options.set:
        camera.set(*text.split("=", 1))
    camera.register(0xD18, 0x7F000001)
    camera.register(0xD00, stream.getsockname()[1])
    payload = camera.get("PayloadSize")
    camera.set("AcquisitionStart", "1")
    until, beat, trigger = time.monotonic() + options.seconds, 0.0, 0.0
    now, done, picture, n_packets, silent = None, 0, None, 0, False
    live = [(int(t.split(":", 1)[0]), t.split(":", 1)[1]) for t in options.live]
    while time.monotonic() < until and not (options.frames and done >= options.frames):
        now = time.monotonic()
        if options.trigger and now >= trigger:
            camera.set("TriggerSoftware", "1")
            trigger = now + options.trigger
        if now >= beat:
            beat = now + (0.1 if options.dead else 0.5)
            try:
                camera.ask(0x80, struct.pack(">I", 0xA00), tries=1)
                if silent:
                    print(json.dumps({"event": "answers again"}), flush=True)
                silent = False
            except TimeoutError:
                if not silent:
                    print(json.dumps({"event": "no answer"}), flush=True)
                silent = True
        try:
            bytes_ = stream.recv(70000)
        except socket.timeout:
            continue
        status, block, word = struct.unpack(">HHI", bytes_[:8])
        kind, packet = word >> 24, word & 0xFFFFFF
        if picture is None or (picture.block != block and kind == 1):
            if picture:
                picture.report(payload)
                done += 1
            picture = Picture(block)
        if picture.block != block:
            continue
        n_packets += 1
        if options.forget and n_packets % options.forget == 0 and kind == 3 and not status:
            picture.again += 1
            camera.send(0x40, struct.pack(">HHII", 0, block, packet, packet), flags=0)
            continue
        picture.take(kind, packet, status, bytes_[8:])
        for after, text in [t for t in live if t[0] == block and kind == 2]:
            camera.set(*text.split("=", 1))
    if picture:
        picture.report(payload)
    for name in options.show:
        print(json.dumps({"event": "feature", "name": name, "value": camera.get(name)}), flush=True)
    try:
        camera.set("AcquisitionStop", "1")
        camera.register(0xA00, 0)
    except (TimeoutError, Refused) as problem:
        print(json.dumps({"event": str(problem)}), flush=True)
    return 0


sys.exit(main())

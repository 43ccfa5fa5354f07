#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay twin play --terminal: pictures of half blocks that fit into the terminal, which is as it was when it ends, however.
. "$(dirname "$0")/lib.sh"
need_program
cd "$TMP" || exit 3

expect_exit 2 "$ASSAY" twin play --terminal
expect_err '--terminal draws in a terminal, and standard output is none: without it play writes a page'
expect_exit 2 "$ASSAY" twin play --terminal --json
expect_err '--terminal is no page: --json goes without it'
expect_exit 2 "$ASSAY" twin play --terminal --output page.html
expect_err '--output goes without it'
expect_no_file twin.html

cat >on_pty.py <<'P'
import fcntl, os, pty, re, select, signal, struct, sys, termios, time
how, argv = sys.argv[1], sys.argv[2:]
def size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
master, slave = pty.openpty()
size(master, 20, 50)
was = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    os.environ["TERM"] = "dumb" if how == "dumb" else "xterm-256color"
    os.execv(argv[0], argv)
seen, until, sent, status = b"", time.time() + 30, False, None
while status is None and time.time() < until:
    if select.select([master], [], [], 0.1)[0]:
        seen += os.read(master, 65536)
    frames = seen.count(b"\x1b[?2026l")
    if frames >= 2 and not sent:
        sent = True
        raw = termios.tcgetattr(slave)
        assert not raw[3] & (termios.ICANON | termios.ECHO), "keys are shown"
        if how == "resize":
            mark = len(seen)
            size(master, 10, 30)
        elif how in ("q", "x"):
            os.write(master, how.encode())
        elif how == "ctrl-c":
            os.write(master, b"\x03")
        elif how == "term":
            os.kill(pid, signal.SIGTERM)
    if how == "resize" and frames >= 6 and sent == True:
        sent = 2
        os.write(master, b"q")
    if how == "x" and frames >= 5 and sent == True: # any other key ends nothing
        sent = 2
        os.write(master, b"Q")
    done, code = os.waitpid(pid, os.WNOHANG)
    if done:
        status = os.waitstatus_to_exitcode(code)
assert status is not None, "it did not end"
while select.select([master], [], [], 0.1)[0]:
    seen += os.read(master, 65536)
assert termios.tcgetattr(slave) == was, "the terminal is set up otherwise"
if status == 0:
    assert seen.startswith(b"\x1b[?1049h\x1b[?25l"), seen[:40]
    assert seen.endswith(b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"), seen[-60:]
    def frame(part, rows, columns):
        at = [(int(r), int(c)) for r, c in re.findall(rb"\x1b\[(\d+);(\d+)H", part)]
        assert at and max(r for r, c in at) <= rows and all(1 <= c <= columns for r, c in at), at
        for line in re.split(rb"\x1b\[\d+;\d+H", part)[1:]:
            text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", line).decode()
            assert len(text) <= columns, (len(text), text)
        return part.count("▀".encode())
    whole = re.findall(rb"\x1b\[\?2026h(.*?)\x1b\[\?2026l", seen, re.S)
    first, last = frame(whole[0], 20, 50), frame(whole[-1], *((10, 30) if how == "resize" else (20, 50)))
    # 4 : 3, two pixels a character: as wide as it can be, or as high
    assert first == 50 * 19 or first == 19 * 50 or abs(first - 50 * 19) < 60, first
    assert (last < first / 2) == (how == "resize"), (first, last)
    assert b"\x1b[38;2;" in whole[0] and b"\x1b[48;2;" in whole[0] and b"#1 " in whole[0]
    print(len(whole), first)
else:
    sys.stderr.write(seen.decode(errors="replace"))
sys.exit(status)
P
for how in q ctrl-c term resize x; do
    expect_exit 0 python3 on_pty.py $how "$ASSAY" twin play 'cones?width=160&height=120' --terminal --fps 20 --boxes
done
expect_exit 0 python3 on_pty.py none "$ASSAY" twin play 'film?sensor=generic&pixel=Mono12p&width=160&height=120' --terminal --fps 50 --frames 3
expect_out '^3 '
expect_exit 2 python3 on_pty.py dumb "$ASSAY" twin play --terminal
expect_err 'TERM=dumb'
finish

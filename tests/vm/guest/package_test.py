#!/usr/bin/python3
"""The packages on a clean Debian: installed with apt, the service runs, answers, and reads controllers as its own
unprivileged user; an upgrade and a restart refuse nobody; purged, nothing is left.

usage: package_test.py, with the .deb files beside it, as root, in a guest with systemd"""

import glob
import json
import os
import re
import sys
import threading

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
from checks import *

rest = Rest()
daemon_deb, emulator_deb = (glob.glob(f"{here}/{name}_*.deb")[0] for name in ("psmoved", "psmove-emulator"))
apt = "DEBIAN_FRONTEND=noninteractive apt-get -qy -o Dpkg::Use-Pty=0 --no-install-recommends"


def is_active(unit):
    return shell(f"systemctl is-active {unit}")[1].strip() == "active"


def property_of(unit, name):
    return shell(f"systemctl show -P {name} {unit}")[1].strip()


def installs():
    code, text = shell(f"{apt} install {daemon_deb}")
    if not check("apt install ends well", code == 0, "" if code == 0 else text[-2000:]):
        return False
    check("the service is active", is_active("psmoved.service"), shell("systemctl status --no-pager psmoved.service")[1])
    check("so is its socket", is_active("psmoved.socket"))
    check("both come back after a reboot", all(shell(f"systemctl is-enabled {u}")[0] == 0 for u in ("psmoved.service", "psmoved.socket")))
    check("nothing failed", shell("systemctl --failed --no-legend --no-pager")[1].strip() == "")
    for host in ("localhost", "127.0.0.1", "[::1]"):
        code, text = shell(f"curl -sf http://{host}:6683/api/v1/controllers")
        check(f"curl {host}:6683 is answered", code == 0 and json.loads(text) == [], text)
    socket = "/run/psmoved/psmoved.sock"
    check("the Unix socket is for root and its group", shell(f"stat -c '%U %G %a' {socket}")[1].strip() == "root psmoved 660")
    check("it is answered, too", shell(f"curl -sf --unix-socket {socket} http://localhost/api/v1/controllers")[0] == 0)
    # The signal is sent when it returns; what psmoved made of it comes a moment later.
    code, text = shell("systemctl reload psmoved.service")
    check("systemctl reload reads the configuration again",
          code == 0 and eventually(lambda: "the configuration was reloaded" in shell("journalctl -b -u psmoved.service -o cat")[1], 20), text)
    check("so is /readyz", rest.request("GET", "/readyz")[0] == 200)
    check("psmovectl finds it", shell("psmovectl list")[0] == 0, shell("psmovectl list")[1])
    check("psmoved --version names the package's",
          shell("psmoved --version")[1].split()[-1] == shell("dpkg-query -W -f '${Version}' psmoved")[1])
    check("the default configuration is valid", shell("psmoved --check-config")[0] == 0)
    return True


def is_confined():
    uid = shell("id -u psmoved")[1].strip()
    with open(f"/proc/{property_of('psmoved.service', 'MainPID')}/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    check("it runs as its own user", status["Uid"].split() == [uid] * 4 and uid != "0", status["Uid"])
    check("without a capability", int(status["CapEff"], 16) == 0 and int(status["CapBnd"], 16) == 0)
    check("under a system call filter, unable to gain rights", (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1"))
    check("its memory is small", int(status["VmRSS"].split()[0]) < 40 * 1024, status["VmRSS"])
    state = os.stat("/var/lib/psmoved")
    check("its state is its own", (str(state.st_uid), oct(state.st_mode & 0o777)) == (uid, "0o750"))
    check("systemd watches it", property_of("psmoved.service", "WatchdogUSec") != "0")
    code, text = shell("systemd-analyze verify --man=no psmoved.service psmoved.socket")
    check("systemd-analyze verify finds nothing", code == 0 and not text.strip(), text)
    score = re.search(r"level for psmoved.service: ([0-9.]+)", shell("systemd-analyze security --no-pager psmoved.service")[1])
    check("systemd-analyze security: 1.5 at most", score and float(score[1]) <= 1.5, score and score[1])


def reads_controllers():
    code, text = shell(f"{apt} install {emulator_deb}")
    check("apt install psmove-emulator ends well", code == 0, "" if code == 0 else text[-2000:])
    shell("modprobe uhid")
    eventually(lambda: os.path.exists("/dev/uhid"), 30)
    emulator = Process(["psmove-emulator", "zcm1:motion=wave,zcm2:motion=wave:rate=88", "--control", "/tmp/emulator.sock"], "/tmp/emulator.log")
    both = eventually(lambda: len([c for c in rest.get("/controllers") if c["status"] == "streaming"]) == 2, 90)
    check("both emulated controllers stream to the unprivileged user", both, rest.get("/controllers"))
    for node in glob.glob("/dev/hidraw*"):
        check(f"{node} is the daemon's: root psmoved 0660", shell(f"stat -c '%U %G %a' {node}")[1].strip() == "root psmoved 660")
        tags = shell(f"udevadm info -q property -P CURRENT_TAGS {node}")[1] + shell(f"udevadm info {node}")[1]
        check("and open to people at the seat", "uaccess" in tags)
        rules = shell(f"udevadm test $(udevadm info -q path {node}) 2>&1")[1]
        check("udev has no complaint about the rule", not re.search(r"60-psmoved.rules:\d+ .*(?:[Ii]nvalid|[Ff]ailed|[Uu]nknown)", rules))
    code, text = shell("journalctl -u psmoved.service PSMOVED_EVENT='controller attached' PSMOVED_CONTROLLER=00:06:f7:00:00:01 -o json")
    entries = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    check("the journal has a line's facts as fields", entries and entries[0]["PSMOVED_MODEL"] == "zcm1" and entries[0]["PRIORITY"] == "6", text[:500])
    code, text = shell("curl -sf localhost:6683/metrics")
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    check("/metrics counts reports, and knows its process in the sandbox",
          float(values['psmoved_controller_reports_total{controller="00:06:f7:00:00:01",transport="bluetooth"}']) > 0
          and all(float(values[f"process_{name}"]) > 0 for name in ("resident_memory_bytes", "open_fds", "start_time_seconds")), text[-500:])
    code, text = shell("curl -sf localhost:6683/api/v1/controllers/00:06:f7:00:00:01/sensors")
    check("curl reads sensors", code == 0 and "accel_m_s2" in json.loads(text), text[:200])
    shell("psmovectl led 00:06:f7:00:00:01 '#102030'")
    shows = lambda: json.loads(shell("psmove-emulator --control /tmp/emulator.sock --send '1 state'")[1])["shows"]
    check("psmovectl led lights it", eventually(lambda: shows()["blue"] == 48, 20), shows())
    rest.patch("/controllers/a4:53:85:00:00:02", {"name": "left hand", "number": 7})
    return emulator


def refuses_nobody():
    """While the service restarts, callers wait instead of being refused."""
    answers, stop = [], threading.Event()

    def call():
        while not stop.is_set():
            answers.append(shell("curl -s -o /dev/null -m 60 -w '%{http_code} %{errormsg}' localhost:6683/livez")[1])

    caller = threading.Thread(target=call)
    caller.start()
    code, text = shell("systemctl restart psmoved.service")
    check("systemctl restart works", code == 0, text)
    eventually(lambda: len(answers) > 5, 60)
    stop.set()
    caller.join()
    refused = [a for a in answers if "refused" in a]
    check("nobody was refused during a restart", not refused and "200 " in [a[:4] for a in answers], answers)
    back = eventually(lambda: (c := rest.get("/controllers/left%20hand")) and c["status"] == "streaming" and c, 60)
    check("names and numbers outlive it", back and back["number"] == 7, back)


def restarts_after_a_kill():
    pid = property_of("psmoved.service", "MainPID")
    shell(f"kill -9 {pid}")
    check("killed, it is started again", eventually(lambda: property_of("psmoved.service", "MainPID") not in (pid, "0")
                                                    and is_active("psmoved.service"), 60))
    check("and knows everything", eventually(lambda: rest.get("/controllers/7")["name"] == "left hand", 60))


def stays_down_on_a_bad_configuration():
    with open("/etc/psmoved/psmoved.toml", "a") as file:
        file.write("prot = 6683\n")
    shell("systemctl restart psmoved.service")
    check("a bad configuration stops it", eventually(lambda: property_of("psmoved.service", "Result") == "exit-code", 30))
    check("with 78", property_of("psmoved.service", "ExecMainStatus") == "78", property_of("psmoved.service", "ExecMainStatus"))
    check("without trying again", property_of("psmoved.service", "ActiveState") == "failed")
    check("and the journal says why", "unknown key" in shell("journalctl -u psmoved --no-pager")[1])
    shell("sed -i '/^prot/d' /etc/psmoved/psmoved.toml; systemctl restart psmoved")
    check("mended, it runs", eventually(lambda: is_active("psmoved.service") and rest.get("/controllers") is not None, 30))


def upgrades_and_goes(emulator):
    code, text = shell(f"{apt} install --reinstall {daemon_deb}")
    check("installing it again works", code == 0 and is_active("psmoved.service"), "" if code == 0 else text[-2000:])
    check("and keeps names", eventually(lambda: rest.get("/controllers/7")["name"] == "left hand", 60))
    shell("systemctl disable --now psmoved.service psmoved.socket")
    shell(f"{apt} install --reinstall {daemon_deb}")
    check("what the administrator disabled stays disabled", not is_active("psmoved.service") and not is_active("psmoved.socket"))
    code, text = shell(f"{apt} remove psmoved")
    check("apt remove works", code == 0, "" if code == 0 else text[-2000:])
    check("names outlive a removal", os.path.exists("/var/lib/psmoved"))
    code, text = shell(f"{apt} install {daemon_deb}; systemctl enable --now psmoved.service")
    check("back again, and enabled again, it knows them", code == 0 and eventually(lambda: rest.get("/controllers/7")["name"] == "left hand", 60))
    code, text = shell(f"{apt} purge psmoved")
    check("apt purge works", code == 0, "" if code == 0 else text[-2000:])
    left = [path for path in ("/var/lib/psmoved", "/etc/psmoved", "/usr/bin/psmoved", "/usr/lib/udev/rules.d/60-psmoved.rules")
            if os.path.exists(path)]
    left += glob.glob("/etc/systemd/system/**/psmoved*", recursive=True)
    check("purged, nothing of it is left", not left, left)
    check("nor a failed unit", shell("systemctl --failed --no-legend --no-pager")[1].strip() == "")
    emulator.stop()


if installs():
    is_confined()
    emulator = reads_controllers()
    refuses_nobody()
    restarts_after_a_kill()
    stays_down_on_a_bad_configuration()
    upgrades_and_goes(emulator)
finish()

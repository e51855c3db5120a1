#!/usr/bin/python3
"""The unmodified tripline.exe as a service in Wine, reading ETW: what the kernel, Sysmon and the audit write reaches the
receiver, and what ETW refuses stops nothing.

    test_etw.py TRIPLINE_EXE BUILD_TREE
"""
import json
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import etw
import suite
import wine
import world

PROGRAM = Path(sys.argv[1])
WINSIM = Path(sys.argv[2]) / "tests" / "winsim"
CHANNELS = [world.SECURITY, world.SYSMON, world.FORWARDED]
OPENED = "T2001 ETW kernel"


class Etw(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        world.make_certificates(self.path / "certificates")
        self.receiver = world.Receiver(self.path, self.path / "certificates")
        self.wine = wine.Wine(self.path, PROGRAM, WINSIM / "wevtapi.dll", WINSIM / "etw" / "sechost.dll", is_shared=True)
        self.etw = etw.Etw(self.wine.prefix)
        for name in CHANNELS:
            self.wine.append(name)

    def tearDown(self):
        aborts, log, calls = self.wine.aborts(), self.wine.log(), self.etw.calls()
        self.wine.stop(is_well=not aborts and not suite.failed(self))
        self.receiver.stop()
        self.folder.cleanup()
        if aborts or suite.failed(self):
            print(f"the agent's log:\n{log}\nETW calls:\n" +
                  "".join(line + "\n" for line in calls.splitlines() if "Trace" in line))
        self.assertEqual(aborts, "")

    @staticmethod
    def source(document, members="sources", key="name", name="ETW kernel"):
        return next(source for source in document[members] if source[key] == name)

    def start(self, settings='sysmon="no" security="no"', more="", wait_for=OPENED, heartbeats=None):
        path = self.wine.state / "tripline.xml"
        (self.wine.state / "ca.pem").write_bytes((self.path / "certificates" / "ca.pem").read_bytes())
        world.write_config(path, self.receiver.url, "ca.pem", CHANNELS, self.wine.windows_path(self.wine.state), "all",
                           extra=f'<etw enabled="yes" {settings}/>\n    {more}')
        if heartbeats:
            path.write_text(path.read_text().replace('<heartbeat interval="0s"/>', heartbeats))
        self.tripline("install", "--config", self.wine.windows_path(path))
        self.tripline("start")
        self.wine.wait_for_log(wait_for)

    def stop(self):
        self.tripline("stop")
        world.wait_for(lambda: self.wine.service_pid() is None, 10, "the service's end")
        self.assertEqual(self.etw.leaks(), "")

    def tripline(self, *arguments, code=0):
        got, out, err = self.wine.run(*arguments)
        self.assertEqual(got, code, f"{arguments}: {out}{err}")
        return out + err

    def documents(self, count, timeout_s=20):
        """Waits for count documents, then a little longer for one too many."""
        world.wait_for(lambda: len(self.receiver.received()) >= count, timeout_s, f"{count} documents")
        time.sleep(0.3)
        got = [r["alert"] for r in self.receiver.received() if not r["repeat"]]
        self.assertEqual(len(got), count, [d["process"] for d in got])
        return got

    def test_the_kernel_sees_it(self):
        """Every version and pointer size; who it was, who created it, and whose parent it says to be."""
        self.etw.write("rundown.bin", etw.process(5444, 4, "cmd.exe /k", opcode=etw.DC_START, image="cmd.exe", sid=etw.NOBODY),
                       etw.process(600, 4, "explorer.exe", opcode=etw.DC_START, image="explorer.exe"))
        self.start()
        time.sleep(0.3)  # the list of running processes comes first
        begin = time.time()
        self.etw.kernel(etw.process(9636, 5444, world.ATTACK))
        alert = self.documents(1)[0]
        print(f"from event to receipt: {1000 * (self.receiver.received()[0]['received_ns'] / 1e9 - begin):.0f} ms")
        self.assertEqual(alert["event"]["kind"], "alert")
        self.assertEqual(alert["event"]["provider"], "Windows Kernel Trace")
        self.assertEqual(alert["tripline"]["branches"], [3])
        self.assertEqual(alert["process"]["command_line"], world.ATTACK)
        self.assertEqual(alert["process"]["pid"], 9636)
        self.assertEqual(alert["process"]["parent"]["pid"], 5444)
        self.assertEqual(alert["process"]["parent"]["command_line"], "cmd.exe /k")
        self.assertEqual(alert["user"]["id"], "S-1-5-18")
        self.assertEqual(alert["user"]["name"].upper(), "SYSTEM")
        self.assertNotIn("claimed_parent", alert["tripline"])
        row = alert["sentinel"]
        self.assertEqual((row["Type"], row["InitiatingProcessCommandLine"], row["InitiatingProcessFileName"],
                          row["InitiatingProcessParentFileName"], row["AccountEntity"], row["CommandLine"]),
                         ("DeviceProcessEvents", world.ATTACK, "powershell.exe", "cmd.exe", "", ""))
        self.etw.kernel(*(etw.process(10000 + 8 * version + pointer, 5444, world.ATTACK, version=version, pointer=pointer)
                          for version in (2, 3, 4, 5, 6) for pointer in (4, 8)))
        self.assertEqual({d["process"]["pid"] for d in self.documents(11)},
                         {9636} | {10000 + 8 * v + p for v in (2, 3, 4, 5, 6) for p in (4, 8)})
        self.etw.kernel(etw.process(12000, 600, world.ATTACK, creator=5444))
        alert = self.documents(12)[-1]
        self.assertEqual(alert["tripline"]["claimed_parent"],
                         {"pid": 600, "name": "explorer.exe", "executable": "explorer.exe"})
        self.assertEqual(alert["process"]["parent"]["pid"], 5444)
        self.stop()
        self.assertFalse(self.etw.session("Tripline-Process").exists())

    def told_by_all(self, record, pid, when, computer, unix):
        self.wine.append(world.SECURITY, world.event_4688(record, world.ATTACK, when, pid=pid, computer=computer))
        self.wine.append(world.SYSMON, world.event_sysmon(record, world.ATTACK, when, pid=pid, computer=computer))
        self.etw.kernel(etw.process(pid, 4, world.ATTACK, when=etw.filetime(unix)))

    def test_one_process_one_story_q17(self):
        """By all three (corrected; quirk Q17): one alert, two follow-ups. Who is silent later is missed."""
        self.start()
        self.etw.kernel(etw.process(50, 4, world.ATTACK))
        computer = self.documents(1)[0]["sentinel"]["DeviceName"]
        when, unix = world.now(), time.time()
        self.told_by_all(1, 100, when, computer, unix)
        got = self.documents(4)[1:]
        self.assertEqual(sorted(d["event"]["kind"] for d in got), ["alert", "event", "event"])
        alert = next(d for d in got if d["event"]["kind"] == "alert")
        self.assertEqual({d["sentinel"]["Type"] for d in got},
                         {"SecurityEvent", "Event: Microsoft-Windows-Sysmon", "DeviceProcessEvents"})
        for follow_up in got:
            if follow_up is not alert:
                self.assertEqual(follow_up["event"]["action"], "witness-added")
                self.assertEqual(follow_up["tripline"]["alert_id"], alert["event"]["id"])
        self.etw.kernel(etw.process(200, 4, world.ATTACK))  # Security and Sysmon say nothing of this one
        self.documents(5)
        self.wine.wait_for_log("T2211", timeout_s=40, count=2)
        missed = [line for line in self.wine.log().splitlines() if "T2211" in line]
        self.assertEqual(sorted(line.split("T2211 ")[1].split(":")[0] for line in missed),
                         ["Microsoft-Windows-Sysmon/Operational", "Security"])
        self.stop()

    def test_corrected_q1_q8_q9(self):
        """Branch 3 in the corrected reading: docs/rule-semantics.md, "Quirks"."""
        self.etw.write("rundown.bin", etw.process(600, 4, world.ATTACK, opcode=etw.DC_START, sid=etw.NOBODY))
        self.start()
        time.sleep(0.3)
        self.etw.kernel(etw.process(100, 4, world.ATTACK), etw.process(104, 100, "whoami.exe", image="whoami.exe"),
                        etw.process(604, 600, "first.exe", image="first.exe"),
                        etw.process(608, 600, "second.exe", image="second.exe"))
        got = self.documents(4)
        with self.subTest("Q8: both command lines, one alert for each matching process; what it starts adds to it"):
            self.assertEqual([(d["process"]["pid"], d["event"].get("action")) for d in got],
                             [(100, None), (104, "child-started"), (604, None), (608, "child-started")])
            self.assertEqual(got[1]["tripline"]["alert_id"], got[0]["event"]["id"])
            self.assertEqual(got[3]["tripline"]["alert_id"], got[2]["event"]["id"])
        with self.subTest("Q1: the initiating process's account"):
            self.assertEqual(got[2]["user"], {"id": "S-1-5-21-1-2-1104"})
            self.assertEqual((got[0]["user"]["id"], got[0]["user"]["name"].upper()), ("S-1-5-18", "SYSTEM"))
            self.assertEqual((got[0]["sentinel"]["AccountEntity"], got[0]["sentinel"]["AccountName"]), ("", ""))
        with self.subTest("Q9: the account that the new process runs as, beside its creator's"):
            event = world.event_4688(1, world.ATTACK, pid=300)
            for name, before, now in (("UserSid", "S-1-0-0", "S-1-5-21-1-2-500"), ("UserName", "-", "admin"),
                                      ("DomainName", "-", "FABRIKAM")):
                event = event.replace(f"'Target{name}'>{before}<", f"'Target{name}'>{now}<")
            self.wine.append(world.SECURITY, event, world.event_4688(2, world.ATTACK, pid=301))
            users = [d["user"] for d in self.documents(6)[4:]]
            self.assertEqual(users[0].pop("target"), {"id": "S-1-5-21-1-2-500", "name": "admin", "domain": "FABRIKAM"})
            self.assertEqual(users[0], users[1])
            self.assertEqual((users[1]["name"], users[1]["domain"]), ("dadmin", "CONTOSO"))
        self.stop()

    def test_faithful_rows_of_branch_3(self):
        """A row for each child, none for the process itself, each table for itself; the account is lost (Q1, Q8, Q17). Every
        column of the rule, in its order; what is not named here is empty."""
        self.start(more='<matching reading="faithful"/>')
        self.etw.kernel(etw.process(96, 4, "boss.exe", image="boss.exe"),
                        etw.process(100, 96, world.ATTACK), etw.process(104, 100, "whoami.exe", image="whoami.exe"),
                        etw.process(108, 100, "net.exe", image="net.exe"))
        got = self.documents(2)
        self.assertEqual([(d["process"]["pid"], d["event"]["kind"]) for d in got], [(104, "alert"), (108, "alert")])
        device = got[0]["sentinel"]["DeviceName"]
        index = device.find(".")
        want = {"SourceTable": "DeviceProcessEvents", "Type": "DeviceProcessEvents", "HostEntity": device,
                "DeviceName": device, "InitiatingProcessFileName": "powershell.exe",
                "InitiatingProcessParentFileName": "boss.exe", "InitiatingProcessCommandLine": world.ATTACK,
                "InitiatingProcessAccountName": "SYSTEM", "HostName": device if index < 0 else device[:index],
                "HostNameDomain": device if index < 0 else device[index + 1:], "DomainIndex": index}
        columns = ("Computer", "Account", "AccountEntity", "User", "SubjectDomainName", "SubjectUserName", "Process",
                   "ParentProcessName", "ParentImage", "CommandLine", "AccountName", "AccountDomain")
        want.update({name: "" for name in columns})
        for document in got:
            row = document["sentinel"]
            self.assertEqual((row.pop("TimeGenerated"), row.pop("timestamp")), 2 * (document["@timestamp"],))
            self.assertTrue(row.pop("InitiatingProcessAccountDomain"))  # in the system's language
            self.assertEqual(row, want)
        self.wine.append(world.SECURITY, world.event_4688(1, world.ATTACK, pid=100))
        self.assertEqual([(d["event"]["kind"], d["sentinel"]["Type"]) for d in self.documents(3)[2:]],
                         [("alert", "SecurityEvent")])
        self.stop()

    def test_bad_records(self):
        self.start()
        whole = etw.process(9636, 4, world.ATTACK)
        payload = whole[44:]
        self.etw.kernel(*(etw.record(etw.PROCESS, payload[:size], version=4, opcode=etw.START)
                          for size in range(0, len(payload), 7)),
                        etw.record(etw.PROCESS, payload, version=1, opcode=etw.START),
                        etw.record(bytes(16), payload, version=4, opcode=etw.START), whole)
        self.documents(1)
        self.wine.wait_for_log("T2005 ETW kernel")
        self.stop()

    def test_sysmon_and_the_audit(self):
        self.etw.write("EventLog-Security.bin")
        self.start(settings="", wait_for="T2001 ETW EventLog-Security")
        self.wine.wait_for_log("T2001 ETW Sysmon")
        self.etw.write(etw.SYSMON_GUID + ".bin", etw.sysmon(100, 4, world.ATTACK), etw.sysmon(104, 4, world.HARMLESS))
        alert = self.documents(1)[0]
        self.assertEqual((alert["event"]["code"], alert["event"]["provider"], alert["process"]["pid"],
                          alert["user"]["name"]), ("1", "Microsoft-Windows-Sysmon", 100, "dadmin"))
        self.assertNotIn("sequence", alert["event"])
        self.etw.write("EventLog-Security.bin", etw.security(200, 4, world.ATTACK), etw.security(204, 4, world.HARMLESS))
        alert = self.documents(2)[1]
        self.assertEqual((alert["event"]["code"], alert["process"]["pid"], alert["user"]["domain"],
                          alert["sentinel"]["Type"]), ("4688", 200, "CONTOSO", "SecurityEvent"))
        self.stop()

    def test_denied(self):
        """Without the rights: said once, and the Event Log goes on."""
        self.etw.scenario("fail StartTraceW Tripline-Process 5", "fail StartTraceW Tripline-Sysmon 5")
        self.start(settings="", wait_for="T2003 ETW kernel")
        self.wine.wait_for_log("T2003 ETW Sysmon")
        self.wine.wait_for_log("T2003 ETW EventLog-Security")
        self.wine.append(world.SECURITY, world.event_4688(1, world.ATTACK))
        self.documents(1)
        self.assertEqual(self.wine.log().count("T2003"), 3)
        self.stop()

    def test_no_slot_and_foreign(self):
        foreign = self.etw.session("Tripline-Process")
        foreign.write_text("00000000-0000-0000-0000-000000000001 0\n")  # our name, another's id
        self.etw.scenario("fail StartTraceW Tripline-Sysmon 1450 1")
        self.start(settings='security="no"', wait_for="T2204 ETW kernel")
        self.wine.wait_for_log("T2203 ETW Sysmon")
        self.stop()
        self.assertTrue(foreign.exists())

    def test_killed_and_started_again(self):
        """The session of the one that was killed is ours: it is stopped, and started anew."""
        self.start()
        self.wine.kill_service()
        self.assertTrue(self.etw.session("Tripline-Process").exists())
        self.etw.scenario("stop-code Tripline-Process 234")  # what 24H2 says although it stops
        self.tripline("start")
        self.wine.wait_for_log(OPENED, count=2)
        self.etw.kernel(etw.process(9636, 4, world.ATTACK))
        self.documents(1)
        self.stop()

    def test_session_stolen(self):
        """Somebody stops the session: reported, started again, and the blind time is named."""
        self.start()
        self.etw.kernel(etw.process(100, 4, world.ATTACK))
        self.documents(1)
        self.etw.session("Tripline-Process").unlink()
        self.wine.wait_for_log("T2202 ETW kernel")
        self.wine.wait_for_log("nothing was seen between")
        self.wine.wait_for_log(OPENED, count=2)
        self.etw.kernel(etw.process(200, 4, world.ATTACK))
        self.documents(2)
        self.etw.scenario("end Tripline-Process 4201")
        self.wine.wait_for_log("T2004 ETW kernel")
        self.wine.wait_for_log(OPENED, count=3)
        self.stop()

    def test_switched_off(self):
        """The sessions live, and give nothing any more: noticed within half a minute, enabled again, told."""
        self.start(settings='sysmon="yes" security="no"')
        self.wine.wait_for_log("T2001 ETW Sysmon")
        time.sleep(2)  # the flags were seen
        self.etw.scenario("switched-off Tripline-Sysmon", "switched-off Tripline-Process")
        self.wine.wait_for_log("T2205 ETW Sysmon", timeout_s=45)
        self.wine.wait_for_log("T2205 ETW kernel", timeout_s=45)
        self.etw.scenario()
        self.wine.wait_for_log(OPENED, count=2)
        self.assertIn("nothing may have been seen between", self.wine.log())
        self.etw.write(etw.SYSMON_GUID + ".bin", etw.sysmon(100, 4, world.ATTACK))
        self.etw.kernel(etw.process(200, 4, world.ATTACK))
        self.documents(2)
        self.stop()

    def test_losses(self):
        """What is lost stands in the log, the status, the metrics and the heartbeats."""
        self.start(settings='sysmon="yes" security="no"', heartbeats='<heartbeat interval="1s"/><metrics file="t.prom"/>')
        self.etw.kernel(etw.process(100, 4, world.ATTACK))
        self.wine.wait_for_log("T3001")
        self.etw.scenario("lost Tripline-Process 7 0 2")
        self.wine.wait_for_log("7 events, 0 log buffers, 2 real-time buffers lost between")
        time.sleep(1.5)
        self.assertEqual(self.wine.log().count("T2201"), 1)  # only what is new
        status = self.wine.state / "status.json"
        world.wait_for(lambda: self.source(json.loads(status.read_text()))["lost"] == 7, 15, "the loss in the status")
        sources = {source["name"]: source for source in json.loads(status.read_text())["sources"]}
        self.assertEqual({name for name in sources if name.startswith("ETW")}, {"ETW kernel", "ETW Sysmon"})
        self.assertEqual((sources["ETW kernel"]["state"], sources["ETW kernel"]["gaps"], sources["ETW kernel"]["matches"]),
                         ("reading", 1, 1))
        screen = self.wine.run("status")[1]
        print(screen)
        self.assertRegex(screen, r"ETW kernel +reading +- +1 ")
        self.assertIn("7 events were lost before they were read (1 gap)", screen)
        self.assertRegex((self.wine.state / "t.prom").read_text(), r'tripline_lost_records_total\{source="ETW kernel"\} 7\n')
        def beat():
            beats = [r["alert"] for r in self.receiver.received() if r["alert"]["event"]["kind"] == "metric"]
            return beats and self.source(beats[-1]["tripline"]["heartbeat"], "receipts", "source")["lost_events"] == 7
        world.wait_for(beat, 10, "the loss in a heartbeat")
        verified = subprocess.run([sys.executable, world.HERE.parent / "heartbeat_verifier.py", self.receiver.out],
                                  capture_output=True, text=True, check=False)
        self.assertIn("lost: ETW kernel: 7 events were lost before they were read", verified.stdout)
        self.etw.scenario("lost Tripline-Process 8 0 2")
        self.stop()  # asked once more at the end
        self.assertIn("1 events, 0 log buffers, 0 real-time buffers lost", self.wine.log())

    def test_forced_flush(self):
        self.start(settings='sysmon="no" security="no" flush-milliseconds="5"')
        self.etw.kernel(etw.process(9636, 4, world.ATTACK))
        self.documents(1)
        self.stop()

    def test_pid_reuse(self):
        """A process under the pid of a matching one that has ended has nothing to do with it."""
        self.start()
        self.etw.kernel(etw.process(100, 4, world.ATTACK), etw.process(100, 4, world.ATTACK, opcode=etw.END),
                        etw.process(100, 4, world.HARMLESS), etw.process(104, 100, "whoami.exe"))
        self.documents(1)
        self.stop()

    def test_many(self):
        """100,000 processes as fast as can be, 100 attacks among them: none lost, memory bounded."""
        self.start()
        pid = self.wine.service_pid()
        begin = time.monotonic()
        for block in range(100):
            records = []
            for i in range(1000):
                number = 4 * (1 + (block * 1000 + i) % 50000)
                line = world.ATTACK if i == 500 else f"cmd.exe /c echo {block} {i} " + "x" * 80
                records.append(etw.process(number, 4, line))
                records.append(etw.process(number, 4, line, opcode=etw.END))
            self.etw.kernel(*records)
        written = time.monotonic() - begin
        got = self.documents(100, timeout_s=60)
        took = max(r["received_ns"] for r in self.receiver.received()) / 1e9 - time.time() + time.monotonic() - begin
        status = Path(f"/proc/{pid}/status").read_text()
        rss, peak = (int(status.split(name)[1].split()[0]) // 1024 for name in ("VmRSS:", "VmHWM:"))
        print(f"200,000 events written in {written:.1f} s, last alert received {took:.1f} s "
              f"after the first event, so at least {199_000 / took:.0f} events/s through the callback; RSS {rss} MB, at most {peak} MB")
        self.assertEqual({d["process"]["pid"] for d in got}, {4 * (1 + (b * 1000 + 500) % 50000) for b in range(100)})
        self.assertLess(peak, 300)
        self.assertNotIn("T2201", self.wine.log())
        self.stop()


if __name__ == "__main__":
    suite.main(sys.argv[3:])

#!/usr/bin/python3
"""The Event Log reader inside the unmodified tripline.exe service: what users of other readers ran into, one case each.

    test_eventlog.py TRIPLINE_EXE BUILD_TREE [unittest arguments]
"""
import random
import sys
import time
from pathlib import Path

import service_case
import suite
import world
from world import ATTACK, FORWARDED, HARMLESS, SECURITY, SYSMON, event_4688, event_sysmon

service_case.ServiceCase.program = Path(sys.argv[1])
service_case.ServiceCase.wevtapi = Path(sys.argv[2]) / "tests" / "winsim" / "wevtapi.dll"


class Channels(service_case.ServiceCase):
    def test_absent_then_there(self):
        """Absent is never broken (beats #41468), is said once, and is tried again (retry)."""
        self.wine.channel(SYSMON).unlink()
        self.start()
        self.expect_line(2002, "Sysmon")
        self.expect_line(2001, "Security")
        time.sleep(3.5)  # three more tries
        self.assertEqual(len(self.lines(2002)), 1)
        self.wine.append(SYSMON, event_sysmon(1, ATTACK))
        self.expect(1)
        self.expect_line(2001, "Sysmon")
        self.assertEqual(self.lines(2004), [])

    def test_denied_then_granted(self):
        self.wine.scenario("denied Security")
        self.security(1, 5, [4])
        self.start()
        self.expect_line(2003, "Security")
        time.sleep(2.5)
        self.assertEqual(len(self.lines(2003)), 1)
        self.wine.scenario()
        self.expect(4)
        self.assertEqual(self.lines(2004), [])

    def test_removed_while_read(self):
        """A channel that goes (Sysmon uninstalled) and comes back (upgraded): beats #35316."""
        self.start()
        self.wine.append(SYSMON, event_sysmon(1, ATTACK))
        self.expect(1)
        self.wine.scenario(f"missing {SYSMON}", f"fail EvtNext {SYSMON} code=15037")
        self.expect_line(2002, "Sysmon")
        self.wine.append(SYSMON, event_sysmon(2, ATTACK))
        self.wine.scenario()
        self.expect(1, 2)

    def test_an_analytic_channel(self):
        self.wine.scenario(f"direct {SYSMON}")
        self.start()
        self.expect_line(2004, "15009")
        self.security(1, 1, [1])
        self.expect(1)

    def test_service_down_and_up(self):
        """wazuh #8581, #10697: down at the start; then down in the middle. Each code that it gives."""
        self.wine.scenario("service down")
        self.security(1, 10, [3])
        self.start()
        self.expect_line(2004, "1722")
        self.wine.scenario("service up")
        self.expect(3)
        want = [3]
        for i, code in enumerate((1717, 1726, 1818, 6)):
            self.wine.scenario(f"service down {code}")
            self.expect_line(2004, f"({code})")
            self.security(11 + i, 11 + i, [11 + i])
            self.wine.scenario("service up")
            want.append(11 + i)
            self.expect(*want, timeout_s=40)

    def test_disabled_enabled_made_smaller(self):
        self.start()
        self.expect_line(2001, "Security")
        self.assertEqual(self.lines(2103) + self.lines(2105), [])
        self.wine.scenario("disabled Security")
        time.sleep(1)
        self.security(1, 1)  # which makes the agent look round before it would by itself
        self.expect_line(2103, "Security")
        self.wine.scenario("max-size Security 1048576")
        time.sleep(1)
        self.security(2, 2)
        self.expect_line(2104, "Security")
        self.expect_line(2105, "Security: the log was made smaller, bytes from=20971520 to=1048576")
        time.sleep(1)
        self.security(3, 3, [3])
        self.expect(3)
        for message in (2103, 2104, 2105):
            self.assertEqual(len(self.lines(message)), 1)

    def test_no_figures(self):
        """Windows tells nothing of logs and settings: events are read all the same, and nothing is made up."""
        for log, settings in (("EvtOpenLog", "EvtOpenChannelConfig"), ("EvtGetLogInfo", "EvtGetChannelConfigProperty")):
            self.wine.scenario(f"fail {log} * code=5 times=all", f"fail {settings} * code=5 times=all", "disabled Security")
            record = 1 if log == "EvtOpenLog" else 2
            self.security(record, record, [record])
            if record == 1:
                self.start()
            self.expect(*range(1, record + 1))
            time.sleep(1.5)  # more than one look at the settings
        for message in (2003, 2004, 2006, 2103, 2105, 2107):
            self.assertEqual(self.lines(message), [])
        self.wine.scenario("disabled Security")
        self.expect_line(2103, "Security")

    def test_disabled_from_the_start(self):
        self.wine.scenario("disabled Security")
        self.start()
        self.expect_line(2103, "Security")


class SystemLog(service_case.ServiceCase):
    channels = [SECURITY, SYSMON, "System"]

    def test_104(self):
        """Sysmon's log is cleared: 104 in System names it."""
        self.start()
        self.wine.append("System", world.event_cleared(1, 104, "System", SYSMON))
        self.expect_line(2102, f"System: a log was cleared record=1: {SYSMON}")
        self.wine.append("System", world.event_cleared(2, 105, "System", SYSMON))
        self.wine.append(SECURITY, world.event("Other", 1102, SECURITY, 1, {}), event_4688(2, ATTACK))
        self.expect(2)
        self.assertEqual(len(self.lines(2102)), 1)


class Unfiltered(service_case.ServiceCase):
    """Channels that are read whole: their record ids follow each other."""
    channels = [FORWARDED, "Application"]

    def application(self, *records):
        self.wine.append("Application", *(world.event("Other", 1, "Application", i, {"A": "b"}) for i in records))

    def test_a_jump_in_a_local_channel(self):
        self.start()
        self.application(*range(1, 11))
        self.application(*range(14, 21))
        self.application(*range(21, 24))
        self.expect_line(2006, "Application: events are gone before they were read records=11-13 count=3")
        self.assertEqual(len(self.lines(2006)), 1)

    def test_no_false_alarm(self):
        """A long backlog, a restart in it, errors in it: nothing missing."""
        self.application(*range(1000, 4001))
        self.wine.scenario("fail EvtNext Application code=15037 after=9",
                           "fail EvtNext Application code=1734 min-batch=51 times=1 advance")
        self.start()
        self.expect_line(2004, "15037")
        self.application(*range(4001, 4003))
        self.stop()
        self.application(*range(4003, 4006))
        self.start()
        time.sleep(7)
        self.assertEqual(self.lines(2006), [])

    def forwarded(self, computer, *records, attacks=(), channel=SECURITY):
        self.wine.append(FORWARDED, *(event_4688(i, ATTACK if i in attacks else HARMLESS, computer=computer)
                                      .replace("<Channel>Security<", f"<Channel>{channel}<") for i in records))

    def test_continuity_of_each_origin(self):
        self.start()
        self.forwarded("pc1", *range(1, 1003))
        self.forwarded("pc2", *range(1, 3000, 7))  # filtered at its source
        self.forwarded("pc1", *range(1, 1003), channel="Application")  # a log of its own
        self.forwarded("pc1", 1006, attacks=[1006])
        self.expect(1006)
        self.expect_line(2006, "ForwardedEvents: events are gone before they were read records=1003-1005 count=3: "
                               "computer=pc1 channel=Security")
        self.forwarded("pc2", 90000, 5, attacks=[5])
        self.expect(1006, 5)
        self.expect_line(2106, "ForwardedEvents: record ids went down before=90000 now=5: computer=pc2")
        self.assertEqual(len(self.lines(2006)), 1)

    def test_cleared_elsewhere(self):
        self.start()
        self.wine.append(FORWARDED, world.event_cleared(500))
        self.expect_line(2102, "ForwardedEvents")

    def test_late_forwarded_events(self):
        """An event of a computer that was away for longer than the lookback is new all the same, also as a log's first."""
        self.forwarded("pc1", 1, 2)
        self.start(lookback="24h")
        self.expect_line(2001, "ForwardedEvents")
        time.sleep(1)
        self.wine.append(FORWARDED, event_4688(7, ATTACK, when="2022-01-01T00:00:00.0000000Z", computer="pc3"))
        self.wine.append("Application", event_4688(8, ATTACK, when="2022-01-01T00:00:00.0000000Z", computer="pc3"))
        self.expect(7, 8)

    def test_a_bad_publisher(self):
        """Without metadata the data have no names (beats #34705); without a provider not even that one."""
        nameless = event_4688(1, ATTACK).replace("<Data Name='", "<Data X='")
        self.start()
        self.wine.append(FORWARDED, nameless, event_4688(2, ATTACK).replace(
            "<Provider Name='Microsoft-Windows-Security-Auditing'/>", "<Provider/>"), event_4688(3, ATTACK))
        self.expect(3)


class BadEvents(service_case.ServiceCase):
    channels = [SECURITY, SYSMON, FORWARDED]

    def test_larger_than_any_buffer(self):
        self.start()
        self.wine.append(SECURITY, event_4688(1, ATTACK + " " * 5_000_000), event_4688(2, ATTACK))
        self.expect(2)
        self.expect_line(2005, "Security: one event can't be read and is left out record=1")

    def alert_of(self, record, channel="sequence"):
        return next(r["alert"] for r in self.taken() if r["alert"]["event"][channel] == record)

    def test_values_where_the_xml_is_broken(self):
        """The XML is cut in half: the alert is made of the values, says so, and has what the XML would have given it."""
        self.wine.scenario("broken-xml Security 1", f"broken-xml {SYSMON} 3")
        self.start()
        target = event_4688(1, ATTACK, pid=100)
        for name, before, now in (("Sid", "S-1-0-0", "S-1-5-18"), ("Name", "-", "SYSTEM")):
            target = target.replace(f"'TargetUser{name}'>{before}<", f"'TargetUser{name}'>{now}<")
        when = world.now()
        self.wine.append(SECURITY, target, event_4688(2, ATTACK, when, pid=200))
        self.wine.append(SYSMON, event_sysmon(3, ATTACK, when, pid=300), event_sysmon(4, ATTACK, when, pid=400))
        self.expect(1, 2, 3, 4)
        self.expect_line(2108, "Security: one event's XML can't be read; what its values say is taken record=1")
        self.expect_line(2108, SYSMON)
        self.assertEqual(self.lines(2005), [])
        for broken, whole, pid in ((1, 2, 100), (3, 4, 300)):
            got, want = self.alert_of(broken), self.alert_of(whole)
            self.assertIs(got["tripline"].pop("from_values"), True)
            self.assertNotIn("from_values", want["tripline"])
            self.assertEqual((got["process"].pop("pid"), got["event"].pop("sequence")), (pid, broken))
            for document in (got, want):
                self.assertTrue(document["event"].pop("id") and document["event"].pop("created"))
                for part, name in (("process", "pid"), ("event", "sequence"), ("process", "start"), ("sentinel", "TimeGenerated"),
                                   ("sentinel", "timestamp"), (None, "@timestamp")):
                    (document[part] if part else document).pop(name, None)
            if broken == 1:
                self.assertEqual(got["user"].pop("target"), {"id": "S-1-5-18", "name": "SYSTEM"})
            self.assertEqual(got, want)

    def test_the_same_id(self):
        """Read again, now with its XML: the same alert."""
        self.wine.scenario("fail EvtRenderXml Security code=15005")
        self.start()
        self.security(1, 1, [1])
        self.expect(1)
        self.stop()
        self.mark(SECURITY, "damaged")
        self.start()
        self.security(2, 2, [2])
        self.expect(1, 2, repeats=True)
        self.expect_line(2007, "oldest")
        first = [r["alert"] for r in self.taken() if r["alert"]["event"]["sequence"] == 1]
        self.assertEqual(len({d["event"]["id"] for d in first}), 1)

    def test_values_where_the_xml_cannot_be_rendered(self):
        """Also where not all values can be had: those that decide make an alert."""
        self.wine.scenario("fail EvtRenderXml * code=15005 times=all",
                           "fail EvtRenderValues Security code=15005 after=6 times=2")
        self.start()
        self.wine.append(SECURITY, event_4688(1, ATTACK), event_4688(2, HARMLESS), event_4688(3, ATTACK))
        self.wine.append(FORWARDED, event_4688(4, ATTACK, computer="pc1"))
        self.expect(1, 3, 4)
        self.assertEqual(len(self.lines(2108)), 3)
        self.assertEqual(self.lines(2005), [])
        self.assertEqual(self.alert_of(1)["process"]["parent"]["executable"], r"C:\Windows\System32\cmd.exe")
        self.assertEqual(self.alert_of(3)["process"]["command_line"], ATTACK)
        self.assertEqual(self.alert_of(3)["host"]["name"], "exch01.corp.example.com")
        self.assertNotIn("parent", self.alert_of(3)["process"])
        # A call that fails once, whichever it is, costs nothing.
        for record, calls in ((5, 0), (6, 1), (7, 2)):
            self.wine.scenario("fail EvtRenderXml * code=15005 times=all",
                               f"fail EvtRenderValues Security code=15005 after={calls}")
            self.wine.append(SECURITY, event_4688(record, ATTACK))
            self.expect(1, 3, 4, *range(5, record + 1))
            self.assertIn("parent", self.alert_of(record)["process"])
        self.assertEqual(self.lines(2005), [])

    def test_unrenderable(self):
        """Neither values nor XML: left out, said, and counted. Values that fail once cost nothing."""
        self.wine.scenario("fail EvtRender Security code=15005 times=4")
        self.start()
        self.wine.append(SECURITY, event_4688(1, ATTACK), event_4688(2, ATTACK))
        self.expect(2)
        self.expect_line(2005, "15005")
        self.wine.scenario("fail EvtRenderValues Security code=15005 times=1")
        self.security(3, 3, [3])
        self.expect(2, 3)
        self.assertEqual(len(self.lines(2005)), 1)

    def test_bookmarks_that_fail(self):
        """EvtUpdateBookmark, from the first event on; then EvtRender of a bookmark: said, and nothing lost or held up."""
        self.wine.scenario("fail EvtUpdateBookmark Security code=1722 times=3")
        self.security(1, 2, [2])
        self.start()
        self.expect(2)
        self.expect_line(2004, "EvtUpdateBookmark")
        self.wine.scenario("fail EvtRenderBookmark Security code=15005 times=all")
        self.security(3, 4, [4])
        self.wine.append(FORWARDED, event_4688(5, ATTACK, computer="pc1"))
        self.expect(2, 4, 5)
        self.security(6, 6, [6])
        self.expect(2, 4, 5, 6)
        self.assertEqual(len(self.lines(2109)), 1)
        self.wine.scenario()
        self.security(7, 7, [7])
        self.expect(2, 4, 5, 6, 7)
        self.stop()
        self.assertIn("RecordId='7'", self.mark(SECURITY))
        self.assertIn("RecordId='1'", self.mark(FORWARDED))

    def test_sizes_that_change(self):
        """EvtRender asks for more on the second call, too."""
        self.wine.scenario("render-grow 3", "extra-properties 2", "pointer-type hexint64")
        self.start()
        self.security(1, 20, [5])
        self.expect(5)

    def test_odd_command_lines(self):
        """Null, empty, 32,000 characters, control characters."""
        self.start()
        self.wine.append(SECURITY, event_4688(1, "").replace("<Data Name='CommandLine'></Data>", "<Data Name='CommandLine'/>"),
                         event_4688(2, ""), event_4688(3, "x" * 32000 + " " + ATTACK[:700]),
                         event_4688(4, ATTACK + "\x01\x02"))
        self.expect(3, 4)


class Reading(service_case.ServiceCase):
    channels = [SECURITY, SYSMON]

    def test_lookback(self):
        old = "2022-01-01T00:00:00.0000000Z"
        self.security(1, 3, [1], when=old)
        self.security(4, 6, [5])
        self.start(lookback="24h")
        self.expect(5)

    def test_a_search_that_outlasts_the_call(self):
        """A log of gigabytes in which little matches: the thread lives, and stops when asked; nothing is left out, and
        an old event does not count as a late one since a call came back without any."""
        self.wine.scenario("search-ms 12000")
        self.security(1, 1, [1], when="2022-01-01T00:00:00.0000000Z")
        self.security(2, 3, [3])
        self.start(lookback="24h")
        self.wine.shell("winsim_wait", self.wine.prefix, "calls.txt", "EvtNext Security = 1460")
        begin = time.monotonic()
        self.stop()
        self.assertLess(time.monotonic() - begin, 8)  # before 12 s are over
        self.start()
        self.expect(3, timeout_s=40)

    def test_lookback_none(self):
        """Only new ones; 4317 on the first read is no failure. Stopped and started, nothing is left out
        (wazuh #28218)."""
        self.security(1, 6, [5])
        self.start(lookback="none")
        self.expect_line(2001, "Security")
        self.security(7, 8, [8])
        self.expect(8)
        self.stop()
        self.security(9, 9, [9])
        self.start()
        self.expect(8, 9)
        self.assertEqual(self.lines(2004), [])

    def test_lookback_none_of_a_log_that_breaks_before_its_first_event(self):
        self.security(1, 6, [5])
        self.start(lookback="none")
        self.expect_line(2001, "Security")
        self.wine.scenario("service down")
        self.expect_line(2004)
        self.security(7, 7, [7])
        self.wine.scenario("service up")
        self.expect(7)

    def test_no_wake_up_is_lost(self):
        """Events that come while the last ones are drained (vector #25194). Bursts whose last event is waited for: one whose
        wake-up is lost waits for the speculative pull, 2.5 s on average. A busy machine is slow for one event alone, too."""
        self.start()
        self.expect_line(2001, "Security")
        chance = random.Random(1)
        took, alone, record = [], [], 0
        for i in range(120):
            for _ in range(5 if i % 2 else 1):
                record += 1
                self.security(record, record, [record])
                time.sleep(chance.random() * 0.01)
            begin = time.monotonic()
            world.wait_for(lambda: self.receiver.out.is_file() and f'"sequence":{record},'
                           in self.receiver.out.read_text(encoding="utf-8").replace(": ", ":").replace("}", ","), 15, "the burst")
            (took if i % 2 else alone).append(time.monotonic() - begin)
        self.expect(*range(1, record + 1))
        took.sort()
        alone.sort()
        print(f"60 bursts: median {1000 * took[30]:.0f} ms, slowest {1000 * took[-1]:.0f} ms; one event alone: "
              f"median {1000 * alone[30]:.0f} ms")
        self.assertLess(took[45], 1 + alone[45])

    def test_without_a_signal(self):
        """The stand-in looks at its files once in ten minutes: only the speculative pull finds the event."""
        self.wine.scenario("poll-ms 600000")
        self.start()
        self.expect_line(2001, "Security")
        self.security(1, 1, [1])
        self.expect(1, timeout_s=15)

    def test_a_busy_channel_starves_no_other(self):
        self.security(1, 40000, [40000])
        self.start()
        self.wine.wait_for_log(" T2001 ", count=2)
        self.wine.append(SYSMON, event_sysmon(1, ATTACK))
        self.expect(1, 40000, timeout_s=60)
        self.assertEqual(self.records(), [1, 40000])

    def test_backpressure_until_the_log_wraps_soon(self):
        """A full store stops the pull; what waits is in the Windows log, and goes on when there is room
        (wazuh #12298, fluent-bit #11216). When the log will overwrite it within hours, that is said."""
        self.receive("--delay", "60000")  # an answer that does not come within the test
        port = self.receiver.port
        self.security(1, 3000, range(1, 3001, 6))
        self.start(limits='max-alerts="150"')
        self.expect_line(3002)
        self.assertEqual(self.lines(2107), [])
        self.security(3001, 3060)  # the log is written to, and nothing read: it will soon be full
        self.expect_line(2107, "Security: will soon overwrite what was not read hours=0", timeout_s=30)
        self.assertLess(self.wine.log().count(" T3001 "), 200)
        self.receiver.stop()
        self.receive(port=port)
        self.expect(*range(1, 3001, 6), timeout_s=120)
        self.expect_line(3004)


class Many(service_case.ServiceCase):
    channels = [f"WEC{i}-Servers" for i in range(1, 64)]

    def test_63_channels_on_one_thread(self):
        for i, name in enumerate(self.channels, 1):
            self.wine.append(name, event_4688(i, ATTACK, computer=f"pc{i}"))
        self.start()
        self.expect(*range(1, 64))
        for i, name in enumerate(self.channels, 1):
            self.wine.append(name, event_4688(100 + i, ATTACK, computer=f"pc{i}"))
        self.expect(*range(1, 64), *range(101, 164))
        threads = len(list(Path(f"/proc/{self.wine.service_pid()}/task").iterdir()))
        self.assertLess(threads, 12)


if __name__ == "__main__":
    suite.main(sys.argv[3:])

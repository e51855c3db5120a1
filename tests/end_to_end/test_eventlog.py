#!/usr/bin/python3
"""The Event Log reader inside the unmodified tripline.exe service: what users of other readers ran into, one case each.

    test_eventlog.py TRIPLINE_EXE BUILD_TREE [unittest arguments]
"""
import random
import sys
import time
import unittest
from pathlib import Path

import service_case
import world
from world import ATTACK, FORWARDED, HARMLESS, SECURITY, SYSMON, event_4688, event_sysmon

service_case.ServiceCase.program = Path(sys.argv[1])
service_case.ServiceCase.wevtapi = Path(sys.argv[2]) / "tests" / "winsim" / "wevtapi.dll"


class EventLogCase(service_case.ServiceCase):
    def security(self, first, last, attacks=(), **more):
        """Records first to last of Security, in one write; those of attacks match."""
        self.wine.append(SECURITY, *(event_4688(i, ATTACK if i in attacks else HARMLESS, **more)
                                     for i in range(first, last + 1)))


class Batches(EventLogCase):
    """1734: the batch was more than one call brings, and Windows has passed over it (beats #3112, otel #38149)."""
    channels = [SECURITY]

    def test_halves_once(self):
        self.wine.scenario("fail EvtNext Security code=1734 min-batch=51 times=all advance")
        self.security(1, 400, range(10, 401, 10))
        self.start()
        self.expect(*range(10, 401, 10))
        self.expect_line(2101, "batch=50")
        self.assertEqual(len(self.lines(2101)), 1)
        self.assertEqual(self.lines(2004), [])  # nothing was broken

    def test_down_to_one(self):
        self.wine.scenario("fail EvtNext Security code=1734 min-batch=2 times=all advance")
        self.security(1, 120, range(1, 121, 7))
        self.start()
        self.expect(*range(1, 121, 7))
        self.expect_line(2101, "batch=1")

    def test_grows_again(self):
        self.wine.scenario("fail EvtNext Security code=1734 min-batch=51 times=1 advance")
        self.security(1, 50 * 64 + 201, [1, 3401])
        self.start()
        self.expect(1, 3401)
        self.wine.scenario("fail EvtNext Security code=1734 min-batch=100 times=1 advance")  # does it ask for 100?
        self.security(3402, 3601, [3602 - 1])
        self.expect(1, 3401, 3601)
        self.assertEqual(len(self.lines(2101)), 2)

    def test_a_record_that_no_call_brings(self):
        """Bounded tries, then it is left out and said; the rest comes. Three tries at one, after six halvings."""
        self.wine.scenario("fail EvtNext Security code=1734 times=9 advance")
        self.security(1, 50, [1, 2, 50])
        self.start()
        self.expect(2, 50)
        self.expect_line(2005, "record=1")

    def test_nothing_but_1734(self):
        """No busy loop, no silence: it is broken, and goes on when it works."""
        self.wine.scenario("fail EvtNext Security code=1734 times=all advance")
        self.security(1, 50, [50])
        self.start()
        self.expect_line(2004, "1734")
        self.wine.scenario()
        self.expect(50)


class Recovery(EventLogCase):
    channels = [SECURITY]

    def test_read_errors(self):
        """Each ends the handle: close, open at the bookmark (vector #26115, beats #35316, #39781, #32168)."""
        self.start()
        self.expect_line(2001)
        record, want = 0, []
        for code in (15011, 15012, 15037, 1717, 1722, 1726, 1818, 6, 87):
            with self.subTest(code=code):
                self.wine.scenario(f"fail EvtNext Security code={code} after=1")
                self.security(record + 1, record + 250, [record + 1, record + 150, record + 250])
                want += [record + 1, record + 150, record + 250]
                record += 250
                self.expect(*want)
                self.expect_line(2004, f"({code})")
        self.assertEqual(self.lines(2006), [])  # nothing was lost

    def test_strict_bookmark_refused_at_start_and_at_every_recovery(self):
        """1168 though the record is there (vector #26120): the same bookmark without Strict, never "from now on"."""
        self.security(1, 10, [3])
        self.start()
        self.expect(3)
        self.stop()
        self.security(11, 20, [12])
        self.wine.scenario("strict-missing Security")
        self.start()
        self.expect(3, 12)
        self.expect_line(2007, "nearest")
        for i in range(1, 4):
            self.wine.scenario("strict-missing Security", f"fail EvtNext Security code=15037 times={i}")
            self.security(20 + i, 20 + i, [20 + i])
            self.expect(3, 12, *range(21, 21 + i))
        self.assertEqual(self.lines(2006), [])

    def test_no_bookmark_taken_at_all(self):
        """Neither strict nor near: from the oldest record; ids remove what comes again."""
        self.security(1, 10, [3])
        self.start()
        self.expect(3)
        self.stop()
        self.security(11, 20, [12])
        self.wine.scenario("fail EvtSubscribe Security code=1168 times=2")
        self.start()
        self.expect(3, 12)
        self.expect_line(2007, "oldest")

    def test_overwritten_while_stopped(self):
        self.security(1, 100, [5])
        self.start()
        self.expect(5)
        self.stop()
        self.security(101, 400, [110, 260])
        self.wine.scenario("oldest Security 250")
        self.start()
        self.expect(5, 260)
        self.expect_line(2006, "records=101-249 count=149")
        self.expect_line(2007)
        self.assertEqual(len(self.lines(2006)), 1)

    def test_overwritten_while_running(self):
        self.security(1, 100, [5])
        self.start()
        self.expect(5)
        self.wine.scenario("oldest Security 250")
        self.security(101, 400, [110, 260])
        self.expect(5, 260)
        self.expect_line(2006, "records=101-249 count=149")

    def test_cleared(self):
        """Record ids go on after a clear; 1102 is the first record of the new log."""
        self.security(1, 100, [5])
        self.start()
        self.expect(5)
        self.wine.scenario("cleared-lines Security 100")
        self.wine.append(SECURITY, world.event_cleared(101), event_4688(102, ATTACK))
        self.expect(5, 102)
        self.expect_line(2102, "record=101")
        self.assertEqual(self.lines(2006), [])  # all of it had been read

    def test_cleared_unread(self):
        self.security(1, 100, [5])
        self.start()
        self.expect(5)
        self.stop()
        self.security(101, 150)
        self.wine.scenario("cleared-lines Security 150")
        self.start()  # the log is empty
        self.expect_line(2007)
        self.wine.append(SECURITY, world.event_cleared(151), event_4688(152, ATTACK))
        self.expect(5, 152)
        self.expect_line(2006, "records=101-150")

    def test_log_began_anew(self):
        """Ids below the bookmark's: "nearest to the bookmark" would be the log's end."""
        self.security(1, 100, [5])
        self.start()
        self.expect(5)
        self.stop()
        self.wine.channel(SECURITY).unlink()
        self.security(1, 20, [7], when=world.now())
        self.start()
        self.expect(5, 7)
        self.expect_line(2007, "begun anew")
        self.stop()
        self.start()
        self.expect(5, 7)
        self.assertEqual(len(self.lines(2007)), 1)

    def test_bookmarks_that_cannot_be_used(self):
        """beats #4733: a crash elsewhere left state all zeros."""
        self.security(1, 10, [3])
        self.start(lookback="none")
        self.stop()
        record = 10
        for number, text in enumerate((
                "", "\1\2", "<BookmarkList/>", "<BookmarkList>\r\n</BookmarkList>",
                "<BookmarkList><Bookmark Channel='Security' RecordId='x' IsCurrent='true'/></BookmarkList>",
                "<BookmarkList><Bookmark Channel='System' RecordId='5' IsCurrent='true'/></BookmarkList>"), 1):
            if number == 1:  # there is no bookmark yet
                self.start()
                self.security(11, 11, [11])
                self.expect(11)
                self.stop()
                self.start()
                self.stop()
            self.mark(SECURITY, text)
            record = 11 + number
            self.security(record, record, [record])
            self.start()
            self.expect(3, *range(11, record + 1))
            self.assertEqual(len(self.lines(2007)), number)
            self.stop()

    def test_bookmark_of_several_channels_in_double_quotes(self):
        self.security(1, 10, [3])
        self.start()
        self.expect(3)
        self.stop()
        self.mark(SECURITY, '<BookmarkList><Bookmark Channel="System" RecordId="900"/>'
                            '<Bookmark Channel="Security" RecordId="10" IsCurrent="True"/></BookmarkList>')
        self.security(11, 12, [12])
        self.start()
        self.expect(3, 12)
        self.assertEqual(self.lines(2007), [])

    def test_filtered_records_are_no_loss(self):
        """What the query leaves out never moves the bookmark; that it is overwritten is no loss once looked at."""
        self.security(1, 10, [3])
        self.start()
        self.expect(3)
        self.wine.append(SECURITY, *(world.event("Microsoft-Windows-Security-Auditing", 4624, SECURITY, i, {})
                                     for i in range(11, 61)))
        world.wait_for(lambda: self.marked() >= 60, 40, "the mark's move")
        self.stop()
        self.wine.scenario("oldest Security 60")
        self.start()
        self.expect_line(2007)
        self.wine.append(SECURITY, event_4688(61, ATTACK))
        self.expect(3, 61)
        self.assertEqual(self.lines(2006), [])

    def marked(self):
        """How far Security is known to have been looked at, as the store has it. Read beside the running agent."""
        text = self.wine.state.joinpath("tripline.db").read_bytes()
        for name in ("tripline.db-wal",):
            path = self.wine.state / name
            text += path.read_bytes() if path.is_file() else b""
        import re
        return max((int(n) for n in re.findall(rb"</BookmarkList> read=(\d+)", text)), default=0)


class Channels(EventLogCase):
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
        self.expect_line(2103, "Security")
        self.wine.scenario("max-size Security 1048576")
        self.expect_line(2104, "Security")
        self.expect_line(2105, "Security: the log was made smaller, bytes from=20971520 to=1048576")
        time.sleep(2)
        for message in (2103, 2104, 2105):
            self.assertEqual(len(self.lines(message)), 1)

    def test_disabled_from_the_start(self):
        self.wine.scenario("disabled Security")
        self.start()
        self.expect_line(2103, "Security")


class SystemLog(EventLogCase):
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


class Unfiltered(EventLogCase):
    """Channels that are read whole: their record ids follow each other."""
    channels = [FORWARDED, "Application"]

    def application(self, *records):
        self.wine.append("Application", *(world.event("Other", 1, "Application", i, {"A": "b"}) for i in records))

    def test_a_jump_in_a_local_channel(self):
        self.start()
        self.application(*range(1, 11))
        self.application(*range(14, 21))
        self.expect_line(2006, "Application: events are gone before they were read records=11-13 count=3")
        self.application(*range(21, 24))
        time.sleep(6)
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
        """An event of a computer that was away for longer than the lookback is new all the same."""
        self.forwarded("pc1", 1, 2)
        self.start(lookback="24h")
        self.expect_line(2001, "ForwardedEvents")
        time.sleep(1)
        self.wine.append(FORWARDED, event_4688(7, ATTACK, when="2022-01-01T00:00:00.0000000Z", computer="pc3"))
        self.expect(7)

    def test_a_bad_publisher(self):
        """Without metadata the data have no names (beats #34705); without a provider not even that one."""
        nameless = event_4688(1, ATTACK).replace("<Data Name='", "<Data X='")
        self.start()
        self.wine.append(FORWARDED, nameless, event_4688(2, ATTACK).replace(
            "<Provider Name='Microsoft-Windows-Security-Auditing'/>", "<Provider/>"), event_4688(3, ATTACK))
        self.expect(3)


class BadEvents(EventLogCase):
    channels = [SECURITY, FORWARDED]

    def test_larger_than_any_buffer(self):
        self.start()
        self.wine.append(SECURITY, event_4688(1, ATTACK + " " * 5_000_000), event_4688(2, ATTACK))
        self.expect(2)
        self.expect_line(2005, "Security: one event can't be read and is left out record=1")

    def test_malformed_xml(self):
        self.wine.scenario("broken-xml Security 1")
        self.start()
        self.wine.append(SECURITY, event_4688(1, ATTACK), event_4688(2, ATTACK))
        self.expect(2)
        self.expect_line(2005, "a rule matches it")

    def test_unrenderable(self):
        """An event that EvtRender refuses is left out, and said; an EvtUpdateBookmark that fails loses nothing."""
        self.wine.scenario("fail EvtRender Security code=15005 times=2")
        self.start()
        self.wine.append(SECURITY, event_4688(1, ATTACK), event_4688(2, ATTACK))
        self.expect(2)
        self.expect_line(2005, "15005")
        self.wine.scenario("fail EvtUpdateBookmark Security code=1722 times=2")
        self.security(3, 4, [4])
        self.expect(2, 4)

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


class Reading(EventLogCase):
    channels = [SECURITY, SYSMON]

    def test_lookback(self):
        old = "2022-01-01T00:00:00.0000000Z"
        self.security(1, 3, [1], when=old)
        self.security(4, 6, [5])
        self.start(lookback="24h")
        self.expect(5)

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
        """Events that come while the last ones are drained (vector #25194): each within the speculative pull's 5 s."""
        self.start()
        self.expect_line(2001, "Security")
        chance = random.Random(1)
        for i in range(1, 301):
            self.security(i, i, [i])
            time.sleep(chance.random() * 0.02)
        self.expect(*range(1, 301))
        worst = max(r["received_ns"] / 1e9 - world.seconds(r["alert"]["@timestamp"]) for r in self.taken())
        print(f"slowest of 300: {1000 * worst:.0f} ms")
        self.assertLess(worst, 3)

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

    def test_backpressure(self):
        """A full store stops the pull; what waits is in the Windows log, and goes on when there is room
        (wazuh #12298, fluent-bit #11216)."""
        self.receive("--script", "503:1000000")
        port = self.receiver.port
        self.start(limits='max-alerts="150"')
        self.security(1, 3000, range(1, 3001, 3))
        self.expect_line(3002)
        time.sleep(3)
        self.assertLess(self.wine.log().count(" T3001 "), 300)
        self.receiver.stop()
        self.receive(port=port)
        self.expect(*range(1, 3001, 3), timeout_s=120)
        self.expect_line(3004)


class Many(EventLogCase):
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
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

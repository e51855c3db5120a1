#!/usr/bin/python3
"""The Event Log reader inside the unmodified tripline.exe service: batches that are too large, handles that die, bookmarks
that can't be used, logs that are cleared, overwritten, begun anew. One case each.

    test_eventlog_recovery.py TRIPLINE_EXE BUILD_TREE [unittest arguments]
"""
import re
import sys
from pathlib import Path

import service_case
import suite
import world
from world import ATTACK, SECURITY, event_4688

service_case.ServiceCase.program = Path(sys.argv[1])
service_case.ServiceCase.wevtapi = Path(sys.argv[2]) / "tests" / "winsim" / "wevtapi.dll"


class Batches(service_case.ServiceCase):
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


class Recovery(service_case.ServiceCase):
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

    def test_overwritten_while_stopped_and_no_answer_about_the_log(self):
        """Windows does not say at the opening which record is the oldest: it is asked again."""
        self.security(1, 100, [5])
        self.start()
        self.expect(5)
        self.stop()
        self.security(101, 400, [110, 260])
        self.wine.scenario("oldest Security 250", "fail EvtOpenLog Security code=1722 times=3")
        self.start()
        self.expect(5, 260)
        self.security(401, 401, [401])
        self.expect_line(2006, "records=101-249 count=149")
        self.expect(5, 260, 401)
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
        """What the query leaves out moves the bookmark once it was looked at; that it is overwritten is no loss."""
        self.security(1, 10, [3])
        self.start()
        self.expect(3)
        self.wine.append(SECURITY, *(world.event("Microsoft-Windows-Security-Auditing", 4624, SECURITY, i, {})
                                     for i in range(11, 61)))
        world.wait_for(lambda: self.marked() >= 60, 40, "the mark's move")
        self.stop()
        self.assertIn("RecordId='60'", self.mark(SECURITY))
        self.wine.scenario("oldest Security 60")
        self.start()
        self.wine.append(SECURITY, event_4688(61, ATTACK))
        self.expect(3, 61)
        self.assertEqual(self.lines(2006) + self.lines(2007), [])

    def test_a_log_in_which_nothing_matches(self):
        """Process auditing is off: the next start begins where this one ended, not at the oldest record."""
        self.wine.append(SECURITY, *(world.event("Microsoft-Windows-Security-Auditing", 4624, SECURITY, i, {})
                                     for i in range(1, 51)))
        self.start()
        world.wait_for(lambda: self.marked() >= 50, 40, "a mark")
        self.stop()
        self.assertIn("RecordId='50'", self.mark(SECURITY))
        calls = self.wine.prefix / "drive_c" / "winsim" / "calls.txt"
        before = len(calls.read_text().splitlines())
        self.wine.append(SECURITY, event_4688(51, ATTACK))
        self.start()
        self.expect(51)
        opened = [line for line in calls.read_text().splitlines()[before:] if "EvtSubscribe Security" in line]
        self.assertIn("flags=0x10003", opened[0])
        self.assertEqual(self.lines(2006) + self.lines(2007), [])

    def marked(self):
        """How far Security is known to have been looked at, as the store has it. Read beside the running agent."""
        files = [self.wine.state / name for name in ("tripline.db", "tripline.db-wal")]
        text = b"".join(path.read_bytes() for path in files if path.is_file())
        return max((int(n) for n in re.findall(rb"</BookmarkList> read=(\d+)", text)), default=0)


if __name__ == "__main__":
    suite.main(sys.argv[3:])

#!/usr/bin/python3
"""The program as a user sees it: verbs, help, exit codes, what goes to stdout and what to stderr.

    test_program.py SOURCE SHARED PROGRAM [ARGUMENT ...]      (PROGRAM may be an emulator with the program behind it)
"""
import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile

SOURCE, SHARED, PROGRAM = sys.argv[1], sys.argv[2], sys.argv[3:]
IS_WINDOWS = PROGRAM[-1].endswith(".exe")
EVENTS = SOURCE + "/tests/data/events/"
BAD = SOURCE + "/tests/agent/config/bad_config/no-url.xml"
VERBS = ["run", "install", "uninstall", "start", "stop", "service", "check-config", "scan", "verify", "version"]


def call(*arguments, stdin=None, **more):
    """The finished program: returncode, stdout, stderr (texts, line ends as on Linux)."""
    done = subprocess.run(PROGRAM + list(arguments), input=stdin or b"", capture_output="stdout" not in more,
                          timeout=60, **more)
    done.out = (done.stdout or b"").decode().replace("\r\n", "\n")
    done.err = (done.stderr or b"").decode().replace("\r\n", "\n")
    return done


class Help(unittest.TestCase):
    def test_alone(self):
        done = call()
        self.assertEqual((done.returncode, done.out), (2, ""))
        for verb in VERBS:
            self.assertIn("\n  " + verb, done.err)

    def test_help(self):
        for arguments in (["--help"], ["-h"], ["help"]):
            done = call(*arguments)
            self.assertEqual((done.returncode, done.err), (0, ""))
            self.assertIn("usage: tripline VERB", done.out)

    def test_each_verb(self):
        for verb in VERBS:
            for arguments in ([verb, "--help"], ["help", verb]):
                done = call(*arguments)
                self.assertEqual((done.returncode, done.err), (0, ""))
                self.assertTrue(done.out.startswith("usage: tripline " + verb), done.out)
                self.assertIn("Exit codes: 0", done.out)

    def test_unknown(self):
        for arguments, said in (["scna"], "did you mean scan?"), (["xyzzy"], "tripline --help"), (["help", "stat"],
                                                                                              "did you mean start?"):
            done = call(*arguments)
            self.assertEqual((done.returncode, done.out), (2, ""))
            self.assertIn(said, done.err)


class Version(unittest.TestCase):
    def test_text(self):
        done = call("version")
        self.assertEqual((done.returncode, done.err), (0, ""))
        self.assertIn("2f561e20-d97b-4b13-b02d-18b34af6e87c", done.out)
        self.assertEqual(done.out, call("--version").out)

    def test_json(self):
        done = call("version", "--json")
        self.assertEqual(done.returncode, 0)
        said = json.loads(done.out)
        self.assertEqual(said["name"], "tripline")
        self.assertRegex(said["version"], r"^\d+\.\d+\.\d+$")
        self.assertRegex(said["commit"], r"^([0-9a-f]{40}(-dirty)?|unknown)$")
        self.assertEqual(said["rules"][0]["upstream"]["sha256"],
                         "c81615ded560cadaf7cbf26ca1f727ac88eecb3f2be5156535cbc5e44d5052dd")
        for library in ["expat", "curl", "openssl", "sqlite", "jansson", "zlib", "libyaml", "pcre2"]:
            self.assertRegex(said["libraries"][library], r"^\d")

    def test_usage(self):
        self.assertEqual(call("version", "now").returncode, 2)


class CheckConfig(unittest.TestCase):
    def test_good(self):
        done = call("check-config", SOURCE + "/config/tripline.xml")
        self.assertEqual((done.returncode, done.err), (0, ""))
        self.assertIn("tripline.xml: ok\n", done.out)
        self.assertIn("channel Security: *[System[(EventID=4688 or EventID=1102)]]", done.out)
        self.assertIn("output central: webhook to collector.example.com, json", done.out)

    def test_bad(self):
        done = call("check-config", BAD)
        self.assertEqual((done.returncode, done.out), (1, ""))
        self.assertEqual(done.err, BAD + ":2:32: <webhook> has no url; write url=\"...\" "
                                         "(https://host[:port][/path][?query], up to 2048 bytes)\n")

    def test_unreadable(self):
        for path, said in (SOURCE + "/absent", "there is no such file"), (SOURCE, "is a directory"):
            done = call("check-config", path)
            self.assertEqual((done.returncode, done.out), (1, ""))
            self.assertIn(path + ": " + said, done.err)

    def test_no_secret(self):
        with tempfile.TemporaryDirectory() as directory:
            path = directory + "/t.xml"
            with open(path, "w", encoding="utf-8") as file:
                file.write('<tripline version="1"><outputs><webhook name="a" url="https://h:1/s3cret?s3cret">'
                           '<header name="A" value="s3cret"/></webhook></outputs></tripline>')
            done = call("check-config", path)
            self.assertEqual(done.returncode, 0)
            self.assertIn("webhook to h:1, json, 1 header\n", done.out)
            self.assertNotIn("s3cret", done.out + done.err)

    def test_usage(self):
        self.assertEqual(call("check-config", "a", "b").returncode, 2)
        self.assertEqual(call("check-config", "--strict").returncode, 2)


class Verify(unittest.TestCase):
    def test_built_in(self):
        done = call("verify")
        self.assertEqual((done.returncode, done.err), (0, ""))
        self.assertRegex(done.out, r"^\d{3} rows, 0 mismatches\n$")

    def test_files(self):
        folder = SHARED + "/spec/vectors/"
        if not os.path.isdir(folder):
            self.skipTest(folder + " is not there")
        for name in sorted(os.listdir(folder)):
            if name == "kql_refusal_vectors.tsv":  # wants the rules' files: test_verify_refusal, test_kql_rules
                continue
            done = call("verify", folder + name)
            self.assertEqual((done.returncode, done.err), (0, ""), done.out)
            self.assertRegex(done.out, r"^\d+ rows, 0 mismatches\n$")

    def test_mismatch_and_malformed(self):
        with tempfile.TemporaryDirectory() as directory:
            path = directory + "/v.tsv"
            with open(path, "w", encoding="utf-8") as file:
                file.write("a b\tb\t1\nab\tb\t1\nab\tb\n")
            done = call("verify", path)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.out, path + ':2: "ab" has "b" is 0 in UTF-8, expected 1\n'
                             "3 rows, 1 mismatch, 1 that could not be read\n")
            self.assertEqual(done.err, path + ":3: another number of columns than the file's kind has\n")

    def test_unreadable(self):
        with tempfile.NamedTemporaryFile() as empty:
            for path, said in (SOURCE + "/absent", "No such file"), (SOURCE, "is a directory"), (empty.name, "no row"):
                done = call("verify", path)
                self.assertEqual((done.returncode, done.out), (1, ""))
                self.assertIn(said, done.err)

    def test_usage(self):
        self.assertEqual(call("verify", "a", "b").returncode, 2)
        self.assertEqual(call("verify", "--all").returncode, 2)


class Scan(unittest.TestCase):
    def test_alerts(self):
        done = call("scan", EVENTS + "attack-4688.xml", "--jobs", "2", EVENTS + "attack-sysmon.xml")
        self.assertEqual(done.returncode, 0)
        alerts = [json.loads(line) for line in done.out.splitlines()]
        self.assertEqual([alert["event"]["sequence"] for alert in alerts], [501, 502])
        self.assertRegex(done.err, r"^tripline scan: 2 files, 2 events, 2 process creations, 2 alerts, 0 bad events, ")
        self.assertNotIn("\r", done.out)

    def test_stdin(self):
        with open(EVENTS + "attack-4688.xml", "rb") as file:
            done = call("scan", "-", stdin=file.read())
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(done.out.splitlines()), 1)

    def test_failures(self):
        done = call("scan", SOURCE + "/cmake", SOURCE + "/absent", SOURCE + "/*.no", EVENTS + "attack-4688.xml")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.out.splitlines()), 1)  # the rest is read
        self.assertIn(SOURCE + "/cmake: holds no log\n", done.err)
        self.assertIn(SOURCE + "/*.no: no file fits that name\n", done.err)
        self.assertIn(SOURCE + "/absent: No such file or directory\n", done.err)
        self.assertIn("2 files (1 not read as a whole)", done.err)

    def test_times(self):
        for option, value, alerts in (("--since", "2000-01-01", 1), ("--until", "2000-01-01", 0), ("--since", "2999-01-01", 0),
                                      ("--until", "2999-01-01T00:00:00+02:00", 1)):
            done = call("scan", option, value, EVENTS + "attack-4688.xml")
            self.assertEqual((done.returncode, len(done.out.splitlines())), (0, alerts), (option, value))

    def test_bad_events(self):
        """An event that can't be read may be the one that is looked for: the exit code says so on demand."""
        with open(EVENTS + "attack-4688.xml", "rb") as file:
            event = file.read()
        mixed = event + event.replace(b"</System>", b"</Sytem>") + event
        self.assertEqual(call("scan", "-", stdin=mixed).returncode, 0)
        done = call("scan", "--strict", "-", stdin=mixed)
        self.assertEqual(done.returncode, 3, done.err)
        self.assertEqual(len(done.out.splitlines()), 2)
        self.assertIn("1 bad event,", done.err)
        done = call("scan", "--strict", "-", SOURCE + "/absent", stdin=event.replace(b"</System>", b"</Sytem>"))
        self.assertEqual(done.returncode, 1)

    def test_empty_is_no_failure(self):
        done = call("scan", "-", stdin=b"")
        self.assertEqual((done.returncode, done.out), (0, ""))
        self.assertIn("-: is empty\n", done.err)

    def test_names(self):
        with tempfile.TemporaryDirectory() as directory:
            path = directory + "/-Größe 主機.xml"
            with open(EVENTS + "attack-4688.xml", "rb") as source, open(path, "wb") as to:
                to.write(source.read())
            done = call("scan", "--", path)
            self.assertEqual(done.returncode, 0, done.err)
            self.assertEqual(len(done.out.splitlines()), 1)

    @unittest.skipIf(IS_WINDOWS, "Ctrl-C there is the console's")
    def test_ended(self):
        with subprocess.Popen(PROGRAM + ["scan", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as scan, open(EVENTS + "attack-4688.xml", "rb") as attack:
            scan.stdin.write(attack.read() + b"\n")
            scan.stdin.flush()
            self.assertIn("Set-CASMailbox", json.loads(scan.stdout.readline())["process"]["command_line"])
            scan.send_signal(signal.SIGINT)
            for _ in range(1000):  # until it is noticed; what comes then is not read
                if scan.poll() is not None:
                    break
                try:
                    scan.stdin.write(b"\n")
                    scan.stdin.flush()
                except BrokenPipeError:
                    break
                time.sleep(0.02)
            self.assertEqual(scan.wait(timeout=60), 130)
            self.assertIn(b"ended before all was read", scan.stderr.read())
            try:
                scan.stdin.close()
            except BrokenPipeError:
                pass

    def test_output(self):
        for form, begins in (("csv", "datetime,severity"), ("timeline", "datetime,timestamp_desc,message"),
                             ("ocsf", '{"activity_id"'), ("sentinel", '{"AlertId"'), ("ecs", '{"@timestamp"')):
            done = call("scan", "--output", form, EVENTS + "attack-4688.xml")
            self.assertEqual(done.returncode, 0)
            self.assertTrue(done.out.startswith(begins), done.out)
            if begins.startswith("datetime"):
                rows = list(csv.DictReader(io.StringIO(done.out)))
                self.assertEqual(len(rows), 1)
                self.assertIn("Set-CASMailbox", rows[0]["command_line"])
                self.assertTrue(rows[0]["file"].endswith("attack-4688.xml"))
        self.assertIn("ecs, ocsf, sentinel, csv or timeline", call("scan", "--output", "xls", "-").err)

    def test_archive(self):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "t.zip")
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.write(EVENTS + "attack-4688.xml", "C/a.xml")
                archive.write(EVENTS + "attack-sysmon.xml", "../b.xml", zipfile.ZIP_STORED)
                archive.writestr("notes.txt", "x")
            for jobs in "1", "3":
                done = call("scan", "--jobs", jobs, path)
                self.assertEqual(done.returncode, 0)
                files = [json.loads(line)["log"]["file"]["path"] for line in done.out.splitlines()]
                self.assertEqual(files, [path + "!C/a.xml", path + "!../b.xml"])
                self.assertIn("2 files, 2 events", done.err)

    def test_report(self):
        with tempfile.TemporaryDirectory() as directory:
            path = directory + "/report.html"
            self.assertEqual(call("scan", "--report=" + path, EVENTS + "attack-4688.xml").returncode, 0)
            with open(path, encoding="utf-8") as file:
                self.assertIn("Set-CASMailbox", file.read())
            self.assertEqual(os.listdir(directory), ["report.html"])
            done = call("scan", "--report", directory + "/absent/r.html", EVENTS + "attack-4688.xml")
            self.assertEqual((done.returncode, done.out), (1, ""))
            self.assertIn("can't be written: No such file or directory", done.err)

    def test_usage(self):
        for arguments in ([], ["--jobs"], ["--jobs", "0", "f"], ["--jobs", "65", "f"], ["--jobs=x", "f"], ["--job", "f"],
                          ["--report"], ["--report=", "f"], ["--report", "f", "f"], ["-", "-"], [""], ["-x", "f"], ["--since"], ["--until", "2024-13-01", "f"]):
            done = call("scan", *arguments)
            self.assertEqual((done.returncode, done.out), (2, ""), arguments)
            self.assertIn("see tripline scan --help", done.err)


@unittest.skipIf(IS_WINDOWS, "needs /dev/full and pipes that break as on Linux")
class Stdout(unittest.TestCase):
    def test_full(self):
        for arguments in (["scan", EVENTS + "attack-4688.xml"], ["version"], ["verify"], ["--help"]):
            with open("/dev/full", "wb") as full:
                done = call(*arguments, stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn("No space left on device", done.err)

    def test_broken_pipe(self):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe:
            done = call("scan", EVENTS + "attack-4688.xml", stdout=pipe, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)  # and not an end by SIGPIPE
        self.assertIn("Broken pipe", done.err)


unittest.main(argv=sys.argv[:1], verbosity=2)

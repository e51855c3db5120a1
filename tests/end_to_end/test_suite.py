#!/usr/bin/python3
"""suite.py itself: what its exit codes say, that parts leave no case out, and that only a fault of Wine gives a second try."""
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

import suite
import world

CASES = """
    import sys, unittest
    sys.path.insert(0, {here!r})
    import suite
    tries = []
    class A(unittest.TestCase):
        def test_1(self): pass
        def test_2(self): pass
        def test_3(self): self.skipTest("no reason")
        def test_4(self):
            tries.append(1)
            if len(tries) < {good_try}: raise suite.WineFault("it hangs")
        def test_5(self):
            with self.subTest(): self.assertFalse({fails})
        def tearDown(self): print("failed" if suite.failed(self) else "well", self.id())
    suite.main(sys.argv[1:])
"""


class Suite(unittest.TestCase):
    def run_cases(self, *arguments, good_try=1, fails=False):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cases.py"
            path.write_text(textwrap.dedent(CASES).format(here=str(world.HERE), good_try=good_try, fails=fails))
            done = subprocess.run([sys.executable, path, *arguments], capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def test_exit_codes(self):
        self.assertEqual(self.run_cases()[0], 0)
        self.assertEqual(self.run_cases("A.test_3")[0], 77)
        code, text = self.run_cases(fails=True)
        self.assertEqual(code, 1)
        self.assertIn("failed __main__.A.test_5", text)
        self.assertEqual(text.count("test_5 (__main__.A.test_5) ..."), 1)  # no second try

    def test_parts(self):
        texts = [self.run_cases("--part", f"{part}/3")[1] for part in (1, 2, 3)]
        for case in range(1, 6):
            self.assertEqual([text.count(f"test_{case} (") for text in texts].count(1), 1)
            self.assertEqual(sum(text.count(f"test_{case} (") for text in texts), 1)
        self.assertEqual(self.run_cases("--part", "7/9")[0], 1)  # a part without cases tests nothing

    def test_a_fault_of_wine(self):
        code, text = self.run_cases("A.test_4", good_try=2)
        self.assertEqual(code, 0, text)
        self.assertIn("broken off by a fault of Wine: it hangs", text)
        self.assertEqual(self.run_cases("A.test_4", good_try=3)[0], 1)


suite.main(sys.argv[1:])

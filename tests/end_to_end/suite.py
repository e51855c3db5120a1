"""How the test programs here run their cases, each of which says in one line what became of it."""
import sys
import time
import unittest


def cases(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from cases(part)
        else:
            yield part


def failed(case):
    """Did this case, or a subtest of it, fail? To be asked in its tearDown()."""
    result = case._outcome.result  # pylint: disable=protected-access
    return any(getattr(test, "test_case", test) is case for test, _ in result.failures + result.errors)


class WineFault(Exception):
    """What Wine 8.0 does wrong by itself now and then; docs/tested-on.md names each, wine.py raises it, and nothing else
    may. A case that it ends is tried once more."""


class Result(unittest.TextTestResult):
    """Says how long each case took, and keeps those that Wine broke off."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.broken_off = []

    def addError(self, test, err):
        if issubclass(err[0], WineFault) and not getattr(test, "is_second_try", False):
            self.stream.writeln(f"broken off by a fault of Wine: {err[1]}")
            self.broken_off.append(test)
        else:
            super().addError(test, err)

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.stream.writeln(f"    {time.monotonic() - self.began:.1f} s")


def main(arguments):
    """Runs the cases of the program and ends it; 77: all were skipped. arguments: names of cases, none: all; or
    "--part I/N": of all, each Nth from the Ith on, so that N programs share them."""
    part, parts = 1, 1
    if arguments[:1] == ["--part"]:
        part, parts = map(int, arguments[1].split("/"))
        arguments = arguments[2:]
    module = sys.modules["__main__"]
    loader = unittest.defaultTestLoader
    chosen = loader.loadTestsFromNames(arguments, module) if arguments else loader.loadTestsFromModule(module)
    mine = list(cases(chosen))[part - 1::parts]
    result = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(unittest.TestSuite(mine))
    again = [type(test)(test._testMethodName) for test in result.broken_off]  # pylint: disable=protected-access
    for test in again:
        test.is_second_try = True
    second = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(unittest.TestSuite(again)) if again else result
    if not mine or not result.wasSuccessful() or not second.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if len(result.skipped) == len(mine) else 0)

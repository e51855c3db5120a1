"""Runs the cases of a test program two at a time: each has a prefix and a receiver of its own, and mostly waits."""
import concurrent.futures
import subprocess
import sys
import unittest

AT_A_TIME = 2


def cases(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from cases(part)
        else:
            yield part.id().removeprefix("__main__.")


def main():
    """PROGRAM TRIPLINE_EXE BUILD_TREE [CASE or unittest argument ...]: those that are named one after the other, else all."""
    if len(sys.argv) > 3:
        unittest.main(argv=sys.argv[:1] + sys.argv[3:])

    def run(name):
        return name, subprocess.run([sys.executable, *sys.argv, name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, check=False)

    names = list(cases(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])))
    failed = []
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        for name, done in pool.map(run, names):
            print(f"{name}:\n{done.stdout.decode(errors='replace')}", flush=True)
            if done.returncode != 0:
                failed.append(name)
    print(f"{len(names)} cases, failed: {', '.join(failed) or 'none'}")
    sys.exit(1 if failed or not names else 0)

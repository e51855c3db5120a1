#!/usr/bin/python3
"""Writes recorded-looking events for the bench: process creations (Security 4688) of tests/data/make_background.py, one a
line, with the published attack among them. The same arguments give the same bytes.

    make_events.py OUT EVENTS ATTACKS
"""
import datetime
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "data"))
import make_background as background  # pylint: disable=wrong-import-position

ATTACK = ("powershell.exe -PSConsoleFile exshell.psc1 -Command \"Set-CASMailbox -Identity {user}@example.com "
          "-ActiveSyncAllowedDeviceIDs @{{add='DEVICE{number}'}}\"")


def lines(events, attacks):
    rng = random.Random(4688)
    time = datetime.datetime(2024, 3, 4, 6, 0, 0)
    # Evenly spread, each in the middle of its share.
    places = {(2 * i + 1) * events // (2 * attacks) for i in range(attacks)} if attacks else set()
    for record in range(events):
        time += datetime.timedelta(microseconds=rng.randrange(1, 900_000))
        user = rng.choice(background.USERS)
        image, line = rng.choice(background.PROGRAMS)
        if record in places:
            image, line = background.SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe", ATTACK
        line = line.format(user=user[0], domain="CORP", number=rng.randrange(1, 10000), long=rng.getrandbits(60),
                           service=rng.choice(background.SERVICES))
        parent = rng.choice([background.SYSTEM32 + "services.exe", background.SYSTEM32 + "cmd.exe",
                             "C:\\Windows\\explorer.exe"])
        yield background.security_event(rng, 237_000 + record, time, rng.choice(background.HOSTS), user, image, line,
                                        parent)


def main():
    out, events, attacks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with open(out, "w", encoding="utf-8", newline="\n") as file:
        for line in lines(events, attacks):
            file.write(line + "\n")


if __name__ == "__main__":
    main()
